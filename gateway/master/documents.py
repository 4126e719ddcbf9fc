"""Papers with their last day: registers, changes and withdraws them, and says which have run out. Blocks nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import documents as rows
from storage.audit import Actor
from storage.documents import Document, documents_of
from storage.ids import new_id
from storage.master import Driver, Premises, Vehicle

# The database's list says the same.
KINDS = ("registration", "insurance", "inspection", "licence", "permit", "training", "background_check", "other")


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """A document as somebody describes it."""

    kind: str
    title: str | None = None
    number: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a document is; without vehicle, driver and licensee the premises' own."""

    name: str
    premises_id: UUID | None
    premises_code: str | None = None
    vehicle_id: UUID | None = None
    driver_id: UUID | None = None
    licensee_id: UUID | None = None

    @property
    def kind(self) -> str:
        if self.vehicle_id is not None:
            return "vehicle"
        if self.driver_id is not None:
            return "driver"
        return "premises" if self.licensee_id is None else "licensee"


class ExpiredDocument(msgspec.Struct, frozen=True):
    """A paper that was no longer good on the day asked for."""

    document: Document
    says: str  # for people, such as "insurance of vehicle van-7 ran out on 2026-11-20"


def expired_documents(
    connection: psycopg.Connection, premises: Premises, at: datetime, *, vehicle: Vehicle | UUID | None = None,
    crew: Iterable[Driver | UUID] = (),
) -> list[ExpiredDocument]:  # fmt: skip
    """Papers of this vehicle and crew that have run out on the premises' day of `at`, the oldest first.

    A paper is good until the end of its last day. One that was renewed is not asked for again, and a paper that nobody
    has registered is not missed here: that is gateway.master.completeness's word.
    """
    owners = [*crew] if vehicle is None else [vehicle, *crew]
    ids = [one if isinstance(one, UUID) else one.id for one in owners]
    today = local_day(premises, at)
    return [
        ExpiredDocument(one, f"{told(one)} ran out on {one.expires_on}")
        for one in documents_of(connection, ids)
        if one.expires_on is not None and one.expires_on < today
    ]


def due(documents: Iterable[Document], today: date, warning_days: int) -> list[Document]:
    """Those of the papers that have run out or will within these days."""
    last = today + timedelta(days=warning_days)
    return [one for one in documents if one.expires_on is not None and one.expires_on <= last]


def local_day(premises: Premises, at: datetime) -> date:
    return at.astimezone(ZoneInfo(premises.tz)).date()


def told(document: Document) -> str:
    """The paper and its owner in words: 'training (RBS) of driver E-003'."""
    which = "" if document.title is None else f" ({document.title})"
    return f"{document.kind.replace('_', ' ')}{which} of {document.of_kind} {document.of_name}"


def add_document(connection: psycopg.Connection, owner: Owner, paper: Paper, *, actor: Actor, at: datetime) -> Document:
    """A paper on record. Of several of one owner, kind and title the one that is good for longest counts."""
    if paper.kind not in KINDS:
        raise MasterDataError(f"there is no kind of document {paper.kind!r}; there are: {', '.join(KINDS)}",
                              field="body.kind")  # fmt: skip
    _check(owner.kind, paper.kind, paper)
    document = Document(
        new_id(at), owner.premises_id, owner.premises_code, owner.licensee_id, owner.vehicle_id, owner.driver_id,
        owner.kind, owner.name, paper.kind, paper.title, paper.number, paper.issued_on, paper.expires_on, at, None,
        newest=True, owner_retired=False,
    )  # fmt: skip
    rows.put_document(connection, document)
    after = {"of": f"{owner.kind} {owner.name}", **msgspec.structs.asdict(paper)}
    tell(connection, "document.added", document, actor, at, premises_id=owner.premises_id, after=after)
    return document


def change_document(
    connection: psycopg.Connection, document: Document, values: dict[str, Any], *, actor: Actor, at: datetime
) -> Document:
    """Corrects number, issued_on or expires_on; a renewal is a new document. The same values change nothing."""
    if document.withdrawn_at is not None:
        raise MasterDataConflictError(f"{told(document)} was withdrawn: add a new document")
    changed, before, after = with_changes(document, values)
    _check(document.of_kind, document.kind, changed)
    if after:
        rows.change_document(connection, changed)
        tell(connection, "document.changed", document, actor, at, premises_id=document.premises_id, before=before,
             after=after)  # fmt: skip
    return changed


def withdraw_document(connection: psycopg.Connection, document: Document, *, actor: Actor, at: datetime) -> None:
    """From now on the paper is no proof of anything; that it was there stays on record."""
    if document.withdrawn_at is not None:
        raise MasterDataConflictError(f"{told(document)} was withdrawn already")
    rows.change_document(connection, msgspec.structs.replace(document, withdrawn_at=at))
    before = {"of": f"{document.of_kind} {document.of_name}", "kind": document.kind, "number": document.number}
    tell(connection, "document.withdrawn", document, actor, at, premises_id=document.premises_id, before=before)


def _check(of_kind: str, kind: str, paper: Paper | Document) -> None:
    issued_on, expires_on = paper.issued_on, paper.expires_on
    if issued_on is not None and expires_on is not None and expires_on < issued_on:
        raise MasterDataError(f"it runs out on {expires_on}, before it was issued on {issued_on}",
                              field="body.expires_on")  # fmt: skip
    if (of_kind, kind) == ("driver", "licence") and paper.number is not None:
        raise MasterDataError("the number of a person's licence is not kept here: leave it out, its days are enough",
                              field="body.number")  # fmt: skip
