"""What lists and single objects of master data have in common: search, pages, and what is missing. Knows no field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import psycopg
from fastapi import Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import Caller
from gateway.api.etags import etag_of
from gateway.api.paging import Cursor, Limit, not_ours, read_cursor, write_cursor
from gateway.api.problems import refusals
from gateway.master.completeness import by_owner, missing_of
from gateway.master.documents import due
from gateway.people.permissions import Permission
from storage.documents import Document, documents_of
from storage.master import Selection, all_premises

WHO = {"_401": "No session and no API key", "_403": "No right to master data"}
LISTED = refusals(**WHO)
ONE = refusals(**WHO, _404="There is no such thing")
ADDED = refusals(**WHO, _404="There are no such premises", _409="It is there already")
CHANGED = refusals(
    **WHO, _404="There is no such thing", _409="Not with how things are now", _412="It has changed since it was read"
)
Key = Annotated[str, Path(max_length=64, pattern=r"^[^\x00]*$", description="the id, or the name for people")]
_Out = TypeVar("_Out", bound=BaseModel)
_Object = TypeVar("_Object", bound="Object")


class FieldMissing(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    field: str = Field(description="the field, or document:KIND")
    record: str = Field(description="which record will have a hole")
    reference: str = Field(description="the rule that asks for it")
    evidence: str = Field(description="what was read of the rule: read, secondary or not verified")


class DocumentDue(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    title: str | None
    number: str | None
    expires_on: Any = Field(description="the last day on which it is good", json_schema_extra={"format": "date"})


class Object(BaseModel):
    """What every object of master data tells besides its own fields."""

    id: UUID
    missing: list[FieldMissing] = Field(default=[], description="what records will miss because it is not known")
    documents_due: list[DocumentDue] = Field(default=[], description="papers that have run out or will soon")


class Search:
    """The questions that every list takes."""

    def __init__(
        self,
        q: Annotated[
            str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$", description="part of what it says")
        ] = None,
        premises: Annotated[str | None, Query(max_length=32, description="of these premises only")] = None,
        retired: Annotated[bool, Query(description="what is no longer in service too")] = False,  # noqa: FBT002
        after: Cursor = None,
        limit: Limit = 50,
    ) -> None:
        self.q, self.premises, self.retired, self.after, self.limit = q, premises, retired, after, limit

    def selection(self, connection: psycopg.Connection, caller: Caller) -> Selection:
        """What of it the caller may see: one row more than the page has, to know whether another page follows."""
        return Selection(
            premises_ids=visible(connection, caller, self.premises), text=self.q, retired=self.retired,
            after=_place(self.after), most=self.limit + 1,
        )  # fmt: skip

    def next_of(self, found: Sequence[Any], name: str) -> str | None:
        """The cursor of the page after these rows; `name` is the field that they are in the order of."""
        if len(found) <= self.limit:
            return None
        last = found[self.limit - 1]
        return write_cursor(getattr(last, "premises_code", ""), getattr(last, name), str(last.id))


Wanted = Annotated[Search, Depends()]


def visible(connection: psycopg.Connection, caller: Caller, premises: str | None) -> list[UUID] | None:
    """The premises that a reader sees, or the named ones of them; other premises' are simply not there."""
    own = caller.scope(Permission.MASTER_READ).listed
    if premises is None:
        return own
    return [one.id for one in all_premises(connection) if one.code == premises and (own is None or one.id in own)]


def of_caller(caller: Caller, permission: Permission, key: str) -> Selection:
    """What the caller may see or change that is called `key`, retired or not."""
    return Selection(premises_ids=caller.scope(permission).listed, key=key, retired=True)


def must_administer_all(caller: Caller) -> None:
    """For what belongs to no premises: who may change it at some premises only may not change it for all."""
    if caller.scope(Permission.MASTER_WRITE).premises_ids is not None:
        raise HTTPException(403, f"{caller.actor.name} may change master data of some premises only, and this is all's")


def described(
    connection: psycopg.Connection, request: Request, kind: str, model: type[_Object], rows: Sequence[Any],
    now: datetime, own: Callable[[Any], dict[str, Any]] = lambda _row: {},
) -> list[_Object]:  # fmt: skip
    """The rows as `model` tells them; `own` gives the fields that are called or told otherwise than in the row."""
    papers: Mapping[UUID, list[Document]] = by_owner(documents_of(connection, [row.id for row in rows]) if rows else ())
    days: int = request.app.state.document_warning_days
    out = []
    for row in rows:
        values = {name: getattr(row, name) for name in model.model_fields if hasattr(row, name)}
        if "premises" in model.model_fields:
            values["premises"] = row.premises_code
        values["missing"] = _models(FieldMissing, missing_of(kind, row, papers.get(row.id, ())))
        values["documents_due"] = _models(DocumentDue, due(papers.get(row.id, ()), now.date(), days))
        out.append(model(**{**values, **own(row)}))
    return out


def tagged(response: Response, out: _Out) -> _Out:
    response.headers["ETag"] = etag_of(out)
    return out


def _models(model: type[_Out], rows: Iterable[Any]) -> list[_Out]:
    return [model.model_validate(row) for row in rows]


def _place(after: str | None) -> tuple[str, str, UUID] | None:
    place = read_cursor(after, str, str, str)
    if place is None:
        return None
    try:
        row_id = UUID(place[2])
    except ValueError:
        raise not_ours() from None
    if "\x00" in place[0] + place[1]:  # PostgreSQL's text holds none
        raise not_ours()
    return place[0], place[1], row_id
