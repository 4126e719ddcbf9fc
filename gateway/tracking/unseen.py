"""Notices stretches without valid fixes, and receivers that repeat one place at speed. Knows no causes beyond these."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from contract.fix import Fix
from contract.reasons import GapCause
from gateway.tracking.events import Gap, Point
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy


class Newest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The newest fix that counts, as far as the next one is held against it."""

    point: Point
    spool_id: str
    boot_id: int | None
    ignition: bool | None
    refused: int = 0  # fixes since then that do not count
    refused_at: datetime | None = None  # fixed_at of the newest of them
    stuck_since: Point | None = None  # the first of those that repeat this place at speed


def refuse(newest: Newest | None, fix: Fix) -> Newest | None:
    """Counts a fix that does not count, once."""
    after = None if newest is None else newest.refused_at or newest.point.fixed_at
    if newest is None or (after is not None and fix.fixed_at <= after):
        return newest
    return msgspec.structs.replace(newest, refused=newest.refused + 1, refused_at=fix.fixed_at)


def limit_s(before: Point, plan: Plan, policy: Policy) -> float:
    """How long after `before` a time without fixes is a gap."""
    if plan.report_interval_s is None or plan.heartbeat_s is None:
        announced = plan.report_interval_s if plan.heartbeat_s is None else plan.heartbeat_s
        return max(policy.gap_unannounced_s, policy.gap_intervals * (announced or 0.0))
    moves = before.speed_mps is not None and before.speed_mps >= policy.moving_mps
    interval_s = plan.report_interval_s if moves else max(plan.report_interval_s, plan.heartbeat_s)
    return max(policy.gap_min_s, policy.gap_intervals * interval_s)


def look(newest: Newest, fix: Fix, point: Point, plan: Plan, policy: Policy) -> tuple[Gap | None, Point | None]:
    """The gap that ends with `fix`, and since when it repeats one place at speed."""
    before = newest.point
    silent_s = (point.fixed_at - before.fixed_at).total_seconds()
    if silent_s > policy.gap_min_s or silent_s > policy.gap_unannounced_s:  # no limit is less than both
        limit = limit_s(before, plan, policy)
        if silent_s > limit:
            return _gap(newest, before, fix, point, limit), None
    repeats = point.lat_e7 == before.lat_e7 and point.lon_e7 == before.lon_e7
    if repeats and _fast(point, policy):
        # A unit that pulls out may say its speed before its place changes: one such fix repeats nothing yet.
        return None, newest.stuck_since or (before if _fast(before, policy) else point)
    if newest.stuck_since is None:
        return None, None
    if before.fixed_at - newest.stuck_since.fixed_at < timedelta(seconds=policy.stuck_s):
        return None, None
    return _gap(newest, newest.stuck_since, fix, point, policy.stuck_s, GapCause.STUCK), None


def until(newest: Newest, at: datetime, plan: Plan, policy: Policy) -> Gap | None:
    """The gap from the newest fix to a declared end, when no fix after it is known."""
    limit = limit_s(newest.point, plan, policy)
    if (at - newest.point.fixed_at).total_seconds() <= limit:
        return None
    return Gap(
        trip_id=None, began_at=newest.point.fixed_at, at=at, evidence=(newest.point,), cause=GapCause.UNKNOWN,
        limit_s=limit, spool_before=newest.spool_id, spool_after=newest.spool_id, boot_before=newest.boot_id,
        refused=newest.refused,
    )  # fmt: skip


def since_declared(fix: Fix, point: Point, plan: Plan, policy: Policy) -> Gap | None:
    """The gap from the first declared departure to the first fix of all."""
    if not plan.from_departure:
        return None
    at = min((trip.departed_at for trip in plan.trips if trip.departed_at is not None), default=point.fixed_at)
    limit = limit_s(msgspec.structs.replace(point, fixed_at=at, speed_mps=None), plan, policy)
    if (point.fixed_at - at).total_seconds() <= limit:
        return None
    return Gap(
        trip_id=None, began_at=at, at=point.fixed_at, evidence=(point,), cause=GapCause.UNKNOWN, limit_s=limit,
        spool_before=fix.spool_id, spool_after=fix.spool_id, boot_after=fix.boot_id,
    )  # fmt: skip


def _fast(point: Point, policy: Policy) -> bool:
    return point.speed_mps is not None and point.speed_mps >= policy.stuck_mps


def _gap(
    newest: Newest, before: Point, fix: Fix, point: Point, limit: float, cause: GapCause = GapCause.UNKNOWN
) -> Gap:
    return Gap(
        trip_id=None,
        began_at=before.fixed_at,
        at=point.fixed_at,
        evidence=(before, point),
        cause=cause,
        limit_s=limit,
        spool_before=newest.spool_id,
        spool_after=fix.spool_id,
        boot_before=newest.boot_id,
        boot_after=fix.boot_id,
        refused=newest.refused,
    )
