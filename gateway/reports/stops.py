"""The stop log: every stop of trips with the reason that counts, the one that was found, and who changed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from storage.reports import report_rows

COLUMNS = (
    Column("trip_no"), Column("vehicle"), Column("driver"), Column("seq", "number"), Column("arrived", "time"),
    Column("departed", "time"), Column("dwell_s", "number", 3), Column("address"), Column("lat", "degrees"),
    Column("lon", "degrees"), Column("reason"), Column("note"), Column("permitted", "flag"), Column("orders"),
    Column("declared", "time"), Column("declared_after_arrival_s", "number", 3), Column("found_reason"),
    Column("reason_before"), Column("reason_given_by"), Column("reason_given", "time"), Column("beside_gap", "flag"),
)  # fmt: skip
_PERMITTED, _DWELL, _REASON = 12, 6, 10


class Stops:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection, self._values = connection, chosen.values()
        self._reasons: Counter[str] = Counter()
        self._forbidden, self._dwell_s = 0, 0.0

    def rows(self) -> Iterator[Row]:
        for row in report_rows(self._connection, "stops", self._values):
            self._reasons[row[_REASON]] += 1
            self._forbidden += not row[_PERMITTED]
            self._dwell_s += row[_DWELL] or 0.0
            yield row

    def summary(self) -> Mapping[str, Any]:
        return {
            "not_permitted": self._forbidden,
            "dwell_s": round(self._dwell_s, 3),
            "by_reason": ", ".join(f"{reason} {count}" for reason, count in sorted(self._reasons.items())) or None,
        }


STOPS = Definition(
    name="stops",
    title="Stop log with reasons",
    rule="4 CCR 15418(f), 15415(e)",
    columns=COLUMNS,
    takes=frozenset({"trip", "vehicle", "period"}),
    needs=(frozenset({"trip", "period"}),),
    read=Stops,
)
