"""Runs the pure engine over a batch, device by device, with states in memory. Writes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
import psycopg

from contract.faults import printable
from contract.fix import Fix, Source
from contract.reasons import RefusalRule
from gateway.derive.ground import GroundHistory, Grounds
from gateway.ingest.known import Known
from gateway.ingest.plans import Fitted, Routes
from gateway.tracking.engine import State, step
from gateway.tracking.events import Event, Tick
from gateway.tracking.policy import Policy
from gateway.tracking.staleness import is_stale
from storage.tracking import tracking_states

log = logging.getLogger(__name__)
_NOWHERE = Fitted([], {}, {})
_state = msgspec.json.Decoder(State)


class Tracked(msgspec.Struct):
    """What the engine made of a batch. Refusals stand at the place of their fix in the batch."""

    refused_by: dict[int, str] = {}
    events: list[tuple[int, Event]] = []  # (device_id, event), per device in order of time
    states: dict[int, State] = {}  # of every device in the batch; one whose step raised starts anew
    failed: dict[int, str] = {}  # devices whose step raised, and how
    late: list[int] = []  # places of fixes that are older than what the engine has seen of their device
    grounds: dict[int, GroundHistory] = {}  # of each device that is fitted: under what its findings were made
    noted: list[tuple[GroundHistory, str]] = []  # versions of the policy that were written while it was stored


class Tracker:
    """Keeps the engine's memory of every device; `commit` makes a batch's outcome the new memory."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.grounds, self.routes = Grounds(policy), Routes()
        self._states: dict[int, State] = {}

    def commit(self, tracked: Tracked) -> None:
        """After the database has committed: remember."""
        self._states.update(tracked.states)

    def forget(self) -> None:
        """Read every state again from the database: another process may have written there."""
        self._states.clear()

    def run(
        self,
        connection: psycopg.Connection,
        known: Known,
        fixes: list[tuple[int, int, Fix]],
        came_at: Callable[[int], datetime],
        watermarks: dict[int, datetime],
    ) -> Tracked:
        """Steps through (place, device_id, fix), sorted per device by the time of the fix.

        `came_at` gives when the fix at a place came, by the clock; `watermarks` the devices all of whose fixes up to a
        time are here, so that a gap can be told before it is over.
        """
        by_device: dict[int, list[tuple[int, Fix]]] = {device_id: [] for device_id in watermarks}
        for place, device_id, fix in fixes:
            by_device.setdefault(device_id, []).append((place, fix))
        self._load_states(connection, [device for device in by_device if device not in self._states])
        fitted = known.fitted(list(by_device))
        tracked = Tracked()
        for device_id, entries in by_device.items():
            if len(entries) > 1:
                entries.sort(key=lambda entry: (entry[1].fixed_at, entry[1].seq))
            try:
                watermark = watermarks.get(device_id)
                self._run_device(device_id, entries, watermark, fitted.get(device_id, _NOWHERE), tracked, came_at)
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
        watermark: datetime | None,
        fitted: Fitted,
        tracked: Tracked,
        came_at: Callable[[int], datetime],
    ) -> None:
        state = self._states.get(device_id, State())
        for place, fix in entries:
            plan, policy = fitted.at(fix.fixed_at, self._policy)
            if is_stale(fix, came_at(place), fitted.first_at, policy):
                tracked.refused_by[place] = RefusalRule.STALE.value
                continue
            # A phone in a van is not the van's unit: its fixes move no trip.
            outcome = step(state, fix, plan if fix.source is Source.DEDICATED else None, policy)
            state = outcome.state
            if outcome.refused_by is not None:
                tracked.refused_by[place] = outcome.refused_by.value
            if outcome.late:
                tracked.late.append(place)
            if outcome.events:
                tracked.events.extend((device_id, event) for event in outcome.events)
        if watermark is not None:
            outcome = step(state, Tick(watermark=watermark), *fitted.at(watermark, self._policy))
            state = outcome.state
            tracked.events.extend((device_id, event) for event in outcome.events)
        tracked.states[device_id] = state
        ground = fitted.ground_of_newest()
        if ground is not None:
            tracked.grounds[device_id] = ground

    def _load_states(self, connection: psycopg.Connection, device_ids: list[int]) -> None:
        if not device_ids:
            return
        for device_id, text in tracking_states(connection, device_ids).items():
            try:
                self._states[device_id] = _state.decode(text)
            except msgspec.ValidationError:
                # Written by another version of the engine: starting anew costs one confirmation, not the record.
                self._states[device_id] = State()
