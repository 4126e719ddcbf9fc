"""Derives a trip again and keeps what is new: version, interval, visits, milestones, exceptions. Steps through none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from contract.reasons import DerivationCause
from gateway.custody.witnessing import judge_trip
from gateway.derive.exceptions import sync_exceptions
from gateway.derive.gone import FixesGoneError, what_is_gone
from gateway.derive.ground import Grounds
from gateway.derive.knowledge import judge_of
from gateway.derive.material import Material, fixes_of, gather
from gateway.derive.milestones import correct_milestones
from gateway.derive.replay import Derived, Replay
from gateway.tracking.policy import Policy
from storage.audit import Actor, AuditEvent, record
from storage.derivation import missing_numbers, put_drop_times, put_trip_interval
from storage.derivation_queue import queue_next
from storage.derived import (
    NewVersion,
    Version,
    confirm_version,
    counting_version,
    note_policy_version,
    put_version,
    read_findings,
)
from storage.derived_rows import Findings
from storage.device_log import given_up_numbers
from storage.tracking import DEPARTURE_UNSEEN


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What deriving a trip came to."""

    version: int | None  # the one that counts now; None: nothing was found of the trip yet
    changed: bool
    final: bool
    fixes: int
    refused: str | None = None  # why what was found stays although deriving again shows something else


def derive(connection: psycopg.Connection, material: Material, changes: Mapping[str, object] | None = None) -> Derived:
    """What the stored fixes show of the trip, under the thresholds that held or under others. Writes nothing."""

    def device_at(at: datetime) -> int | None:
        unit = material.unit_at(at)
        return None if unit is None else unit.device_id

    return Replay(material, judge_of(connection, device_at), changes).run(fixes_of(connection, material))


def derive_once(
    connection: psycopg.Connection, trip_id: UUID, base: Policy, now: datetime, changes: Mapping[str, object]
) -> tuple[Findings, Findings]:
    """What the stored fixes show under the thresholds that held, and under `changes`. Keeps nothing.

    Raises FixesGoneError when they do not show any more what they did.
    """
    material = gather(connection, trip_id, Grounds(base), now)
    if material is None:
        return Findings(), Findings()
    derived = derive(connection, material)
    before = counting_version(connection, trip_id)
    held = None if before is None else read_findings(connection, before.id)
    gone = what_is_gone(connection, material, held, derived)
    if gone is not None:
        raise FixesGoneError(gone)
    return derived.findings, derive(connection, material, changes).findings


def derive_and_keep(
    connection: psycopg.Connection, trip_id: UUID, cause: DerivationCause, grounds: Grounds, actor: Actor, now: datetime
) -> Outcome:
    """Derives the trip in the caller's transaction, which holds its lock; a version that says nothing new is not made.

    A trip whose fixes are gone keeps what was found when they were there. Its handoffs are judged anew.
    """
    outcome = _derive_and_keep(connection, trip_id, cause, grounds, actor, now)
    if outcome.refused is None:
        judge_trip(connection, trip_id, grounds, cause.value, now, actor)
    return outcome


def _derive_and_keep(
    connection: psycopg.Connection, trip_id: UUID, cause: DerivationCause, grounds: Grounds, actor: Actor, now: datetime
) -> Outcome:
    material = gather(connection, trip_id, grounds, now)
    if material is None:
        return Outcome(version=None, changed=False, final=False, fixes=0)
    derived = derive(connection, material)
    before = counting_version(connection, trip_id)
    if before is None and derived.findings == Findings():
        return Outcome(version=None, changed=False, final=False, fixes=derived.fixes)
    final, digest = _final(connection, material, derived), derived.findings.digest
    held = None if before is None or before.digest == digest else read_findings(connection, before.id)
    # A version that grew with its trip has no digest yet.
    if before is not None and (held is None or (before.digest or held.digest) == digest):
        confirm_version(connection, before.id, digest=digest, fixes=derived.fixes, final=final)
        return Outcome(version=before.version, changed=False, final=final, fixes=derived.fixes)
    gone = what_is_gone(connection, material, held, derived)
    if before is not None and gone is not None:
        return Outcome(version=before.version, changed=False, final=before.final, fixes=derived.fixes, refused=gone)
    version = _keep(connection, material, derived, before, cause, now, final=final)
    _follow(connection, material, derived.findings, cause, version, actor, now)
    return Outcome(version=version, changed=True, final=final, fixes=derived.fixes)


