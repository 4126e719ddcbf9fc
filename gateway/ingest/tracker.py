"""Runs the pure engine over a batch, device by device, with states in memory. Writes nothing."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import msgspec
import psycopg

from contract.faults import printable
from contract.fix import Fix, Source
from gateway.tracking.engine import State, step
from gateway.tracking.events import Event
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from storage.tracking import DropRow, InstallRow, installs_of_devices, open_trips_of_vehicles, tracking_states

log = logging.getLogger(__name__)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Tracked(msgspec.Struct):
    """What the engine made of a batch. Refusals stand at the place of their fix in the batch."""

    refused_by: dict[int, str] = {}
    events: list[tuple[int, Event]] = []  # (device_id, event), per device in order of time
    states: dict[int, State] = {}  # of every device in the batch; one whose step raised starts anew
    failed: dict[int, str] = {}  # devices whose step raised, and how
    late: int = 0


class Tracker:
    """Keeps the engine's memory of every device; `commit` makes a batch's outcome the new memory."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._states: dict[int, State] = {}

    def commit(self, tracked: Tracked) -> None:
        """After the database has committed: remember."""
        self._states.update(tracked.states)

    def forget(self) -> None:
        """Read every state again from the database: another process may have written there."""
        self._states.clear()

    def run(self, connection: psycopg.Connection, fixes: list[tuple[int, int, Fix]]) -> Tracked:
        """Steps through (place, device_id, fix), sorted per device by the time of the fix."""
        by_device: dict[int, list[tuple[int, Fix]]] = {}
        for place, device_id, fix in fixes:
            by_device.setdefault(device_id, []).append((place, fix))
        self._load_states(connection, [device for device in by_device if device not in self._states])
        installs = installs_of_devices(connection, list(by_device))
        plans = _load_plans(connection, installs)
        tracked = Tracked()
        for device_id, entries in by_device.items():
            entries.sort(key=lambda entry: (entry[1].fixed_at, entry[1].seq))
            try:
                self._run_device(device_id, entries, installs.get(device_id, []), plans, tracked)
            except Exception as error:  # one device's surprise must not stop the others' fixes
                log.exception("tracking failed", extra={"action": "step_failed", "device_id": device_id})
                tracked.failed[device_id] = printable(f"{type(error).__name__}: {error}")
                tracked.states[device_id] = State()
        tracked.events = [(device, event) for device, event in tracked.events if device not in tracked.failed]
        return tracked

    def _run_device(
        self,
        device_id: int,
        entries: list[tuple[int, Fix]],
        installs: list[InstallRow],
        plans: dict[str, Plan],
        tracked: Tracked,
    ) -> None:
        state = self._states.get(device_id, State())
        for place, fix in entries:
            # A phone in a van is not the van's unit: its fixes move no trip.
            plan = _plan_at(installs, plans, fix.fixed_at) if fix.source is Source.DEDICATED else None
            outcome = step(state, fix, plan, self._policy)
            state = outcome.state
            if outcome.refused_by is not None:
                tracked.refused_by[place] = outcome.refused_by.value
            tracked.late += outcome.late
            tracked.events.extend((device_id, event) for event in outcome.events)
        tracked.states[device_id] = state

    def _load_states(self, connection: psycopg.Connection, device_ids: list[int]) -> None:
        if not device_ids:
            return
        for device_id, text in tracking_states(connection, device_ids).items():
            try:
                self._states[device_id] = msgspec.json.decode(text, type=State)
            except msgspec.ValidationError:
                # Written by another version of the engine: starting anew costs one confirmation, not the record.
                self._states[device_id] = State()


def _plan_at(installs: list[InstallRow], plans: dict[str, Plan], at: datetime) -> Plan | None:
    for install in installs:
        if (install.from_at or _LONG_AGO) <= at and (install.to_at is None or at < install.to_at):
            return plans[install.vehicle_id]
    return None


def _load_plans(connection: psycopg.Connection, installs: dict[int, list[InstallRow]]) -> dict[str, Plan]:
    fitted = {row.vehicle_id: row for rows in installs.values() for row in rows}
    trips: dict[str, list[PlannedTrip]] = {}
    if fitted:
        for row in open_trips_of_vehicles(connection, list(fitted)):
            _add_row(trips.setdefault(row.vehicle_id, []), row)
    return {
        vehicle_id: Plan(
            vehicle_id=vehicle_id,
            premises_id=install.premises_id,
            premises_lat_e7=install.premises_lat_e7,
            premises_lon_e7=install.premises_lon_e7,
            trips=tuple(trips.get(vehicle_id, ())),
        )
        for vehicle_id, install in fitted.items()
    }


def _add_row(trips: list[PlannedTrip], row: DropRow) -> None:
    """Rows come ordered by trip: a new trip, or one more drop of the newest."""
    if not trips or trips[-1].trip_id != row.trip_id:
        trips.append(
            PlannedTrip(
                trip_id=row.trip_id,
                planned_departure_at=row.planned_departure_at,
                departed_at=row.departed_at,
                drops=(),
            )
        )
    if row.drop_id is None or row.order_id is None or row.seq is None:
        return
    drop = PlannedDrop(
        drop_id=row.drop_id,
        order_id=row.order_id,
        seq=row.seq,
        lat_e7=row.lat_e7,
        lon_e7=row.lon_e7,
        arrived_at=row.arrived_at,
        left_at=row.left_at,
        closed=bool(row.closed),
    )
    trips[-1] = msgspec.structs.replace(trips[-1], drops=(*trips[-1].drops, drop))
