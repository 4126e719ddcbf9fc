"""Handoffs with their second witness, and exceptions, as words and rows. Draws nothing and reads no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard import wording
from dashboard.links import order_page
from dashboard.order_view import Step
from storage.custody_reads import OpenRow, Verdicts, WitnessedRow

Row = dict[str, Any]
VERDICT_WORDS = {
    "corroborated": "Corroborated",
    "contradicted": "Contradicted",
    "no_data": "No data",
    "waiting": "Not judged yet",
}
VERDICT_SIGNS = {"corroborated": "on_time", "contradicted": "late", "no_data": "idle", "waiting": "idle"}
OUTCOME_WORDS = {"delivered": "Delivered", "partial": "Delivered in part", "failed": "Failed"}
KIND_WORDS: dict[str, str] = {
    "unexplained_stop": "Unexplained stop",
    "stop_not_permitted": "Stop that is not permitted",
    "prohibited_place": "Prohibited place",
    "left_state": "Left the state",
    "check_in_overdue": "Check-in overdue",
    "handoff_conflict": "Handoff against the plan",
    "handoff_contradicted": "Handoff that the vehicle contradicts",
    "contradicted": "Unit that contradicts itself",
}


def verdict_of(row: WitnessedRow) -> str:
    return row.verdict or "waiting"


def kind_words(kind: str) -> str:
    """The kind as a label; one that this version does not know is shown as it is."""
    return KIND_WORDS.get(kind, kind.replace("_", " ").capitalize())


def sums(found: Verdicts) -> str:
    """How many attempts, and what the vehicles say of them, in a line."""
    parts = [
        f"{number} {VERDICT_WORDS[name].lower()}"
        for name in ("contradicted", "no_data", "waiting", "corroborated")
        if (number := getattr(found, name))
    ]
    return f"{wording.count_of(found.all, 'attempt')}: {', '.join(parts)}" if parts else "No attempt"


def handoff_table(rows: Sequence[WitnessedRow], zones: Mapping[UUID, ZoneInfo], now: datetime) -> list[Row]:
    """Rows for the list of attempts."""
    return [
        {
            "Order": order_page(row.order_no),
            "At": wording.time_of_day(row.at, zones[row.premises_id], now),
            "Outcome": [OUTCOME_WORDS.get(row.outcome, row.outcome)],
            "Second witness": [VERDICT_WORDS[verdict_of(row)]],
            "Why": _why(row),
            "Reason": _reason(row),
            "Attempt": row.attempt_no,
            "Van": row.vehicle_name or "",
            "Trip": row.trip_no or "",
            "By": row.actor,
            "Remarks": _remarks(row),
        }
        for row in rows
    ]


def _why(row: WitnessedRow) -> str:
    if row.why is None:
        return "Waits for fixes of the time around it"
    return row.why[:1].upper() + row.why[1:]


def _remarks(row: WitnessedRow) -> str:
    remarks = []
    if row.offline:
        remarks.append("told later, from out of reach")
    if row.conflict is not None:
        remarks.append(row.conflict)
    if row.version is not None and row.version > 1:
        remarks.append(f"judged {row.version} times")
    return "; ".join(remarks)


def attempts(rows: Sequence[WitnessedRow], tz: ZoneInfo, now: datetime) -> list[Step]:
    """One order's attempts, in the order given, each with what the vehicle says of it."""
    return [
        Step(
            title=f"{OUTCOME_WORDS.get(row.outcome, row.outcome)}, attempt {row.attempt_no}",
            when=wording.moment(row.at, tz, now),
            known=" · ".join(part for part in (f"declared by {row.actor}", _reason(row), _remarks(row)) if part),
            evidence=f"{VERDICT_WORDS[verdict_of(row)]}: {_why(row)}",
            sign="late" if row.verdict == "contradicted" else "failed" if row.outcome == "failed" else "done",
        )
        for row in rows
    ]


def _reason(row: WitnessedRow) -> str:
    return "" if row.reason_code is None else wording.reason_words(row.reason_code)


def exception_table(rows: Sequence[OpenRow], zones: Mapping[UUID, ZoneInfo], now: datetime) -> list[Row]:
    """Rows for the list of exceptions."""
    return [
        {
            "Kind": kind_words(row.kind),
            "Began": wording.time_of_day(row.from_at, zones[row.premises_id], now),
            "Waits": "" if row.explanation else wording.span((now - row.opened_at).total_seconds()),
            "Who owes it": "" if row.explanation else (row.crew or "nobody named"),
            "What": row.rule + (f" ({row.zone_name})" if row.zone_name else ""),
            "Van": row.vehicle_name,
            "Trip": row.trip_no or "",
            "Explanation": row.explanation or "",
            "By": row.explained_by or "",
            "Key": str(row.id),
        }
        for row in rows
    ]
