"""Which fixes come too late to count: older than a spool can hold, or from before the device was fitted. Pure."""

from __future__ import annotations

from datetime import datetime

from contract.fix import Fix, Source
from gateway.tracking.policy import Policy

_DAY_S = 86_400.0


def is_stale(fix: Fix, came_at: datetime, fitted_at: datetime | None, policy: Policy) -> bool:
    """Whether `fix`, which came at `came_at` by the clock, is of no use to its vehicle's record.

    `fitted_at` is when the device was fitted in its first vehicle; None: it never was, or has been for ever. A phone's
    fix is never stale: no vehicle's record hangs on it, and its app keeps what it likes.
    """
    if fix.source is not Source.DEDICATED:
        return False
    if fitted_at is not None and fix.fixed_at < fitted_at:
        return True
    return (came_at - fix.fixed_at).total_seconds() > policy.spool_days * _DAY_S
