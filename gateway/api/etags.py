"""Entity tags: whether a document is still the one that the caller has read. Keeps no versions."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, HTTPException
from pydantic import BaseModel

IfMatch = Annotated[str | None, Header(description="the ETag that was read: refused when it has changed since")]
IfNoneMatch = Annotated[str | None, Header(description="* makes it only when there is none yet")]


def etag_of(document: BaseModel) -> str:
    """A strong tag of what the document says (RFC 9110, 8.8.3)."""
    return f'"{hashlib.sha256(document.model_dump_json().encode()).hexdigest()[:32]}"'


def must_match(wanted: str | None, current: str) -> None:
    """Raises 412 when `wanted` (If-Match) names other states than the current one."""
    if wanted is None or wanted.strip() == "*":
        return
    if current not in (tag.strip() for tag in wanted.split(",")):
        detail = f"it has changed since it was read: its ETag is {current} now; read it again"
        raise HTTPException(HTTPStatus.PRECONDITION_FAILED, detail)
