"""The newest backup as `waybill status` shows it, and when it is worth a warning. Makes none and looks at no file."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from contract.clock import true_now
from storage.backup import newest_backup
from waybill.status.report import BackupReport

NEVER = "no backup was ever made: waybill backup make"


def newest(connection: psycopg.Connection, max_age_hours: int) -> BackupReport | None:
    """What the database knows about its backups. Of a restored one, the set that it came from counts."""
    found = newest_backup(connection)
    if found is None:
        return None
    made_at = datetime.fromisoformat(str(found.details["made_at"]))
    overdue = true_now() - made_at > timedelta(hours=max_age_hours)
    return BackupReport(name=str(found.details["set"]), made_at=made_at, overdue=overdue)


def warning(backup: BackupReport | None, *, real: bool) -> str | None:
    """What to say when real vehicles report and nothing, or nothing new, would bring their records back."""
    if not real:
        return None
    if backup is None:
        return NEVER
    return (
        f"the newest backup is of {backup.made_at:%Y-%m-%d %H:%M} UTC: waybill backup make" if backup.overdue else None
    )
