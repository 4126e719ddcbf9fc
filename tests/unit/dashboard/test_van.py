"""What is shown of a van: its signs, words, counters and place in the list. Needs no database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashboard.connectivity import Connectivity
from dashboard.lateness import Risk
from dashboard.van import Counts, Van, by_urgency, counts, matches, van
from tests.fixtures.examples import HELSINKI, MINUTE, NOON, fleet_row


def seen(name: str = "van-1", **changes: Any) -> Van:
    return van(fleet_row(vehicle_name=name, **changes), HELSINKI, NOON)


LATE = {"next_window_to": NOON - 12 * MINUTE, "next_planned_arrival_at": NOON - 20 * MINUTE}
AT_RISK = {"next_window_to": NOON + 5 * MINUTE}
FORECAST = {
    "next_p50_at": NOON + 35 * MINUTE, "next_p90_at": NOON + 50 * MINUTE, "next_late_risk": 0.63, "next_at_risk": True,
}  # fmt: skip
SILENT = {"fixed_at": NOON - timedelta(minutes=12)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "On time"),
        (LATE, "Late 12 min"),
        (AT_RISK, "At risk"),
        (FORECAST, "At risk, 63 %"),
        (FORECAST | {"next_at_risk": False}, "On time"),
        (LATE | FORECAST, "Late 47 min"),
        ({"next_arrived_at": NOON}, "At the door"),
        ({"next_order_id": None, "next_window_to": None}, "Returning"),
        ({"trip_id": None}, "No trip"),
        ({"departed_at": None, "planned_departure_at": NOON + 20 * MINUTE}, "Leaves 14:20 EET"),
        ({"departed_at": None, "planned_departure_at": NOON - 4 * MINUTE}, "Leaving 4 min late"),
    ],
)
def test_order_state_in_words(changes: dict[str, Any], words: str) -> None:
    assert seen(**changes).state == words


def test_the_three_signs_do_not_stand_for_one_another() -> None:
    entry = seen(**LATE, **SILENT)

    assert entry.risk is Risk.LATE
    assert entry.silent
    assert entry.heading_deg is None


def test_when_the_van_comes_is_said_until_it_is_there() -> None:
    assert seen().eta == ""
    assert seen(**FORECAST).eta == "14:35–14:50 EET"
    assert seen(**FORECAST | {"next_p50_at": NOON - MINUTE}).eta == "14:00–14:50 EET"
    assert seen(**FORECAST | {"next_p90_at": NOON - MINUTE}).eta == "any minute"
    assert seen(**FORECAST, next_arrived_at=NOON).eta == ""


def test_heading_is_shown_while_moving_only() -> None:
    assert seen().heading_deg == 90.0
    assert seen(speed_mps=0.5).heading_deg is None


def test_a_van_without_a_fix_has_no_position() -> None:
    entry = seen(fixed_at=None, lat_e7=None, lon_e7=None)

    assert entry.position_deg is None
    assert entry.signal.connectivity is Connectivity.NO_FIX


def test_counters_and_filters_agree() -> None:
    vans = [seen("van-1"), seen("van-2", **LATE), seen("van-3", **AT_RISK), seen("van-4", **LATE, **SILENT)]

    assert counts(vans) == Counts(all=4, late=2, at_risk=1, silent=1)
    for only in ("all", "late", "at_risk", "silent"):
        assert sum(matches(entry, only) for entry in vans) == getattr(counts(vans), only)


def test_what_needs_attention_comes_first_and_the_rest_keeps_its_order() -> None:
    vans = [
        seen("van-1"), seen("van-2", **SILENT), seen("van-3", **AT_RISK),
        seen("van-4", trip_id=None, next_window_to=None),
        seen("van-5", **LATE), seen("van-6"),
    ]  # fmt: skip

    assert [entry.name for entry in by_urgency(vans)] == ["van-5", "van-3", "van-2", "van-1", "van-6", "van-4"]
