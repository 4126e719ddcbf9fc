"""Whether what was scanned or typed at a door is the order's. Pure; finds no other order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from gateway.dispatch.labels import label_code

TYPED = 4  # characters that are typed when a label cannot be scanned


def is_code(code: str, read: Literal["scan", "typed"], facts: Mapping[str, Any]) -> bool:
    """A scan is a whole code, of the bag or its goods; typed is how one ends, or a number that is shorter."""
    said = code.strip().upper()
    if read == "scan":
        return said in {one.upper() for one in codes(facts)}
    return any(said == one.upper() or (len(said) >= TYPED and one.upper().endswith(said)) for one in codes(facts))


def codes(facts: Mapping[str, Any]) -> Iterator[str]:
    """Everything that may stand on an order's bag."""
    yield label_code(facts["id"])
    yield facts["order_no"]
    yield facts["source_ref"]
    yield from (one["tag"] for one in facts["lines"] if one["tag"])
