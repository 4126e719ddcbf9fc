"""What the command line layer tells the pages, which run as scripts: values by environment. Guesses none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from contract.clock import Clock, parse_clock

READER_URL, CLOCK = "WAYBILL_DATABASE_READER_URL", "WAYBILL_CLOCK"
MAP_DIR, PUBLIC_URL = "WAYBILL_MAP_DIR", "WAYBILL_PUBLIC_URL"
BASEMAP = "basemap.geojson"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The dashboard's values; None = not set."""

    reader_url: str | None
    clock: Clock
    map_dir: Path | None
    public_url: str | None

    @property
    def basemap(self) -> Path | None:
        """The basemap's file, when there is one."""
        path = self.map_dir / BASEMAP if self.map_dir is not None else None
        return path if path is not None and path.is_file() else None

    def variables(self) -> dict[str, str]:
        """The same as variables, for the process whose pages read them."""
        told = {READER_URL: self.reader_url, CLOCK: self.clock.text(), PUBLIC_URL: self.public_url}
        told[MAP_DIR] = str(self.map_dir) if self.map_dir is not None else None
        return {name: value for name, value in told.items() if value is not None}


def environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Reads the variables; an unusable clock is an error, never the wall clock."""
    folder = variables.get(MAP_DIR)
    return Environment(
        reader_url=variables.get(READER_URL) or None,
        clock=parse_clock(variables.get(CLOCK) or "system"),
        map_dir=Path(folder) if folder else None,
        public_url=variables.get(PUBLIC_URL) or None,
    )
