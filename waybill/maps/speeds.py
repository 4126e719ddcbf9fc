"""Which ways are for cars and how fast, from OpenStreetMap's tags. Knows no country's law beyond one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Where a way has no maxspeed tag. Most of Europe's cities; within a city few are faster anyway.
USUAL_KMH = {
    "motorway": 110, "motorway_link": 60, "trunk": 80, "trunk_link": 50, "primary": 50, "primary_link": 40,
    "secondary": 50, "secondary_link": 40, "tertiary": 50, "tertiary_link": 40, "unclassified": 40, "residential": 30,
    "living_street": 10, "service": 15,
}  # fmt: skip
# The demo's streets: the general limit in the centre of Helsinki is 30 km/h.
HELSINKI_KMH = {
    "primary": 40, "primary_link": 30, "secondary": 40, "secondary_link": 30, "tertiary": 30, "tertiary_link": 30,
    "unclassified": 30, "residential": 30, "living_street": 20, "service": 15,
}  # fmt: skip
# The words that are used in place of a number: "DE:urban", "none", "walk".
SPOKEN_KMH = {"walk": 7, "living_street": 10, "urban": 50, "rural": 80, "trunk": 100, "motorway": 120, "none": 120}
SLOWEST_KMH = 10
CLOSED = {"no", "private", "forestry", "agricultural"}
OPEN_TO_DELIVERIES = {"yes", "destination", "permissive", "delivery"}
_NUMBER = re.compile(r"(\d{1,3})(?:\.\d+)?\s*(mph|km/h|kmh|kph)?$")
KMH_PER_MPH = 1.609344


def is_for_cars(tags: Any, kmh: Mapping[str, int]) -> bool:
    if tags.get("highway") not in kmh or tags.get("area") == "yes":
        return False
    if any(tags.get(key) in CLOSED for key in ("access", "vehicle", "motor_vehicle")):
        return tags.get("motor_vehicle") in OPEN_TO_DELIVERIES
    # A centre's service tunnels and car parks: no receiver has a fix there.
    return tags.get("service") != "parking_aisle" and not (tags["highway"] == "service" and "tunnel" in tags)


def speed_kmh(tags: Any, kmh: Mapping[str, int]) -> int:
    """The limit that is posted, else the usual one; a service road is never faster than its usual speed."""
    usual = kmh[tags["highway"]]
    limit = posted_kmh(tags.get("maxspeed", "")) or usual
    return max(SLOWEST_KMH, min(limit, usual if tags["highway"] == "service" else limit))


def posted_kmh(text: str) -> int | None:
    """From `50`, `30 mph`, `FR:urban`, `none`; of several the first; None for what says nothing."""
    said = text.partition(";")[0].strip()
    if number := _NUMBER.match(said):
        return round(int(number[1]) * KMH_PER_MPH) if number[2] == "mph" else int(number[1])
    return SPOKEN_KMH.get(said.rpartition(":")[2].lower())


def is_tunnel(tags: Any) -> bool:
    """No view of the sky. A building's passage is too short to lose a fix in."""
    return tags.get("tunnel", "no") not in {"no", "building_passage"} or tags.get("covered") == "yes"
