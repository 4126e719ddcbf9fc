"""Brings a demo's database up to its day: registers, orders and trips so far, the clock. Starts no process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec

from contract.clock import Clock, parse_clock, true_now
from contract.milestones import Milestone
from gateway.broker_admin import BrokerAdmin
from waybill.connections import database, needed
from waybill.demo.calendar import DemoState, units_on, wind_up
from waybill.demo.days import day_of
from waybill.demo.deeds import agenda
from waybill.demo.desk import Desk
from waybill.demo.fleet import DAYS_DRIVEN
from waybill.demo.map_data import load_streets, map_folder
from waybill.demo.narrator import Narrator
from waybill.demo.records import DayPlan, DemoDay
from waybill.demo.registers import Registered, register_day
from waybill.demo.state import read_passwords, write_passwords, write_state
from waybill.settings import Settings
from waybill.stack.installation import keep_values

# The parts start in about this time, and an hour of one van's past takes about that long to drive and store: the
# clock is set so that it shows the first screen's time when the past is driven.
PARTS_S = 8.0
PAST_S_PER_VAN_HOUR = 0.45
# Whoever joined the shop did so before it opened on the first day.
_BEFORE_OPENING = timedelta(hours=12)


class Prepared(msgspec.Struct, frozen=True):
    """A demo whose records are up to its clock."""

    state: DemoState
    day: DemoDay
    desk: Desk
    clock: Clock
    passwords: dict[str, str]


def prepare(data_dir: Path, settings: Settings, state: DemoState, narrator: Narrator) -> Prepared:
    """Registers, places and plans what has happened so far, and winds up the clock of a new day."""
    streets = load_streets()
    days = []
    for plan in state.days[-DAYS_DRIVEN:]:
        with narrator.bar("planning") as show:
            days.append(day_of(data_dir, plan, streets, _shown(show, plan.vehicles)))
    passwords, registered = _register(data_dir, settings, days[-1])
    narrator.detail(f"registered: {len(days[-1].vans)} vans with crews and units, one van to spare")
    deeds = [deed for day in days for deed in agenda(day, streets)]
    desk = Desk(needed(settings, "database_url"), registered, deeds)
    if state.clock is None:
        # Before the clock runs: placing a whole morning's orders takes some seconds of their own.
        desk.office_until(state.today.first_screen_at)
        state = wind_up(state, true_now() + timedelta(seconds=_past_s(state.today)))
    assert state.clock is not None
    clock = parse_clock(state.clock)
    desk.office_until(clock.now())
    write_state(data_dir, state)
    keep_values(
        data_dir,
        {"clock": clock.text(), "accept_simulated": True, "accept_replayed": True, "map_dir": str(map_folder())},
    )
    narrator.detail(f"recorded: {desk.done[Milestone.RECEIVED]} orders placed, {desk.done[Milestone.QUEUED]} on trips")
    return Prepared(state, days[-1], desk, clock, passwords)


def _register(data_dir: Path, settings: Settings, day: DemoDay) -> tuple[dict[str, str], Registered]:
    broker = BrokerAdmin(settings.broker_host, settings.broker_port, needed(settings, "broker_admin_password"))
    with database(settings) as connection:
        registered, passwords = register_day(
            connection, day, broker, read_passwords(data_dir), day.opens_at - _BEFORE_OPENING
        )
        # Before the commit: a registered unit whose password nobody knows would be locked out for good.
        write_passwords(data_dir, passwords)
    return passwords, registered


def _shown(show: Callable[[float, str], None], of: int) -> Callable[[int], None]:
    return lambda vans: show(vans / of, f"{vans} of {of} vans")


def _past_s(plan: DayPlan) -> float:
    hours = (plan.first_screen_at - units_on(plan)[0]) / timedelta(hours=1)
    return PARTS_S + PAST_S_PER_VAN_HOUR * hours * plan.vehicles
