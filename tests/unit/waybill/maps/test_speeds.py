"""Speeds and admission from OpenStreetMap's tags. Reads no extract."""

from __future__ import annotations

import pytest

from waybill.maps.speeds import USUAL_KMH, is_for_cars, is_tunnel, posted_kmh, speed_kmh


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("50", 50), ("30 mph", 48), ("30mph", 48), ("50;30", 50), ("FR:urban", 50), ("DE:rural", 80), ("none", 120),
     ("walk", 7), ("60 km/h", 60), ("signals", None), ("", None), ("fast", None)],
)  # fmt: skip
def test_posted_limits(text: str, wanted: int | None) -> None:
    assert posted_kmh(text) == wanted


def test_limit_that_nobody_posted_is_the_usual_one() -> None:
    assert speed_kmh({"highway": "residential"}, USUAL_KMH) == 30
    assert speed_kmh({"highway": "residential", "maxspeed": "signals"}, USUAL_KMH) == 30
    assert speed_kmh({"highway": "service", "maxspeed": "50"}, USUAL_KMH) == 15
    assert speed_kmh({"highway": "residential", "maxspeed": "5"}, USUAL_KMH) == 10


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "footway"}, False),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "destination"}, True),
        ({"highway": "service", "service": "parking_aisle"}, False),
        ({"highway": "service", "tunnel": "yes"}, False),
        ({"highway": "residential", "area": "yes"}, False),
    ],
)
def test_ways_for_cars(tags: dict[str, str], wanted: bool) -> None:
    assert is_for_cars(tags, USUAL_KMH) is wanted


def test_tunnels_hide_the_sky_and_passages_do_not() -> None:
    assert is_tunnel({"tunnel": "yes"})
    assert is_tunnel({"covered": "yes"})
    assert not is_tunnel({"tunnel": "building_passage"})
    assert not is_tunnel({"tunnel": "no"})
