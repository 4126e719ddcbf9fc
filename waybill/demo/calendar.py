"""Which day and clock a demo has: the recorded day while it lasts, else the next one. Reads no clock and no file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from contract.clock import Clock, parse_clock
from waybill.demo.catalogue import TIME_ZONE
from waybill.demo.records import DayPlan
from waybill.demo.scenario import opening_hours

DEFAULT_SEED = 1
DEFAULT_VEHICLES = 8
MOST_VEHICLES = 40
# The first screen is now when something was delivered by now and something is still to be.
_NOW_FROM, _NOW_TO = time(11, 0), time(19, 30)
_ELSE = time(14, 0)
# After closing the units are switched off: what they recorded ends here, so that the next day begins after it.
OFF_AFTER_CLOSING = timedelta(minutes=15)
ON_BEFORE_OPENING = timedelta(minutes=10)


class CalendarError(ValueError):
    """The demo cannot go on as asked; the message says what would work."""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; None: whatever was before, or the default."""

    seed: int | None = None
    vehicles: int | None = None
    speedup: float | None = None


class DemoState(msgspec.Struct, frozen=True, kw_only=True):
    """What demo.json keeps: every day of this demo with the newest last, and the clock as WAYBILL_CLOCK takes it.

    `clock` None: the newest day is planned and its clock does not run yet.
    """

    days: tuple[DayPlan, ...]
    clock: str | None
    speedup: float = 1.0
    version: int = 1

    @property
    def today(self) -> DayPlan:
        return self.days[-1]


def go_on(state: DemoState | None, wishes: Wishes, wall: datetime) -> DemoState:
    """The state of a demo that is started at the true instant `wall`.

    1. While the recorded day lasts by its clock, that day goes on; another speed bends the clock from here on.
    2. Else the next day is planned: today, or the day after the last recorded one.
    """
    if state is not None and state.clock is None:
        # It ended before its clock was started. Orders may be placed already, so the plan stays.
        _refuse_changes(state, wishes)
        return msgspec.structs.replace(state, speedup=wishes.speedup or state.speedup)
    if state is not None and state.clock is not None:
        clock = parse_clock(state.clock)
        if clock.at(wall) < opening_hours(state.today)[1]:
            _refuse_changes(state, wishes)
            speedup = wishes.speedup or state.speedup
            bent = clock if speedup == state.speedup else Clock(origin=clock.at(wall), wall=wall, rate=speedup)
            return msgspec.structs.replace(state, clock=bent.text(), speedup=speedup)
    last = None if state is None else state.today
    plan = _plan(last, wishes, wall)
    days = () if state is None else state.days
    speedup = wishes.speedup or (1.0 if state is None else state.speedup)
    return DemoState(days=(*days, plan), clock=None, speedup=speedup)


def wind_up(state: DemoState, starts_at: datetime) -> DemoState:
    """The state with its clock showing the first screen's instant at the true instant `starts_at`."""
    clock = Clock(origin=state.today.first_screen_at, wall=starts_at, rate=state.speedup)
    return msgspec.structs.replace(state, clock=clock.text())


def units_on(plan: DayPlan) -> tuple[datetime, datetime]:
    """From when to when the vans' units have power on that day."""
    opens_at, closes_at = opening_hours(plan)
    return opens_at - ON_BEFORE_OPENING, closes_at + OFF_AFTER_CLOSING


def _plan(last: DayPlan | None, wishes: Wishes, wall: datetime) -> DayPlan:
    local = wall.astimezone(ZoneInfo(TIME_ZONE))
    on = local.date() if last is None else max(local.date(), last.on + timedelta(days=1))
    if on == local.date() and _NOW_FROM <= local.time() <= _NOW_TO:
        first_screen_at = wall.replace(microsecond=0)
    else:
        first_screen_at = datetime.combine(on, _ELSE, local.tzinfo).astimezone(wall.tzinfo)
    before = (DEFAULT_SEED, DEFAULT_VEHICLES) if last is None else (last.seed, last.vehicles)
    return DayPlan(
        on=on,
        first_screen_at=first_screen_at,
        seed=before[0] if wishes.seed is None else wishes.seed,
        vehicles=before[1] if wishes.vehicles is None else wishes.vehicles,
    )


def _refuse_changes(state: DemoState, wishes: Wishes) -> None:
    for name, wanted in (("seed", wishes.seed), ("vehicles", wishes.vehicles)):
        kept = getattr(state.today, name)
        if wanted is not None and wanted != kept:
            raise CalendarError(
                f"the demo of {state.today.on} in this folder goes on with --{name} {kept}, not {wanted}; "
                f"leave --{name} out, begin anew with --fresh, or take another --data-dir"
            )
