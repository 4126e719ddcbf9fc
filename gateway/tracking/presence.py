"""Inside or outside a circle, with hysteresis and confirmation. Knows no premises and no doors."""

from __future__ import annotations

import msgspec

from contract.geo import distance_m
from gateway.tracking.events import Point
from gateway.tracking.policy import Policy


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one vehicle and one circle.

    `inside` is what is confirmed. `turning` holds the fixes in a row that say otherwise; `last_inside` is the
    newest fix within the radius itself while inside.
    """

    inside: bool = False
    turning: tuple[Point, ...] = ()
    last_inside: Point | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed change: entered or left, when it really happened, and the fixes that decided it."""

    entered: bool
    at: Point
    evidence: tuple[Point, ...]


def watch(
    presence: Presence, point: Point, lat_e7: int, lon_e7: int, radius_m: float, policy: Policy
) -> tuple[Presence, Turn | None]:
    """The presence after `point`, and the turn that it confirmed, if any.

    1. Entering needs `confirm_fixes` fixes in a row inside, the newest slow or the first `dwell_s` ago.
    2. Leaving needs `confirm_fixes` fixes in a row beyond radius + `leave_slack_m`.
    3. The time of a turn is that of the first fix inside, or of the last one inside.
    """
    away_m = distance_m(point.lat_e7, point.lon_e7, lat_e7, lon_e7)
    if presence.inside:
        return _watch_inside(presence, point, away_m, radius_m, policy)
    if away_m > radius_m:
        return (presence if not presence.turning else Presence()), None
    turning = (*presence.turning, point)
    if len(turning) >= policy.confirm_fixes and _stands(turning, policy):
        entered = Turn(entered=True, at=turning[0], evidence=(turning[0], point))
        return Presence(inside=True, last_inside=point), entered
    # Only the first and the newest matter; keeping all would grow with a slow pass.
    return Presence(turning=(turning[0], point)), None


def _watch_inside(
    presence: Presence, point: Point, away_m: float, radius_m: float, policy: Policy
) -> tuple[Presence, Turn | None]:
    if away_m <= radius_m:
        return Presence(inside=True, last_inside=point), None
    if away_m <= radius_m + policy.leave_slack_m:
        return Presence(inside=True, last_inside=presence.last_inside), None
    turning = (*presence.turning, point)
    if len(turning) < policy.confirm_fixes:
        return msgspec.structs.replace(presence, turning=turning), None
    last = presence.last_inside or turning[0]
    return Presence(), Turn(entered=False, at=last, evidence=(last, *turning))


def _stands(turning: tuple[Point, ...], policy: Policy) -> bool:
    newest = turning[-1]
    if newest.speed_mps is not None and newest.speed_mps < policy.slow_mps:
        return True
    return (newest.fixed_at - turning[0].fixed_at).total_seconds() >= policy.dwell_s
