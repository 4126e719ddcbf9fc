"""Lists in pages: how many at once, and a cursor that says where the next page begins. Reads nothing."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from gateway.refusals import RefusedError

MOST = 200
_NOT_OURS = "this cursor is not one of ours: take `next` of the page before, unchanged"
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at the most")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before")]


def not_ours() -> RefusedError:
    """What is wrong with a cursor that somebody made up."""
    return RefusedError(_NOT_OURS, field="query.after")


def write_cursor(*place: Any) -> str:
    """An opaque text for the place of a page's last row: strings and numbers."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The place that `write_cursor` was given; None: the first page."""
    if cursor is None:
        return None
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        place = None
    fits = isinstance(place, list) and len(place) == len(kinds)
    if not fits or any(type(value) is not kind for value, kind in zip(place, kinds, strict=True)):
        raise RefusedError(
            "this cursor is not one of ours: take `next` of the page before, unchanged", field="query.after"
        )
    found: list[Any] = place
    return found


def write_place(at: datetime, row_id: UUID) -> str:
    """A cursor of a list in order of a time, with the row's id for those of one time."""
    return write_cursor(at.isoformat(), str(row_id))


def read_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The place that `write_place` was given."""
    place = read_cursor(cursor, str, str)
    if place is None:
        return None
    try:
        return datetime.fromisoformat(place[0]), UUID(place[1])
    except ValueError:
        raise not_ours() from None