def _final(connection: psycopg.Connection, material: Material, derived: Derived) -> bool:
    """The trip is over and every number that its units gave is here or given up."""
    if not derived.over or any(gap.provisional for gap in derived.findings.gaps):
        return False
    ids = {unit.name: unit.device_id for unit in material.units}
    for (device, spool), (first, last) in derived.numbers.items():
        missing = missing_numbers(connection, ids[device], spool, first, last)
        if missing and not _all_within(missing, given_up_numbers(connection, ids[device], spool)):
            return False
    return True


def _all_within(missing: tuple[tuple[int, int], ...], given_up: tuple[tuple[int, int], ...]) -> bool:
    return all(any(low <= first and last <= high for low, high in given_up) for first, last in missing)


def _keep(
    connection: psycopg.Connection,
    material: Material,
    derived: Derived,
    before: Version | None,
    cause: DerivationCause,
    now: datetime,
    *,
    final: bool,
) -> int:
    trip, found = material.trip, derived.findings
    held = [material.ground.at(at) for at in _times(material, found)]
    for version, policy in {ground.policy_version: ground.policy for ground in held}.items():
        note_policy_version(connection, trip.premises_id, version, msgspec.to_builtins(policy), now)
    head = NewVersion(
        premises_id=trip.premises_id, trip_id=trip.id, vehicle_id=trip.vehicle_id,
        version=1 if before is None else before.highest + 1, cause=cause.value,
        policy_version=held[0].policy_version, made_at=now, final=final,
        fixes=derived.fixes,
    )  # fmt: skip
    put_version(connection, head, found)
    return head.version


def _began(material: Material, found: Findings) -> datetime:
    trip = material.trip
    return found.departed.at if found.departed else trip.declared_departed_at or trip.planned_departure_at


def _times(material: Material, found: Findings) -> list[datetime]:
    """When anything of it began: under the policy of that time it was made."""
    times = [_began(material, found), *(stop.began_at for stop in found.stops), *(gap.began_at for gap in found.gaps)]
    times += [row.began_at for row in found.deviations] + [row.entered_at for row in found.zone_visits]
    return times + [at for row in found.visits for at in (row.soon_at, row.arrived_at) if at is not None]


def _follow(
    connection: psycopg.Connection,
    material: Material,
    found: Findings,
    cause: DerivationCause,
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """What hangs on the findings: the trip's interval, the doors' times, milestones, exceptions, the audit event."""
    trip = material.trip
    departed_at = found.departed.at if found.departed else trip.declared_departed_at
    returned_at = found.returned.at if found.returned else trip.declared_ended_at
    ended_at = returned_at or (found.unseen.at if found.unseen else None)
    moved = (departed_at, ended_at) != (trip.departed_at, trip.ended_at)
    if moved:
        put_trip_interval(connection, trip.id, departed_at, ended_at, DEPARTURE_UNSEEN if found.unseen else None)
    visits = {visit.drop_id: visit for visit in found.visits}
    times = [
        (drop.drop_id, *((visit.arrived_at, visit.left_at) if (visit := visits.get(drop.drop_id)) else (None, None)))
        for drop in material.drops
    ]
    put_drop_times(connection, times)
    recorded_at = true_now()
    corrected = correct_milestones(connection, material, found, recorded_at)
    sync_exceptions(connection, trip.id, found, material.ground, actor=actor, at=now, whole=True)
    after = {"version": version, "departed_at": departed_at, "ended_at": ended_at, "stops": len(found.stops),
             "gaps": len(found.gaps), "corrected": corrected}  # fmt: skip
    event = AuditEvent(
        at=now, actor=actor, action="trip.derived", object_kind="trip", object_id=str(trip.id),
        premises_id=trip.premises_id, before={"departed_at": trip.departed_at, "ended_at": trip.ended_at},
        after=after, reason=cause.value,
    )  # fmt: skip
    record(connection, [event])
    if moved:
        # A departure was taken for this trip's that was the next one's, or the other way round. At the very end: the
        # gateway queues several trips at once, and whoever waits for one another must do so for a moment only.
        queue_next(connection, trip.id, cause, now)
