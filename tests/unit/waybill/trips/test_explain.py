"""What is said of a gap and of a short stop, with the thresholds that held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from gateway.tracking.policy import Policy
from storage.trip_story import GapStory, StopStory, TripHead, TripStory
from waybill.trips.explain import gap, stop

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
ONE = UUID("01900000-0000-7000-8000-000000000001")
HELD = msgspec.to_builtins(Policy())
HEAD = TripHead(ONE, ONE, "T-0001", ONE, "van 1", None, NINE, None, None, None, None)
STORY = TripStory(
    trip=HEAD, versions=[], stops=[], visits=[], zone_visits=[], gaps=[], deviations=[], facts=None, coverage=[],
    exceptions=[], device_log=[],
)  # fmt: skip


def test_a_gap_is_told_with_its_limit_and_its_cause() -> None:
    found = GapStory(
        id=ONE, began_at=NINE, ended_at=NINE + timedelta(minutes=5), cause="NO_FIX", why="it had no position",
        provisional=True, refused=4, limit_s=90.0, evidence=[], policy_version="x",
    )  # fmt: skip

    said = "\n".join(gap(STORY, found, HELD))

    assert "No valid fixes for 5 min" in said
    assert "more than 90 s is a gap for this unit" in said
    assert "Cause NO_FIX: it had no position." in said
    assert "4 fixes of that time are stored, none of which counts." in said
    assert "Provisional" in said


@pytest.mark.parametrize(
    ("reason", "order_id", "lasted_s", "words"),
    [
        ("TRAFFIC", None, 40, "no drop of the trip is within 30 m"),
        (
            "DELIVERY",
            ONE,
            40,
            f"13 m from the door of order {ONE}, within 30 m of it, as a stop shorter than 90 s must be",
        ),
        ("DELIVERY", ONE, 90, f"13 m from the door of order {ONE}, within 50 m of it."),
    ],
)
def test_a_stop_names_how_near_a_door_counts(reason: str, order_id: UUID | None, lasted_s: int, words: str) -> None:
    found = StopStory(
        id=ONE, began_at=NINE, ended_at=NINE + timedelta(seconds=lasted_s), lat_e7=0, lon_e7=0, found_reason=reason,
        reason=reason, note=None, permitted=True, given_by=None, given_at=None, order_id=order_id, place_id=None,
        after_gap=False, before_gap=False, fixes=9, evidence=[], policy_version="x", door_lat_e7=1200, door_lon_e7=0,
    )  # fmt: skip

    said = "\n".join(stop(STORY, found, HELD))

    assert words in said
    assert "beyond 100 m" in said
