"""A day is made once and read from then on. Starts nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from waybill.demo.days import day_of
from waybill.demo.map_data import load_streets
from waybill.demo.records import DayPlan

PLAN = DayPlan(on=date(2026, 11, 23), first_screen_at=datetime(2026, 11, 23, 12, tzinfo=UTC), seed=1, vehicles=1)


def test_what_is_read_is_what_was_made(tmp_path: Path) -> None:
    streets = load_streets()

    made = day_of(tmp_path, PLAN, streets)
    read = day_of(tmp_path, PLAN, streets)

    assert read == made
    assert read is not made


def test_a_day_of_another_plan_is_made_anew(tmp_path: Path) -> None:
    streets = load_streets()
    made = day_of(tmp_path, PLAN, streets)

    other = day_of(tmp_path, msgspec.structs.replace(PLAN, seed=2), streets)

    assert other.vans != made.vans
