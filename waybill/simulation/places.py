"""A place from the command line's --around. Knows no map."""

from __future__ import annotations

from firmware_bridge.sim.polyline import Place, parse_place
from waybill.invocation import CommandError


def place_option(text: str) -> Place:
    """From `LAT,LON` in degrees."""
    try:
        return parse_place(text)
    except ValueError as error:
        raise CommandError(f"--around {error}") from error
