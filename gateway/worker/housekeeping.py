"""One run of retention: every class of record by its age, each step a transaction of its own. Knows no schedule."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import msgspec
import psycopg

from contract.clock import true_now
from storage.ids import new_id
from storage.retention import Periods, delete_off_trip_day, delete_old_rejects, drop_old_fixes

log = logging.getLogger(__name__)

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


class Done(msgspec.Struct, frozen=True):
    """What one run deleted."""

    days_dropped: int
    off_trip_fixes: int
    off_trip_days: int  # that were gone through
    rejects: int


def run_retention(connection: psycopg.Connection, periods: Periods) -> Done:
    """Over a connection with autocommit: fixes too old for any class, fixes off trip day by day, rejects."""
    dropped = drop_old_fixes(connection, periods.on_trip_days, new_id(true_now()))
    off_trip, days, after = 0, 0, _BEFORE_ALL
    while (done := delete_off_trip_day(connection, periods.off_trip_days, after, new_id(true_now()))) is not None:
        off_trip, days, after = off_trip + done.deleted, days + 1, done.day
    rejects = 0
    while deleted := delete_old_rejects(connection, periods.reject_days, new_id(true_now())):
        rejects += deleted
    result = Done(dropped, off_trip, days, rejects)
    if dropped or off_trip or rejects:
        log.info("old records deleted", extra={"action": "records_deleted", **msgspec.structs.asdict(result)})
    return result
