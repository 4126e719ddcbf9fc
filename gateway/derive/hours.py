"""Makes the driving facts of a vehicle's hour anew from all its stored fixes. Adds nothing to what was there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import psycopg

from contract.fix import Fix
from gateway.derive.findings import facts_row
from gateway.derive.ground import Grounds
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import HourDriven
from gateway.tracking.plan import Plan
from storage.derivation import UnitRow, newest_fix_before, stored_fixes, units_of_vehicle
from storage.derivation_queue import DueHour
from storage.derived import note_policy_version, put_vehicle_hour

_HOUR = timedelta(hours=1)
# The filter needs some fixes to go by; the hour is over with the first fix after it.
_BEFORE = timedelta(minutes=20)
_OVER = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


def derive_hour(connection: psycopg.Connection, due: DueHour, grounds: Grounds) -> bool:
    """Replaces the row of (vehicle, hour); whether there are fixes to make it from."""
    from_at, to_at = due.hour_at - _BEFORE, due.hour_at + 2 * _HOUR
    units = units_of_vehicle(connection, due.vehicle_id, from_at, to_at)
    premises_id = str(due.premises_id)
    ground = grounds.of(connection, {premises_id})[premises_id].at(due.hour_at)
    # With the intervals that live tracking goes by: they say how long a silence is a gap.
    plans = {
        unit.name: Plan(
            vehicle_id=str(due.vehicle_id), premises_id=premises_id, premises_lat_e7=None,
            premises_lon_e7=None, report_interval_s=unit.report_interval_s, heartbeat_s=unit.heartbeat_s,
        )
        for unit in units
    }  # fmt: skip
    state, found, plan = State(), None, None
    for fix in _fixes(connection, units, due):
        plan = plans[fix.device]
        outcome = step(state, fix, plan, ground.policy)
        state = outcome.state
        found = _hour_in(outcome.events, due)
        if found is not None:
            break
    if found is None and plan is not None:
        found = _hour_in(finish(state, plan, ground.policy), due)
    if found is None:
        return False
    note_policy_version(
        connection, due.premises_id, ground.policy_version, msgspec.to_builtins(ground.policy), due.hour_at
    )
    row = (str(due.vehicle_id), facts_row(due.hour_at, due.hour_at + _HOUR, found.driven), ground.policy_version)
    put_vehicle_hour(connection, row, due.hour_at + _HOUR)
    return True


def _fixes(connection: psycopg.Connection, units: list[UnitRow], due: DueHour) -> Iterator[Fix]:
    """Those of the hour and some before; first the newest of all before those: a silence may be longer than that."""
    from_at = due.hour_at - _BEFORE
    newest_at = newest_fix_before(connection, units, from_at)
    if newest_at is not None:
        yield from stored_fixes(connection, units, newest_at, newest_at + _INSTANT)
    yield from stored_fixes(connection, units, from_at, due.hour_at + 2 * _HOUR, due.hour_at + _HOUR + _OVER)


def _hour_in(events: tuple[object, ...], due: DueHour) -> HourDriven | None:
    return next((one for one in events if isinstance(one, HourDriven) and one.at == due.hour_at), None)
