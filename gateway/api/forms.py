"""The fields of a small HTML form. Knows no form."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

_MOST_BYTES = 8 * 1024  # a note of 280 characters, each as 12 letters
_MOST_FIELDS = 40


async def _fields(request: Request) -> dict[str, list[str]]:
    """The fields; a form that is too large, or has too many, has none."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return {}
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


Form = Annotated[dict[str, list[str]], Depends(_fields)]
