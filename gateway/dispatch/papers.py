"""What is noted of a trip before it leaves: the ledger number and the ticked checklist. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from gateway.dispatch.changes import must_be_open
from gateway.dispatch.errors import DispatchError
from gateway.dispatch.profiles_of import profile_of_trip
from storage.audit import Actor, AuditEvent, record
from storage.ledger import set_papers
from storage.trips import Trip


def put_papers(
    connection: psycopg.Connection, trip: Trip, actor: Actor, at: datetime, *, ledger_no: str | None,
    checklist: Sequence[str] | None,
) -> None:  # fmt: skip
    """Keeps what is given; None leaves what is there."""
    must_be_open(trip)
    asked = profile_of_trip(connection, trip.head, at).checklist
    if foreign := [one for one in checklist or () if one not in asked]:
        known = ", ".join(asked) or "nothing"
        says = f"{', '.join(foreign)} is not on the checklist of this trip; it asks for: {known}"
        raise DispatchError(says, field="body.checklist")
    set_papers(connection, trip.head.id, ledger_no, checklist)
    event = AuditEvent(
        at=at, actor=actor, action="trip.papers_noted", object_kind="trip", object_id=str(trip.head.id),
        premises_id=trip.head.premises_id,
        before={"ledger_no": trip.head.ledger_no, "checklist": trip.head.checklist},
        after={"ledger_no": ledger_no or trip.head.ledger_no,
               "checklist": trip.head.checklist if checklist is None else list(checklist)},
    )  # fmt: skip
    record(connection, [event])
