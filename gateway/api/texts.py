"""Texts as requests may hold them. Knows no field."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

# PostgreSQL's text holds no NUL, and control characters are no part of anybody's name or address.
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$")
]
