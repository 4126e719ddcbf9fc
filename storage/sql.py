"""Loads the named statements of storage/queries/*.sql, and writes texts and rows as their parameters. Runs none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

import msgspec

_NAME = re.compile(r"^-- name: (\w+)\n-- (.+)\n", re.MULTILINE)


@cache
def _statements() -> dict[str, LiteralString]:
    found: dict[str, LiteralString] = {}
    for path in sorted(files("storage").joinpath("queries").iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith(".sql"):
            continue
        pieces = _NAME.split(path.read_text(encoding="utf-8"))
        for name, _description, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            if name in found:
                raise ValueError(f"{path.name}: the name {name} is taken already")
            # Text shipped with the package, never a user's: that is what LiteralString promises.
            found[name] = cast("LiteralString", text.strip().rstrip(";"))
    return found


def statement(name: str) -> LiteralString:
    """The text of the statement `name`; KeyError names a statement that no file holds."""
    return _statements()[name]


def literally(text: str) -> str:
    """The text as a piece of a LIKE pattern: nothing in it is taken as a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def words_in_order(text: str) -> str | None:
    """An ILIKE pattern that finds the words in this order, with nothing in them taken as a wildcard; None: no words."""
    words = [literally(word) for word in text.split()]
    return f"%{'%'.join(words)}%" if words else None


def as_rows(records: Sequence[msgspec.Struct]) -> str:
    """The records as one JSON array, for json_to_recordset: far cheaper for us than an array of text for each column.

    (1,000 rows with a state of 400 bytes: 2 ms against 50 ms or more, nearly all of it quoting. Binary arrays quote
    nothing and take 1 ms; put_outcome sends the states so: JSON with 100 of them costs the server twice the time.)
    """
    return msgspec.json.encode(records).decode()
