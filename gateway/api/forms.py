"""The fields of a small HTML form. Knows no form."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Depends, Request

Fields = dict[str, list[str]]


def _fields(most_bytes: int, most_fields: int) -> Callable[[Request], Coroutine[Any, Any, Fields]]:
    """Reads the fields; a form that is too large, or has too many, has none."""

    async def read(request: Request) -> Fields:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > most_bytes:
                return {}
        try:
            return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most_fields)
        except ValueError:
            return {}

    return read


# A note of 280 characters, each as 12 letters.
Form = Annotated[Fields, Depends(_fields(8 * 1024, 10))]
# A line for everything that is ticked, or counted at a return.
LongForm = Annotated[Fields, Depends(_fields(64 * 1024, 500))]
