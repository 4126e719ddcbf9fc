"""Gets a demo's day ready: its plan, units, clock, and then over HTTP all that happened so far. Starts no process."""

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
from waybill.demo.deeds import Deed, agenda
from waybill.demo.desk import Desk
from waybill.demo.fleet import DAYS_DRIVEN
from waybill.demo.map_data import load_streets, map_folder
from waybill.demo.narrator import Narrator
from waybill.demo.records import DayPlan, DemoDay
from waybill.demo.registers import first_account, join, register_units
from waybill.demo.state import (
    Secrets,
    read_passwords,
    read_secrets,
    write_passwords,
    write_secrets,
    write_state,
)
from waybill.settings import Settings
from waybill.stack.installation import keep_values

# The parts start, and the morning's orders come in, in about this time, and an hour of one van's past takes about that
# long to drive and store: the clock is set so that it shows the first screen's time when the past is driven.
PARTS_S = 8.0
ORDERS_S_PER_VAN = 0.6
PAST_S_PER_VAN_HOUR = 0.45
# Whoever joined the shop did so before it opened on the first day.
_BEFORE_OPENING = timedelta(hours=12)


class Prepared(msgspec.Struct, frozen=True):
    """A demo whose parts may start: its clock runs, and its units may report."""

    state: DemoState
    day: DemoDay
    deeds: tuple[Deed, ...]
    clock: Clock
    passwords: dict[str, str]
    secrets: Secrets


def prepare(data_dir: Path, settings: Settings, state: DemoState, narrator: Narrator) -> Prepared:
    """Plans the day, registers its units and the first account, and winds up the clock of a new day."""
    streets = load_streets()
    days = []
    for plan in state.days[-DAYS_DRIVEN:]:
        with narrator.bar("planning") as show:
            days.append(day_of(data_dir, plan, streets, _shown(show, plan.vehicles)))
    passwords, secrets = _register(data_dir, settings, days[-1])
    deeds = tuple(deed for day in days for deed in agenda(day, streets))
    if state.clock is None:
        state = wind_up(state, true_now() + timedelta(seconds=_past_s(state.today)))
    assert state.clock is not None
    clock = parse_clock(state.clock)
    write_state(data_dir, state)
    keep_values(
        data_dir,
        {"clock": clock.text(), "accept_simulated": True, "accept_replayed": True, "map_dir": str(map_folder())},
    )
    return Prepared(state, days[-1], deeds, clock, passwords, secrets)


def open_desk(data_dir: Path, prepared: Prepared, api: str, narrator: Narrator) -> Desk:
    """Everybody joins over HTTP, and the desk has done what was to be done before the vans drive the hours so far."""
    callers, secrets = join(api, prepared.day, prepared.secrets, prepared.day.opens_at - _BEFORE_OPENING)
    write_secrets(data_dir, secrets)
    narrator.detail(f"joined: {len(prepared.day.vans)} vans with crews and units, one van to spare")
    desk = Desk(callers, prepared.deeds)
    desk.catch_up(prepared.clock.now())
    done = desk.done
    narrator.detail(f"recorded: {done[Milestone.RECEIVED]} orders placed, {done[Milestone.QUEUED]} on trips")
    return desk


def _register(data_dir: Path, settings: Settings, day: DemoDay) -> tuple[dict[str, str], Secrets]:
    broker = BrokerAdmin(settings.broker_host, settings.broker_port, needed(settings, "broker_admin_password"))
    since = day.opens_at - _BEFORE_OPENING
    with database(settings) as connection:
        secrets = first_account(connection, read_secrets(data_dir), since)
        passwords = register_units(connection, day, broker, read_passwords(data_dir), since)
        # Before the commit: a registered unit, or an account, whose password nobody knows is locked out for good.
        write_passwords(data_dir, passwords)
        write_secrets(data_dir, secrets)
    return passwords, secrets


def _shown(show: Callable[[float, str], None], of: int) -> Callable[[int], None]:
    return lambda vans: show(vans / of, f"{vans} of {of} vans")


def _past_s(plan: DayPlan) -> float:
    hours = (plan.first_screen_at - units_on(plan)[0]) / timedelta(hours=1)
    return PARTS_S + (ORDERS_S_PER_VAN + PAST_S_PER_VAN_HOUR * hours) * plan.vehicles
