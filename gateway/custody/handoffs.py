"""An attempt to hand an order over: judged by its trip's profile, kept, and what it contradicts. Commits nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone, may_follow
from contract.reasons import Disposition, ExceptionKind, FailureReason
from gateway.custody.proofs import Missing, Proofs, missing
from gateway.custody.receipts import keep_receipt
from gateway.dispatch.hours import HandingHours
from gateway.dispatch.profile import Profile, Rule, in_force
from gateway.dispatch.profiles_of import settings_of, version_of_premises, version_of_trip
from gateway.dispatch.seen import seen_at
from gateway.refusals import ConflictError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.exceptions import NewException, put_exception
from storage.handoffs import HandoffFile, NewHandoff, handoffs_of_order, put_handoff, put_handoff_files
from storage.orders import OrderHead
from storage.profiles import ProfileVersion
from storage.trips import TripHead, read_head

AT_THE_DOOR = frozenset({Milestone.DELIVERED, Milestone.FAILED})
CodeRead = Literal["scan", "typed"]
PaidBy = Literal["cash", "card", "other"]


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone at the door tells besides, under an id of its own making: told twice, it is kept once."""

    told_id: UUID
    phone_at: datetime  # by the phone's own clock
    contact_at: datetime | None = None  # when the phone had heard of us last
    identified_by: CodeRead | None = None
    disposition: Disposition | None = None
    paid_minor: int | None = None
    paid_by: PaidBy | None = None
    files: tuple[HandoffFile, ...] = ()


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an attempt besides how it ended.

    `offline`: it has happened already, out of reach, on the trip `trip_id`, and is kept whatever became of the order.
    """

    proofs: Proofs = Proofs()
    offline: bool = False
    trip_id: UUID | None = None
    door: Door | None = None
    conflict: str | None = None  # what whoever told it found already
    driver_id: UUID | None = None  # who handed it over, when that is known; None: the driver of the trip


class ProofsMissingError(RefusedError):
    """The goods may not be called handed over; `errors` say what is missing."""

    def __init__(self, order_no: str, found: list[Missing]) -> None:
        says = f"order {order_no} cannot be called delivered: " + "; ".join(one.says for one in found)
        errors = [{"at": f"body.proofs.{one.proof}", "says": one.says, "code": one.proof} for one in found]
        super().__init__(says, errors=errors)


class Attempt(msgspec.Struct, frozen=True):
    """An attempt that may be kept."""

    head: OrderHead
    milestone: Milestone
    handoff: Handoff
    trip: TripHead | None
    version: ProfileVersion
    profile: Profile
    conflict: str | None


def judge(
    connection: psycopg.Connection, head: OrderHead, milestone: Milestone, handoff: Handoff, at: datetime
) -> Attempt:
    """The attempt by the profile that its trip runs under; raises when it lacks a proof, or comes outside the hours.

    No way past this: who declares an order delivered comes through here, whether a page or a program.
    """
    trip, version = trip_and_version(connection, head, handoff.trip_id, at)
    profile = in_force(settings_of(version))
    if milestone is Milestone.DELIVERED and (found := missing(profile, handoff.proofs)):
        raise ProofsMissingError(head.order_no, found)
    closed = None if trip is None or milestone is Milestone.FAILED else _closed(head, trip, profile, handoff, at)
    conflicts = [one for one in (_conflict(head, milestone, handoff), handoff.conflict, closed) if one is not None]
    return Attempt(head, milestone, handoff, trip, version, profile, ", and ".join(conflicts) or None)


def trip_and_version(
    connection: psycopg.Connection, head: OrderHead, trip_id: UUID | None, at: datetime
) -> tuple[TripHead | None, ProfileVersion]:
    """The trip that an attempt is made on (None given: the order's own) and the profile version that it runs under."""
    trip_id = trip_id or head.trip_id
    if trip_id is None:
        return None, version_of_premises(connection, head.premises_id, at)
    trip = read_head(connection, trip_id)
    if trip.premises_id != head.premises_id:
        raise RefusedError(f"order {head.order_no} belongs to other premises than the trip", field="body.trip")
    return trip, version_of_trip(connection, trip, at)


def is_told(connection: psycopg.Connection, order_id: UUID, milestone: Milestone, at: datetime) -> bool:
    """Whether this very attempt is on record: a phone that got no answer sends it again."""
    failed = milestone is Milestone.FAILED
    return any(one.at == at and (one.outcome == "failed") == failed for one in handoffs_of_order(connection, order_id))


def keep(
    connection: psycopg.Connection, attempt: Attempt, at: datetime, actor: Actor, *, reason_code: str | None,
    note: str | None, partial: bool,
) -> None:  # fmt: skip
    """Keeps the attempt and its receipt, before its milestone is; a contradiction opens an exception."""
    head, door = attempt.head, attempt.handoff.door
    told = {} if door is None else {name: getattr(door, name) for name in door.__struct_fields__ if name != "files"}
    delivered = "partial" if partial else "delivered"
    outcome = "failed" if attempt.milestone is Milestone.FAILED else delivered
    new = NewHandoff(
        premises_id=head.premises_id, order_id=head.id, trip_id=None if attempt.trip is None else attempt.trip.id,
        outcome=outcome, at=at, reason_code=reason_code if outcome == "failed" else None, note=note,
        proofs=msgspec.to_builtins(attempt.handoff.proofs), profile=attempt.version.name,
        profile_version=attempt.version.version, age_threshold=attempt.profile.age_threshold,
        offline=attempt.handoff.offline, conflict=attempt.conflict, actor=actor, **told,
    )  # fmt: skip
    handoff_id = put_handoff(connection, new)
    if door is not None:
        put_handoff_files(connection, handoff_id, head.premises_id, door.files)
    if outcome != "failed":
        keep_receipt(connection, handoff_id, new, attempt.handoff.driver_id)
    if attempt.conflict is not None and attempt.trip is not None:
        _open_exception(connection, attempt, attempt.trip, outcome, at, actor)


def _conflict(head: OrderHead, milestone: Milestone, handoff: Handoff) -> str | None:
    if not may_follow(head.milestone, milestone):
        return f"it was {head.milestone} since {head.milestone_at.isoformat(timespec='seconds')}"
    if handoff.trip_id is not None and handoff.trip_id != head.trip_id:
        return "it had been planned on another trip"
    return None


def _closed(head: OrderHead, trip: TripHead, profile: Profile, handoff: Handoff, at: datetime) -> str | None:
    """That it was handed over outside the hours; raises where the profile lets no reason lift them and it can wait."""
    says = HandingHours(trip.tz, trip.hours, profile).outside(at)
    if says is not None and Rule.HOURS not in profile.may_be_overridden and not handoff.offline:
        raise ConflictError(
            f"order {head.order_no} cannot be called delivered: {says}; it is failed with {FailureReason.OUT_OF_HOURS}",
            field="body.milestone",
        )
    return says


def _open_exception(
    connection: psycopg.Connection, attempt: Attempt, trip: TripHead, outcome: str, at: datetime, actor: Actor
) -> None:
    lat_e7, lon_e7 = seen_at(trip, at) or (None, None)
    rule = f"order {attempt.head.order_no}: {outcome} on {trip.trip_no}, and {attempt.conflict}"
    new = NewException(
        kind=ExceptionKind.HANDOFF_CONFLICT, zone_id=None, from_at=at, to_at=at, rule=rule,
        lat_e7=lat_e7, lon_e7=lon_e7,
    )  # fmt: skip
    exception_id, premises_id = put_exception(connection, trip.id, new, at)
    event = AuditEvent(
        at=at, actor=actor, action="exception.opened", object_kind="exception", object_id=str(exception_id),
        premises_id=premises_id, after={"kind": new.kind, "rule": rule, "order_no": attempt.head.order_no},
    )  # fmt: skip
    record(connection, [event])
