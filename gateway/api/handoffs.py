"""The router for handoffs as a whole: what one needs, one POST for all of it, and its files. Holds no rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from contract.clock import Clock, true_now
from gateway.api.callers import OrderReader, OrderWriter, RecordsReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.handoff_models import HandoffIn, HandoffOut, Language, NeedsOut, languages, needs_out
from gateway.api.order_access import CHANGE_ORDER, ONE_ORDER, OrderKey, one_of, order_for_change, reader_of
from gateway.custody.door import hand_over
from gateway.custody.needs import needs_of
from gateway.people.permissions import Permission
from gateway.refusals import NotThereError, RefusedError
from storage.audit import AuditEvent, record
from storage.handoffs import ToldHandoff, handoff_file
from storage.order_reads import Reader, order_document
from storage.trips import find_trips

router = APIRouter(prefix="/v1/orders", tags=["orders"])

# What is sent has happened; a phone's two readings of its clock say how long ago. A queue of a month is no queue.
_NOT_AGO, _LONGEST_AGO = timedelta(0), timedelta(days=31)


@router.get("/{key}/handoff", summary="What the handoff of an order needs now", responses=ONE_ORDER)
def handoff_needs(
    key: OrderKey, caller: OrderReader, connection: Database, now: Now, language: Language | None = None
) -> NeedsOut:
    row = one_of(order_document(connection, reader_of(caller), key=key), key)
    return needs_out(needs_of(connection, row["id"], languages(language), now))


@router.post("/{key}/handoffs", status_code=201, summary="Tells a whole handoff; told twice, it is kept once",
             responses=CHANGE_ORDER)  # fmt: skip
def tell_handoff(
    request: Request,
    key: OrderKey,
    wanted: HandoffIn,
    caller: OrderWriter,
    connection: Database,
    trip: str | None = None,
) -> HandoffOut:
    order_id, reader = order_for_change(request, caller, connection, key, None)
    trip_id = None
    if trip is not None or wanted.offline:
        found = find_trips(connection, [] if reader.test else reader.premises_ids, trip or "")
        if len(found) != 1:
            says = "say on which trip it happened" if trip is None else f"there is no one trip {trip}"
            raise RefusedError(says, field="query.trip")
        (trip_id,) = found
    kept = hand_over(
        connection, order_id, wanted.told(trip_id), happened_at(request, wanted.phone_at, wanted.sent_at), caller.actor
    )
    return handoff_out(kept, wanted.id)


@router.get("/{key}/handoffs/{attempt}/{kind}", summary="A file of a handoff; who reads it is on record",
            responses=ONE_ORDER, response_class=Response)  # fmt: skip
def read_handoff_file(
    key: OrderKey, attempt: Annotated[int, Path(ge=1, le=32_000)],
    kind: Literal["document", "strokes", "signature", "photo"], caller: RecordsReader, connection: Database, now: Now,
) -> Response:  # fmt: skip
    reader = Reader(caller.scope(Permission.RECORDS_READ).listed, caller.test)
    row = one_of(order_document(connection, reader, key=key), key)
    found = handoff_file(connection, row["id"], attempt, kind)
    if found is None:
        raise NotThereError(f"attempt {attempt} of order {row['order_no']} has no {kind}")
    file, kept_sha256 = found
    if file.sha256 != kept_sha256:
        raise RuntimeError(f"the {kind} of attempt {attempt} of order {row['order_no']} is not what was kept")
    event = AuditEvent(
        at=now, actor=caller.actor, action="handoff.file_read", object_kind="order", object_id=str(row["id"]),
        premises_id=row["premises_id"], after={"attempt": attempt, "kind": kind, "sha256": kept_sha256},
    )  # fmt: skip
    record(connection, [event])
    return Response(file.body, media_type=file.media_type)


def happened_at(request: Request, phone_at: datetime, sent_at: datetime) -> datetime:
    """When it happened by the installation's clock, however wrong the phone's is."""
    clock: Clock = request.app.state.clock
    ago = max(_NOT_AGO, sent_at - phone_at)
    if ago > _LONGEST_AGO:
        says = f"phone_at lies {ago.days} days before sent_at: at most {_LONGEST_AGO.days}"
        raise RefusedError(says, field="body.phone_at")
    return clock.at(true_now() - ago)


def handoff_out(kept: ToldHandoff, told_id: UUID) -> HandoffOut:
    return HandoffOut(
        id=told_id, order_no=kept.order_no, attempt=kept.attempt_no, outcome=kept.outcome, at=kept.at,
        conflict=kept.conflict,
    )  # fmt: skip
