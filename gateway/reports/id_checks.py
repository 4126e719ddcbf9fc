"""The log of ID and age checks: verdicts with the rule that they were made under. No number of an ID exists here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from contract.reasons import FailureReason
from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from storage.reports import report_rows

COLUMNS = (
    Column("order_no"), Column("attempt_no", "number"), Column("checked", "time"), Column("trip_no"),
    Column("checked_by"), Column("driver"), Column("id_class"), Column("issuer"), Column("unexpired", "flag"),
    Column("photo_matches", "flag"), Column("name_matches", "flag"), Column("over_age", "flag"),
    Column("age_checked_against", "number"), Column("read_mode"), Column("not_intoxicated", "flag"),
    Column("id_valid_affirmed", "flag"), Column("age_affirmed", "flag"), Column("affirmation_text_version"),
    Column("result"), Column("rule"), Column("rule_version", "number"), Column("age_threshold", "number"),
    Column("told_offline", "flag"), Column("recorded", "time"),
)  # fmt: skip
# An attempt that failed for one of these was ended by a look at an ID, or at whoever showed it.
_ID_REASONS = (
    FailureReason.NO_VALID_ID, FailureReason.UNDERAGE, FailureReason.ID_NAME_MISMATCH,
    FailureReason.ID_SUSPECTED_FALSE, FailureReason.NOT_NAMED_RECIPIENT, FailureReason.PREVERIFICATION_MISMATCH,
    FailureReason.RECIPIENT_INTOXICATED,
)  # fmt: skip
_RESULT = 18


class IdChecks:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection = connection
        self._values = {**chosen.values(), "id_reasons": [one.value for one in _ID_REASONS]}
        self._results: Counter[str] = Counter()

    def rows(self) -> Iterator[Row]:
        for found in report_rows(self._connection, "id_checks", self._values):
            row = _row(found)
            self._results[str(row[_RESULT])] += 1
            yield row

    def summary(self) -> Mapping[str, Any]:
        counts = ", ".join(f"{result} {count}" for result, count in sorted(self._results.items()))
        return {"passed": self._results["passed"], "by_result": counts or None}


def _row(found: tuple[Any, ...]) -> Row:
    (order_no, attempt_no, at, trip_no, by, crew, id_check, affirmation, outcome, reason_code, profile, version,
     threshold, offline, recorded_at) = found  # fmt: skip
    check, affirmed = id_check or {}, affirmation or {}
    # Field by field: what is not named here is not shown, whatever the record holds.
    return (
        order_no, attempt_no, at, trip_no, by, crew, check.get("id_class"), check.get("issuer"),
        check.get("unexpired"), check.get("photo_matches"), check.get("name_matches"), check.get("over_age"),
        check.get("age_threshold"), check.get("read_mode"), affirmed.get("not_intoxicated"),
        affirmed.get("id_valid"), affirmed.get("age_ok"), affirmed.get("text_version"),
        reason_code if outcome == "failed" else "passed", profile, version, threshold, offline, recorded_at,
    )  # fmt: skip


ID_CHECKS = Definition(
    name="id-checks",
    title="Age and ID verification log",
    rule="4 CCR 15415(g), 15404; 16 TAC 50.33(c)",
    columns=COLUMNS,
    takes=frozenset({"trip", "order", "period"}),
    needs=(frozenset({"trip", "order", "period"}),),
    read=IdChecks,
)
