"""Takes what somebody says of a trip's departure and end, with its audit event. Detects nothing."""

from __future__ import annotations

from datetime import datetime

import psycopg

from contract.reasons import DerivationCause
from gateway.derive.reasons import ReasonError
from storage.audit import Actor, AuditEvent, record
from storage.derivation import FoundTrip, declare_trip_times, trip_to_derive
from storage.derivation_queue import queue_trips


def declare_times(
    connection: psycopg.Connection,
    trip: FoundTrip,
    departed_at: datetime | None,
    ended_at: datetime | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Keeps both, the detected and the declared; the declared one counts where nothing was detected."""
    if departed_at is None and ended_at is None:
        raise ReasonError("say when: --departed, --ended or both")
    for name, said in (("departed", departed_at), ("ended", ended_at)):
        if said is not None and said > at:
            raise ReasonError(f"--{name} {said.isoformat()} lies in the future: it is {at.isoformat()}")
    known = trip_to_derive(connection, trip.id)
    assert known is not None, "the caller has found it"
    began_at = departed_at or known.declared_departed_at or known.departed_at
    over_at = ended_at or known.declared_ended_at or known.ended_at
    if over_at is not None and (began_at is None or over_at < began_at):
        began = "it never departed" if began_at is None else f"it departed at {began_at.isoformat()}"
        raise ReasonError(f"{trip.trip_no} cannot end at {over_at.isoformat()}: {began}")
    declare_trip_times(connection, trip.id, departed_at, ended_at)
    event = AuditEvent(
        at=at, actor=actor, action="trip.declared", object_kind="trip", object_id=str(trip.id),
        premises_id=trip.premises_id,
        before={"declared_departed_at": known.declared_departed_at, "declared_ended_at": known.declared_ended_at},
        after={"declared_departed_at": departed_at, "declared_ended_at": ended_at},
    )  # fmt: skip
    record(connection, [event])
    queue_trips(connection, [(trip.id, DerivationCause.PLAN_CHANGED)])
