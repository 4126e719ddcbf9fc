"""Lists in pages: how many at once, and a cursor that says where the next page begins. Reads nothing."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import Query

from gateway.refusals import RefusedError

MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at the most")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before")]


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
