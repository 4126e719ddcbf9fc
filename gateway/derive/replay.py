"""Derives one trip again: the very step of live tracking over stored fixes, in order of time. Reads no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from contract.fix import Fix
from gateway.derive.findings import Collector, Judge
from gateway.derive.ground import Ground
from gateway.derive.material import AFTER, Material
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import Departed, DepartureUnseen, Event, Returned, ZoneDwelt, ZoneEntered, ZoneLeft
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy, overridden
from storage.derived_rows import Findings, Unseen

_LONG_AGO, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Numbers = dict[tuple[str, str], tuple[int, int]]  # (device, spool) -> first and last number of the trip


class Derived(msgspec.Struct, frozen=True):
    """What the fixes show, from how many of them, and the numbers that the trip's fixes had."""

    findings: Findings
    fixes: int
    numbers: Numbers
    over: bool  # it returned, left unseen, its end was declared, or nothing more can come


class Replay:
    """One run over a trip's fixes. `changes` are thresholds to try in place of those that held."""

    def __init__(self, material: Material, judge: Judge, changes: Mapping[str, object] | None = None) -> None:
        self._material = material
        self._changes = changes or {}
        self._trip_id = str(material.trip.id)
        self._policies: dict[str, Policy] = {}
        self._plans: dict[tuple[int, str], tuple[Ground, Plan, Policy]] = {}
        self._collector = Collector(judge, self._version_at)
        self._departed_at: datetime | None = None
        self._returned_at: datetime | None = None
        self._unseen = False
        self._numbers: Numbers = {}

    def run(self, fixes: Iterable[Fix]) -> Derived:
        """Steps through the fixes until the trip is over, or there are no more."""
        state, count = State(hidden=self._material.hidden), 0
        plan, policy = None, Policy()
        device, until = "", _LONG_AGO
        for fix in fixes:
            if self._unseen or (self._returned_at is not None and fix.fixed_at > self._returned_at + AFTER):
                break
            if fix.fixed_at >= until or fix.device != device:
                (plan, policy), device = self._at(fix), fix.device
                until = self._material.ground.next_change(fix.fixed_at) or _NEVER
            outcome = step(state, fix, plan, policy)
            state, count = outcome.state, count + 1
            if outcome.events:
                self._take(outcome.events)
            if self._returned_at is None and self._under_way(fix.fixed_at):
                self._number(fix)
        ended = self._returned_at is not None or self._unseen
        over = ended or self._material.over or self._declared_over()
        if over and not ended and plan is not None:
            self._take(finish(state, plan, policy))
        return Derived(self._findings(count), count, self._numbers, over)

    def _at(self, fix: Fix) -> tuple[Plan, Policy]:
        ground = self._material.ground.at(fix.fixed_at)
        key = (id(ground), fix.device)
        if key not in self._plans:
            self._plans[key] = (ground, self._material.plan(ground, fix.device), self._policy(ground.policy))
        return self._plans[key][1:]

    def _policy(self, held: Policy) -> Policy:
        if not self._changes:
            return held
        if held.version not in self._policies:
            self._policies[held.version] = overridden(held, self._changes)
        return self._policies[held.version]

    def _version_at(self, at: datetime) -> str:
        held = self._material.ground.at(at)
        return self._policy(held.policy).version if self._changes else held.policy_version

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, ZoneEntered | ZoneLeft | ZoneDwelt):
                self._collector.add(event)
                continue
            if getattr(event, "trip_id", None) != self._trip_id:
                continue
            self._collector.add(event)
            if isinstance(event, Departed):
                self._departed_at = event.at
                self._numbers.clear()
            elif isinstance(event, Returned):
                self._returned_at = event.at
            elif isinstance(event, DepartureUnseen):
                self._unseen = True
                self._number_between(event)

    def _number(self, fix: Fix) -> None:
        key, seq = (fix.device, fix.spool_id), fix.seq
        known = self._numbers.get(key)
        if known is None:
            self._numbers[key] = (seq, seq)
        elif seq > known[1]:
            self._numbers[key] = (known[0], seq)
        elif seq < known[0]:
            self._numbers[key] = (seq, known[1])

    def _number_between(self, event: DepartureUnseen) -> None:
        """What is missing of the time in which it left unseen may still come."""
        before, after = event.evidence
        unit = self._material.unit_at(before.fixed_at)
        if unit is not None and event.spool_id is not None and before.seq < after.seq:
            self._numbers[unit.name, event.spool_id] = (before.seq, after.seq)

    def _under_way(self, at: datetime) -> bool:
        began_at = self._departed_at or self._material.trip.declared_departed_at
        return began_at is not None and began_at <= at

    def _declared_over(self) -> bool:
        ended_at = self._material.trip.declared_ended_at
        return ended_at is not None and ended_at <= self._material.to_at

    def _findings(self, count: int) -> Findings:
        trip = self._material.trip
        departed_at = self._departed_at or trip.declared_departed_at
        if departed_at is not None:
            return self._collector.findings(departed_at, self._returned_at or trip.declared_ended_at)
        if self._unseen:
            return Findings(unseen=self._collector.findings(None, None).unseen)
        return Findings(unseen=self._never_left(count))

    def _never_left(self, count: int) -> Unseen | None:
        """The trip will not leave any more, and nobody said that it did or that it will not."""
        material = self._material
        if not (material.over and material.overdue) or material.trip.declared_ended_at is not None:
            return None
        from_at, to_at = material.from_at, material.to_at
        why = f"no departure in {count} fixes from {from_at:%Y-%m-%d %H:%M} to {to_at:%Y-%m-%d %H:%M} (UTC)"
        return Unseen(to_at, [], why)
