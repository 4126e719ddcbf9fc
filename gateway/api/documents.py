"""The router for documents with their last day: lists, one, add, correct, withdraw. Holds no rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import Caller, MasterReader, MasterWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch, etag_of, must_match
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.master_lists import ADDED, CHANGED, LISTED, ONE, must_administer_all, tagged, visible
from gateway.api.paging import Cursor, Limit, not_ours, read_cursor, write_cursor
from gateway.api.texts import Text
from gateway.master.changes import only
from gateway.master.documents import Owner, Paper, add_document, change_document, withdraw_document
from gateway.people.permissions import Permission
from storage.documents import Document, DocumentFilter, documents
from storage.licensees import select_licensees
from storage.master import Selection, all_premises, select_drivers, select_vehicles

router = APIRouter(prefix="/v1/documents", tags=["master data"], route_class=IdempotentRoute)
OwnerKind = Literal["vehicle", "driver", "premises", "licensee"]
Kind = Literal["registration", "insurance", "inspection", "licence", "permit", "training", "background_check", "other"]
Id = Annotated[UUID, Path(description="the document's id")]
_NEVER = "never"


class DocumentChange(BaseModel):
    """A correction; a renewal is a new document. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    number: Text | None = Field(None, description="its number, or where the paper is")
    issued_on: date | None = None
    expires_on: date | None = Field(None, description="the last day on which it is good; null: it does not run out")


class DocumentIn(DocumentChange):
    """A document to be put on record."""

    of_kind: OwnerKind
    of: Text = Field(description="name or id of the vehicle, driver (employee number), premises or licensee")
    kind: Kind
    title: Text | None = Field(None, description="which one, when there are several of a kind", examples=["RBS"])
    premises: Text | None = Field(None, description="the owner's premises, when several have one of that name")


class DocumentOut(BaseModel):
    id: UUID
    premises: str | None = Field(description="null: a licensee's")
    of_kind: str
    of: str
    kind: str
    title: str | None
    number: str | None
    issued_on: date | None
    expires_on: date | None
    newest: bool = Field(description="false: it was renewed by another one, or withdrawn")
    created_at: datetime
    withdrawn_at: datetime | None


class DocumentPage(BaseModel):
    documents: list[DocumentOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="Documents in force, by the day on which they run out", responses=LISTED)
def list_documents(
    caller: MasterReader, connection: Database, now: Now,
    expiring_within: Annotated[
        str | None, Query(pattern=r"^\d{1,4}d$", description="days, as 30d; those that have run out come first")
    ] = None,
    of_kind: OwnerKind | None = None,
    of: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="the owner's name")] = None,
    premises: Annotated[str | None, Query(max_length=32)] = None,
    replaced: Annotated[bool, Query(description="renewed and withdrawn ones too")] = False,  # noqa: FBT002
    after: Cursor = None, limit: Limit = 50,
) -> DocumentPage:  # fmt: skip
    last_day = None if expiring_within is None else now.date() + timedelta(days=int(expiring_within[:-1]))
    wanted = DocumentFilter(
        premises_ids=visible(connection, caller, premises), of_kind=of_kind, of_name=of, replaced=replaced,
        expires_by=last_day, after=_place(after), most=limit + 1,
    )  # fmt: skip
    found = documents(connection, wanted)
    page = found[:limit]
    following = None
    if len(found) > limit:
        on = page[-1].expires_on
        following = write_cursor(_NEVER if on is None else on.isoformat(), str(page[-1].id))
    return DocumentPage(documents=[_out(one) for one in page], next=following)


@router.post("", status_code=201, summary="Puts a document on record", dependencies=[Once], responses=ADDED)
def add(response: Response, wanted: DocumentIn, caller: MasterWriter, connection: Database, now: Now) -> DocumentOut:
    owner = _owner(connection, caller, wanted)
    paper = Paper(**wanted.model_dump(exclude={"of_kind", "of", "premises"}))
    return tagged(response, _out(add_document(connection, owner, paper, actor=caller.actor, at=now)))


