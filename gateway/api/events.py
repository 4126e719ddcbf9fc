"""The router for order systems: what happened, in order, from where they read last. Sends nothing by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.api.callers import OrderReader
from gateway.api.database import Database
from gateway.api.paging import Cursor, Limit, not_ours, read_cursor, write_cursor
from gateway.api.problems import refusals
from gateway.people.permissions import Permission
from storage.events import events_after
from storage.order_reads import Reader

router = APIRouter(prefix="/v1/events", tags=["orders"])


class EventOut(BaseModel):
    id: UUID = Field(description="the same in a webhook: for telling a repeated one")
    type: str = Field(description="such as order.delivered or order.changed")
    at: datetime
    premises: str
    order_id: UUID | None
    trip_id: UUID | None
    data: dict[str, Any]


class EventPage(BaseModel):
    events: list[EventOut]
    next: str | None = Field(description="where to go on: also when there is nothing more at the moment")
    more: bool = Field(description="whether there is more to be read at once")


@router.get("", summary="Events in the order in which they were recorded",
            responses=refusals(_401="No session and no API key", _403="No right to orders"))  # fmt: skip
def read_events(
    caller: OrderReader, connection: Database,
    type: Annotated[list[str] | None, Query(description="only these types")] = None,  # noqa: A002 - its name on the wire
    after: Cursor = None, limit: Limit = 100,
) -> EventPage:  # fmt: skip
    reader = Reader(caller.scope(Permission.ORDERS_READ).listed, caller.test)
    found = events_after(connection, reader, types=type, after=_place(after), most=limit + 1)
    page = found[:limit]
    events = [
        EventOut(id=one.id, type=one.type, at=one.at, premises=one.premises, order_id=one.order_id, trip_id=one.trip_id,
                 data=one.body)
        for one in page
    ]  # fmt: skip
    following = write_cursor(page[-1].written_by, str(page[-1].id)) if page else after
    return EventPage(events=events, next=following, more=len(found) > limit)


def _place(after: str | None) -> tuple[str, UUID] | None:
    place = read_cursor(after, str, str)
    try:
        return None if place is None else (str(int(place[0])), UUID(place[1]))
    except ValueError:
        raise not_ours() from None
