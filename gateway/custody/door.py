"""A whole handoff as a phone at the door tells it: its proofs are checked, then it is kept. Commits nothing.

What has happened out of reach is kept even when it contradicts what is known by then; what is told from a door that
can be asked again is refused, with what to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone
from contract.reasons import Disposition
from gateway.custody import ink, pictures
from gateway.custody.codes import is_code
from gateway.custody.document import document
from gateway.custody.handoffs import CodeRead, Door, Handoff, PaidBy, trip_and_version
from gateway.custody.proofs import Affirmation, IdCheck, Photo, Proofs, Signature
from gateway.dispatch.profile import Profile, in_force
from gateway.dispatch.profiles_of import settings_of
from gateway.orders.accepting import accept
from gateway.orders.service import OrdersConflictError, declare
from gateway.refusals import ConflictError, NotThereError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.handoffs import HandoffFile, ToldHandoff, handoff_of_told_id, receipt_facts
from storage.orders import OrderHead, lock_order


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn, and under which text."""

    printed_name: str
    document: str  # as it was shown
    document_sha256: str
    document_version: str
    language: str
    strokes: tuple[tuple[tuple[int, int], ...], ...]
    signed_at: datetime


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A handoff as the phone tells it."""

    id: UUID
    outcome: Milestone  # delivered or failed
    phone_at: datetime
    contact_at: datetime | None = None
    offline: bool = False
    trip_id: UUID | None = None
    code: str | None = None
    code_read: CodeRead = "typed"
    id_check: IdCheck | None = None
    affirmation: Affirmation | None = None
    signed: Signed | None = None
    photo: bytes | None = None
    lines: Mapping[int, Decimal] = {}
    paid_minor: int | None = None
    paid_by: PaidBy | None = None
    reason_code: str | None = None
    note: str | None = None
    disposition: Disposition | None = None


def hand_over(
    connection: psycopg.Connection, order_id: UUID, told: Told, at: datetime, actor: Actor, *,
    driver_id: UUID | None = None,
) -> ToldHandoff:  # fmt: skip
    """Keeps the handoff that happened at `at`; one that was told before is given back as it was kept."""
    head = lock_order(connection, order_id)
    if head is None:
        raise NotThereError(f"there is no order {order_id}")
    if (before := handoff_of_told_id(connection, told.id)) is not None:
        if before.order_id != order_id:
            raise ConflictError("this id was used for another order's handoff: make a new one", field="body.id")
        return before
    trip, version = trip_and_version(connection, head, told.trip_id, at)
    facts = receipt_facts(connection, order_id, driver_id=driver_id, trip_id=None if trip is None else trip.id)
    conflicts = _contradictions(head, told, facts)
    if conflicts and not told.offline:
        text, field = conflicts[0]
        raise OrdersConflictError(text, field=field)
    _must_be_whole(head, told, facts)
    proofs, files = _proofs(told, in_force(settings_of(version)))
    door = Door(
        told_id=told.id, phone_at=told.phone_at, contact_at=told.contact_at, disposition=told.disposition,
        identified_by=None if told.code is None else told.code_read, paid_minor=told.paid_minor,
        paid_by=told.paid_by, files=files,
    )  # fmt: skip
    partial = accept(connection, order_id, told.lines) if told.lines else False
    if partial and told.disposition is None:
        raise RefusedError("say where the goods go that were not taken", field="body.disposition")
    handoff = Handoff(
        proofs=proofs, offline=told.offline, trip_id=None if trip is None else trip.id, door=door,
        conflict=", and ".join(text for text, _ in conflicts) or None, driver_id=driver_id,
    )  # fmt: skip
    declare(
        connection, order_id, told.outcome, at, actor, reason_code=told.reason_code, note=told.note, partial=partial,
        handoff=handoff,
    )  # fmt: skip
    kept = handoff_of_told_id(connection, told.id)
    assert kept is not None, "it was kept just now"
    _audit(connection, head, kept, files, actor)
    return kept


def photo_allowed(profile: Profile) -> bool:
    return "photo" in profile.proofs


def _contradictions(head: OrderHead, told: Told, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What does not fit the order as it is now, each with the field."""
    found = []
    if told.code is not None and not is_code(told.code, told.code_read, facts):
        found.append(
            (f"the code {told.code!r} is not that of order {head.order_no}: look at the bag again", "body.code")
        )
    if (signed := told.signed) is not None:
        shown = document(facts, signed.language, told.lines)
        if shown.sha256 != signed.document_sha256:
            says = (
                f"order {head.order_no} is another than in the text that was signed: show it and have it signed again"
            )
            found.append((says, "body.signature.document_sha256"))
    return found


def _must_be_whole(head: OrderHead, told: Told, facts: Mapping[str, Any]) -> None:
    if told.outcome is Milestone.FAILED:
        if told.disposition is None:
            raise RefusedError("say where the goods go", field="body.disposition")
        return
    if told.code is None:
        says = f"order {head.order_no}: scan its code, or type its last four characters"
        raise RefusedError(says, field="body.code")
    if facts["due_minor"] and (told.paid_minor is None or told.paid_by is None):
        raise RefusedError(f"order {head.order_no} is to be paid at the door: say what was paid", field="body.paid")


def _proofs(told: Told, profile: Profile) -> tuple[Proofs, tuple[HandoffFile, ...]]:
    signature, files = _signature(told.signed)
    photo = None
    if told.photo is not None:
        if not photo_allowed(profile):
            raise RefusedError("the trip's profile asks for no photo: none is kept", field="body.photo")
        picture = HandoffFile("photo", "image/jpeg", pictures.bare(told.photo))
        photo = Photo(sha256=picture.sha256)
        files.append(picture)
    proofs = Proofs(id_check=told.id_check, affirmation=told.affirmation, signature=signature, photo=photo)
    return proofs, tuple(files)


def _signature(signed: Signed | None) -> tuple[Signature | None, list[HandoffFile]]:
    if signed is None:
        return None, []
    body = signed.document.encode()
    if hashlib.sha256(body).hexdigest() != signed.document_sha256:
        says = "the digest is not that of the text that came with it"
        raise RefusedError(says, field="body.signature.document_sha256")
    if ink.length(signed.strokes) < ink.LEAST_LENGTH:
        raise RefusedError("there is hardly a stroke: sign again", field="body.signature.strokes")
    picture = HandoffFile("signature", "image/png", ink.picture(signed.strokes))
    files = [
        HandoffFile("document", "text/plain; charset=utf-8", body),
        HandoffFile("strokes", "application/json", msgspec.json.encode(signed.strokes)),
        picture,
    ]
    signature = Signature(
        printed_name=signed.printed_name, document_sha256=signed.document_sha256, signed_at=signed.signed_at,
        document_version=signed.document_version, language=signed.language, picture_sha256=picture.sha256,
    )  # fmt: skip
    return signature, files


def _audit(
    connection: psycopg.Connection, head: OrderHead, kept: ToldHandoff, files: tuple[HandoffFile, ...], actor: Actor
) -> None:
    after = {"attempt": kept.attempt_no, "outcome": kept.outcome, **{one.kind: one.sha256 for one in files}}
    event = AuditEvent(
        at=kept.at, actor=actor, action="handoff.kept", object_kind="order", object_id=str(head.id),
        premises_id=head.premises_id, after=after,
    )  # fmt: skip
    record(connection, [event])
