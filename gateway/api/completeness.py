"""The router for what records will miss: every object with a hole, and which rule asks. Changes nothing."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.api.callers import MasterReader
from gateway.api.database import Database
from gateway.api.master_lists import LISTED, FieldMissing, visible
from gateway.api.paging import Cursor, Limit, read_cursor, write_cursor
from gateway.master.completeness import Incomplete, counts, incomplete

router = APIRouter(prefix="/v1/completeness", tags=["master data"])


class IncompleteOut(BaseModel):
    kind: str = Field(description="licensee, premises, vehicle, driver or install")
    id: UUID
    name: str = Field(description="of an install: its device's")
    premises: str | None
    missing: list[FieldMissing]


class Completeness(BaseModel):
    counts: dict[str, int] = Field(description="how many of each kind leave a hole, on all pages")
    objects: list[IncompleteOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


@router.get("", summary="What records will miss because a field of master data is empty", responses=LISTED)
def what_is_missing(
    caller: MasterReader, connection: Database,
    kind: Literal["licensee", "premises", "vehicle", "driver", "install"] | None = None,
    premises: Annotated[str | None, Query(max_length=32, description="of these premises only")] = None,
    after: Cursor = None, limit: Limit = 50,
) -> Completeness:  # fmt: skip
    found = incomplete(connection, visible(connection, caller, premises))
    found = sorted((one for one in found if kind is None or one.kind == kind), key=_place)
    place = read_cursor(after, str, str, str)
    rest = found if place is None else [one for one in found if _place(one) > tuple(place)]
    page = [
        IncompleteOut(
            kind=one.kind, id=one.id, name=one.name, premises=one.premises,
            missing=[FieldMissing.model_validate(need) for need in one.missing],
        )
        for one in rest[:limit]
    ]  # fmt: skip
    following = write_cursor(*_place(rest[limit - 1])) if len(rest) > limit else None
    return Completeness(counts=counts(found), objects=page, next=following)


def _place(one: Incomplete) -> tuple[str, str, str]:
    return one.kind, one.premises or "", str(one.id)
