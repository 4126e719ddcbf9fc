"""A position from two options of the command line. Knows no map."""

from __future__ import annotations

from contract.geo import to_e7
from waybill.invocation import CommandError


def position_e7(lat: float | None, lon: float | None) -> tuple[int | None, int | None]:
    """Both or neither, in 1e-7 degree."""
    if (lat is None) != (lon is None):
        raise CommandError("--lat and --lon belong together: give both or neither")
    return (None, None) if lat is None or lon is None else (to_e7(lat), to_e7(lon))
