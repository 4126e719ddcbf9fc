"""Ends a demo that runs for a time: units off, drained, reckoned. Ends no server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import psycopg

from contract.milestones import Milestone
from waybill.demo.desk import Desk
from waybill.demo.fleet import FleetProgress, read_progress
from waybill.demo.narrator import Narrator
from waybill.demo.reckoning import LEAST_DELIVERED, Reckoning, few, reckon
from waybill.stack.stack import Stack
from waybill.terminal import show_table

FLEET = "fleet"
# Receipts come at most 2 s apart; what takes longer waits for a part that was killed and comes back.
DRAIN_S = 60.0
_DESK_S = 40.0
_DATABASE_S = 30.0
_LOOK_EVERY_S = 0.25


def drain(stack: Stack, narrator: Narrator) -> FleetProgress | None:
    """Switches the units off and shows how what they hold goes out, until every number is confirmed."""
    before = read_progress(stack.data_dir)
    held = max(1, 0 if before is None else before.backlog)
    with ThreadPoolExecutor(max_workers=1) as ending, narrator.bar("draining") as show:
        ended = ending.submit(stack.supervisor.end, FLEET, DRAIN_S + 5.0)
        while not ended.done():
            progress = read_progress(stack.data_dir)
            left = held if progress is None else progress.backlog
            show(min(1.0, max(0.0, 1.0 - left / held)), f"{left} fixes not confirmed yet")
            time.sleep(_LOOK_EVERY_S)
        ended.result()
    last = read_progress(stack.data_dir)
    if last is not None:
        narrator.detail(f"drained: {last.spooled} fixes numbered, {last.backlog} not confirmed")
    return last


def let_drivers_finish(desk: Desk, ended_at: datetime, narrator: Narrator) -> None:
    """Waits until every driver whose visit is over has said how it ended."""
    give_up_s = time.monotonic() + _DESK_S
    with narrator.bar("drivers report") as show:
        while (left := desk.waiting(ended_at)) and time.monotonic() < give_up_s:
            show(0.0, f"{left} handoffs to be declared")
            time.sleep(_LOOK_EVERY_S)
    if left or desk.refused:
        narrator.detail(f"left undone: {left} steps not in time, {desk.refused} refused (see logs/demo.log)")


def settle(database_url: str, last: FleetProgress | None) -> Reckoning:
    """The reckoning, from a database that may just be starting again."""
    units = () if last is None else last.units
    give_up_s = time.monotonic() + _DATABASE_S
    while True:
        try:
            with psycopg.connect(database_url, connect_timeout=5) as connection:
                return reckon(connection, units)
        except psycopg.OperationalError:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(_LOOK_EVERY_S)


def show_reckoning(reckoning: Reckoning, narrator: Narrator) -> None:
    """The table, and one line that says how it came out."""
    units = reckoning.units
    rows: list[tuple[object, ...]] = [
        (u.device, u.spooled, u.fixes, u.rejects, few(u.missing), few(u.extra), u.unreceipted) for u in units
    ]
    totals = (sum(getattr(u, name) for u in units) for name in ("spooled", "fixes", "rejects"))
    holes = (sum(len(getattr(u, name)) for u in units) for name in ("missing", "extra"))
    rows.append(("all", *totals, *holes, sum(u.unreceipted for u in units)))
    show_table(("device", "spooled", "stored fixes", "rejects", "missing", "extra", "receipts differ"), rows)
    counts = ", ".join(f"{count} {milestone}" for milestone in Milestone if (count := reckoning.orders.get(milestone)))
    narrator.line(f"orders: {counts or 'none'}")
    if reckoning.passed:
        narrator.line(f"every number given is stored, once; {reckoning.delivered} orders delivered")
    elif not all(unit.agrees for unit in units) or not units:
        narrator.line("FAILED: what the units numbered and what is stored differ")
    else:
        narrator.line(f"FAILED: {reckoning.delivered} orders delivered, wanted at least {LEAST_DELIVERED}")
