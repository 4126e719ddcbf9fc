"""Maps' values as bytes that are the same every time. Makes no values."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def zipped(value: Any) -> bytes:
    """Without a time, so that the same value is the same bytes."""
    return gzip.compress(as_json(value), 9, mtime=0)


def rows_of_json(head: dict[str, Any], key: str, rows: Iterable[Any]) -> bytes:
    """One row a line, so that a change of the map is a readable diff."""
    body = b",\n".join(as_json(row) for row in rows)
    return as_json(head)[:-1] + b',"' + key.encode() + b'":[\n' + body + b"\n]}\n"
