"""Which fixes do not count, and by which rule. Refuses only; every fix is stored."""

from __future__ import annotations

import msgspec

from contract.fix import Fix, Quality
from contract.reasons import RefusalRule
from gateway.tracking.events import Point
from gateway.tracking.plane import METRES_PER_E7, flat_m
from gateway.tracking.policy import Policy


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the filter remembers of one device: the last fix that counted, and later ones that contradict it."""

    last: Point | None = None
    odd: Point | None = None
    odd_count: int = 0


def judge(seen: Seen, fix: Fix, policy: Policy, point: Point | None = None) -> tuple[Seen, RefusalRule | None]:
    """What is remembered after `fix`, and the rule that refuses it; None: it counts. `point`: its copy, if any.

    A fix older than the last one is judged by its own content only: it arrived late, it is not a jump.
    """
    rule = _by_content(fix, policy)
    if rule is not None:
        return seen, rule
    point = point or Point(fix.fixed_at, fix.lat_e7, fix.lon_e7, fix.seq, fix.speed_mps, fix.accuracy_m)
    if seen.last is None:
        return Seen(point), None
    if point.fixed_at < seen.last.fixed_at:
        return seen, None
    if _reachable(seen.last, point, policy):
        return Seen(point), None
    if seen.odd == point:
        return seen, RefusalRule.JUMP  # the same fix again
    agrees = seen.odd is not None and _reachable(seen.odd, point, policy)
    count = seen.odd_count + 1 if agrees else 1
    if count >= policy.jump_agreeing:
        return Seen(point), None
    return Seen(seen.last, point, count), RefusalRule.JUMP


def _by_content(fix: Fix, policy: Policy) -> RefusalRule | None:
    if fix.quality is Quality.SIMULATED and not policy.accept_simulated:
        return RefusalRule.SIMULATED
    if fix.replayed and not policy.accept_replayed:
        return RefusalRule.REPLAYED
    near_e7 = policy.null_island_m / METRES_PER_E7
    if -near_e7 < fix.lat_e7 < near_e7 and flat_m(fix.lat_e7, fix.lon_e7, 0, 0) < policy.null_island_m:
        return RefusalRule.NULL_ISLAND
    if (fix.hdop is not None and fix.hdop > policy.max_hdop) or (
        fix.accuracy_m is not None and fix.accuracy_m > policy.max_accuracy_m
    ):
        return RefusalRule.POOR_ACCURACY
    return None


def _reachable(before: Point, after: Point, policy: Policy) -> bool:
    # A step of longitude is never longer than one of latitude: most fixes are near enough without a distance.
    steps_e7 = abs(after.lat_e7 - before.lat_e7) + abs(after.lon_e7 - before.lon_e7)
    if steps_e7 * METRES_PER_E7 <= policy.jump_slack_m:
        return True
    seconds = abs((after.fixed_at - before.fixed_at).total_seconds())
    away_m = flat_m(before.lat_e7, before.lon_e7, after.lat_e7, after.lon_e7)
    return away_m <= policy.jump_slack_m + policy.max_speed_mps * seconds
