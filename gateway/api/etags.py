"""Entity tags: whether a document is still the one that the caller has read. Keeps no versions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header, HTTPException
from pydantic import BaseModel

IfMatch = Annotated[str | None, Header(description="the ETag that was read: refused when it has changed since")]
IfNoneMatch = Annotated[str | None, Header(description="* makes it only when there is none yet")]

_FORECASTS: Any = {"eta": True, "drops": {"__all__": {"eta"}}}


def etag_of(document: BaseModel) -> str:
    """A tag of what people and order systems said in the document: a forecast changes by itself, and is no change."""
    said = document.model_dump_json(exclude=_FORECASTS)
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def is_any(wanted: str | None) -> bool:
    """Whether `wanted` (If-Match) names no state: whichever it is in."""
    return wanted is None or wanted.strip() == "*"


def must_match(wanted: str | None, current: Callable[[], str]) -> None:
    """Raises 412 when `wanted` (If-Match) names other states than the current one, which is worked out only then."""
    if wanted is None or is_any(wanted):
        return
    tag_now = current()
    if tag_now not in (tag.strip() for tag in wanted.split(",")):
        detail = f"it has changed since it was read: its ETag is {tag_now} now; read it again"
        raise HTTPException(HTTPStatus.PRECONDITION_FAILED, detail)