@router.get("/{document_id}", summary="One document", responses=ONE)
def one_document(response: Response, document_id: Id, caller: MasterReader, connection: Database) -> DocumentOut:
    return tagged(response, _out(_found(connection, caller, Permission.MASTER_READ, document_id)))


@router.patch("/{document_id}", summary="Corrects a document", dependencies=[Once], responses=CHANGED)
def change(
    response: Response, document_id: Id, wanted: DocumentChange, caller: MasterWriter, connection: Database, now: Now,
    if_match: IfMatch = None,
) -> DocumentOut:  # fmt: skip
    document = _for_change(connection, caller, document_id)
    must_match(if_match, lambda: etag_of(_out(document)))
    values = wanted.model_dump(exclude_unset=True)
    change_document(connection, document, values, actor=caller.actor, at=now)
    return tagged(response, _out(_found(connection, caller, Permission.MASTER_READ, document_id)))


@router.post(
    "/{document_id}/retire", summary="The document proves nothing any more", dependencies=[Once], responses=CHANGED
)
def withdraw(response: Response, document_id: Id, caller: MasterWriter, connection: Database, now: Now) -> DocumentOut:
    withdraw_document(connection, _for_change(connection, caller, document_id), actor=caller.actor, at=now)
    return tagged(response, _out(_found(connection, caller, Permission.MASTER_READ, document_id)))


def _for_change(connection: psycopg.Connection, caller: Caller, document_id: UUID) -> Document:
    document = _found(connection, caller, Permission.MASTER_WRITE, document_id)
    if document.licensee_id is not None:
        must_administer_all(caller)
    return document


def _owner(connection: psycopg.Connection, caller: Caller, wanted: DocumentIn) -> Owner:
    own = caller.scope(Permission.MASTER_WRITE).listed
    here = [one for one in all_premises(connection) if own is None or one.id in own]
    if wanted.premises is not None:
        here = [one for one in here if one.code == wanted.premises]
    selection = Selection(premises_ids=[one.id for one in here], key=wanted.of, retired=False)
    what, way = f"{wanted.of_kind} {wanted.of!r} in service", "name its premises"
    if wanted.of_kind == "vehicle":
        van = only(select_vehicles(connection, selection), what, way)
        return Owner(name=van.name, premises_id=van.premises_id, premises_code=van.premises_code, vehicle_id=van.id)
    if wanted.of_kind == "driver":
        who = only(select_drivers(connection, selection), what, way)
        return Owner(
            name=who.employee_no, premises_id=who.premises_id, premises_code=who.premises_code, driver_id=who.id
        )
    if wanted.of_kind == "premises":
        place = only([one for one in here if wanted.of in (one.code, str(one.id)) and not one.retired_at], what, way)
        return Owner(name=place.code, premises_id=place.id, premises_code=place.code)
    must_administer_all(caller)
    holder = only(select_licensees(connection, Selection(key=wanted.of)), what, way)
    return Owner(name=holder.name, premises_id=None, licensee_id=holder.id)


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, document_id: UUID) -> Document:
    wanted = DocumentFilter(premises_ids=caller.scope(permission).listed, id=document_id, replaced=True)
    return only(documents(connection, wanted), f"document {document_id}", "ask for it by its id")


def _out(row: Document) -> DocumentOut:
    values = {name: getattr(row, name) for name in DocumentOut.model_fields if hasattr(row, name)}
    return DocumentOut(**values, premises=row.premises_code, of=row.of_name)


def _place(after: str | None) -> tuple[date | None, UUID] | None:
    place = read_cursor(after, str, str)
    if place is None:
        return None
    try:
        return None if place[0] == _NEVER else date.fromisoformat(place[0]), UUID(place[1])
    except ValueError:
        raise not_ours() from None
