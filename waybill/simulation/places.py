"""A place from the command line's `LAT,LON`. Knows no map."""

from __future__ import annotations

from firmware_bridge.sim.polyline import Place
from waybill.invocation import CommandError


def parse_place(text: str) -> Place:
    """From `LAT,LON` in degrees."""
    try:
        lat_deg, lon_deg = (float(part) for part in text.split(","))
    except ValueError as error:
        raise CommandError(f"--around {text!r} must be LAT,LON in degrees, such as 60.17,24.94") from error
    if not (-90 < lat_deg < 90 and -180 <= lon_deg <= 180):
        raise CommandError(f"--around {text!r} is no place on Earth: latitude -90 to 90, longitude -180 to 180")
    return Place(lat_deg, lon_deg)
