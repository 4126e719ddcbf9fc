"""The log of corrections: what a record said before, what it says now, who said so, when and why. Corrects nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from gateway.reports.asking import Chosen
from gateway.reports.columns import Cell, Column, Row
from gateway.reports.definition import Definition
from gateway.reports.sinks import as_json
from storage.reports import report_rows

COLUMNS = (
    Column("changed", "time"), Column("recorded", "time"), Column("changed_by"), Column("object_kind"),
    Column("object"), Column("field"), Column("old_value"), Column("new_value"), Column("reason"), Column("action"),
)  # fmt: skip
# What records of deliveries are made of; accounts, keys, alerts and messages have their own trail.
_OBJECT_KINDS = [
    "order", "trip", "stop", "exception", "transfer", "premises", "vehicle", "driver", "document", "install", "zone",
    "place", "policy",
]  # fmt: skip
_KIND = 3


class Corrections:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection = connection
        self._values = {**chosen.values(), "object_kinds": _OBJECT_KINDS}
        self._kinds: Counter[str] = Counter()

    def rows(self) -> Iterator[Row]:
        for row in report_rows(self._connection, "corrections", self._values):
            self._kinds[row[_KIND]] += 1
            *head, old, new, reason, action = row
            yield (*head, _text(old), _text(new), reason, action)

    def summary(self) -> Mapping[str, Any]:
        return {"by_object": ", ".join(f"{kind} {count}" for kind, count in sorted(self._kinds.items())) or None}


def _text(value: Any) -> Cell:
    """A text as it is, anything else as JSON; nothing at all is empty."""
    return value if value is None or isinstance(value, str) else as_json(value)


CORRECTIONS = Definition(
    name="corrections",
    title="Corrections of records",
    rule="4 CCR 15037; 21 CFR 11.10(e) as a benchmark",
    columns=COLUMNS,
    takes=frozenset({"trip", "order", "period"}),
    needs=(frozenset({"trip", "order", "period"}),),
    read=Corrections,
)
