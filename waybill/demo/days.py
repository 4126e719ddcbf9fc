"""Keeps the days of a demo as they were made: every process reads the same one. Makes a day only once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware_bridge.sim.streets import Streets
from waybill.demo.map_data import load_addresses
from waybill.demo.records import DayPlan, DemoDay
from waybill.demo.scenario import make_day

FOLDER = "days"


class _Kept(msgspec.Struct, frozen=True):
    plan: DayPlan
    day: DemoDay


def day_of(
    data_dir: Path, plan: DayPlan, streets: Streets, tell: Callable[[int], None] = lambda _vans: None
) -> DemoDay:
    """The day of this plan, read from the folder or made and kept there.

    Kept, because a newer version may invent other days, and the orders of this one are on record already.
    """
    path = data_dir / FOLDER / f"{plan.on.isoformat()}.json"
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        if kept.plan == plan:
            return kept.day
    except (FileNotFoundError, msgspec.DecodeError):
        pass
    day = make_day(plan, streets, load_addresses(), tell)
    path.parent.mkdir(parents=True, exist_ok=True)
    half_done = path.with_suffix(".half-done")
    half_done.write_bytes(msgspec.json.encode(_Kept(plan, day)))
    half_done.replace(path)
    return day
