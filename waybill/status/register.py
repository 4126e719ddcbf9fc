"""What is missing in master data and which documents run out, for `waybill status`. Changes nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import psycopg

from gateway.master.completeness import counts, incomplete
from gateway.master.documents import told
from storage.documents import DocumentFilter, documents

_MOST_NAMED = 3


class RegisterReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects of each kind leave holes in records, and the documents that have run out or will soon."""

    incomplete: dict[str, int]
    expired: list[str]
    expiring: list[str]


def register_report(connection: psycopg.Connection, now: datetime, warning_days: int) -> RegisterReport:
    today = now.date()
    due = documents(connection, DocumentFilter(expires_by=today + timedelta(days=warning_days)))
    return RegisterReport(
        incomplete=counts(incomplete(connection, None)),
        expired=[_line(one.expires_on, told(one)) for one in due if one.expires_on and one.expires_on < today],
        expiring=[_line(one.expires_on, told(one)) for one in due if one.expires_on and one.expires_on >= today],
    )  # fmt: skip


def warnings(found: RegisterReport) -> list[str]:
    """What somebody should see to: a trip whose crew's or vehicle's papers have run out may not depart."""
    said = []
    for lines, what in ((found.expired, "have run out"), (found.expiring, "run out soon")):
        if lines:
            more = f" and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
            said.append(f"documents {what}: {'; '.join(lines[:_MOST_NAMED])}{more}")
    return said


def line(found: RegisterReport) -> str | None:
    """The counts in one line; None: no record will miss anything."""
    if not found.incomplete:
        return None
    pieces = ", ".join(f"{count} {kind}" for kind, count in sorted(found.incomplete.items()))
    return f"register  incomplete for records: {pieces} (GET /v1/completeness)"


def _line(on: date | None, what: str) -> str:
    return f"{what} ({on})"
