"""Inside or outside, by the distance from a centre or a border, with hysteresis and confirmation. Knows no places."""

from __future__ import annotations

import msgspec

from gateway.tracking.events import Point
from gateway.tracking.policy import Policy


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about one vehicle and one place.

    `inside` is what is confirmed. `turning` holds the fixes in a row that say otherwise; `last_inside` is the
    newest fix within the radius itself while inside.
    """

    inside: bool = False
    turning: tuple[Point, ...] = ()
    last_inside: Point | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmed change: entered or left, when it really happened, and the fixes that decided it."""

    entered: bool
    at: Point
    evidence: tuple[Point, ...]


OUTSIDE = Presence()


def watch(
    presence: Presence, point: Point, away_m: float, radius_m: float, policy: Policy
) -> tuple[Presence, Turn | None]:
    """The presence after `point`, which is `away_m` from the centre, and the turn that it confirmed, if any.

    1. Entering needs `confirm_fixes` fixes in a row inside, the newest slow or the first `dwell_s` ago; a fix less
       accurate than the radius (or, for a border, than max_accuracy_m) tells nothing.
    2. Leaving needs `confirm_fixes` fixes in a row beyond radius + `leave_slack_m` (their accuracy, if worse).
    3. The time of a turn is that of the first fix inside, or of the last one inside.
    """
    if presence.inside:
        return _watch_inside(presence, point, away_m, radius_m, policy)
    if away_m > radius_m:
        return OUTSIDE, None
    if point.accuracy_m is not None and point.accuracy_m > radius_m > 0:
        return presence, None
    turning = (*presence.turning, point)
    if len(turning) >= policy.confirm_fixes and _stands(turning, policy):
        entered = Turn(entered=True, at=turning[0], evidence=(turning[0], point))
        return Presence(inside=True, last_inside=point), entered
    # The first, and as many of the newest as confirm: keeping all would grow with a slow pass.
    kept = turning if len(turning) <= policy.confirm_fixes else (turning[0], *turning[2:])
    return Presence(turning=kept), None


def _watch_inside(
    presence: Presence, point: Point, away_m: float, radius_m: float, policy: Policy
) -> tuple[Presence, Turn | None]:
    if away_m <= radius_m:
        return Presence(inside=True, last_inside=point), None
    if away_m <= radius_m + max(policy.leave_slack_m, point.accuracy_m or 0.0):
        return Presence(inside=True, last_inside=presence.last_inside), None
    turning = (*presence.turning, point)
    if len(turning) < policy.confirm_fixes:
        return Presence(inside=True, turning=turning, last_inside=presence.last_inside), None
    last = presence.last_inside or turning[0]
    return OUTSIDE, Turn(entered=False, at=last, evidence=(last, *turning))


def _stands(turning: tuple[Point, ...], policy: Policy) -> bool:
    newest = turning[-1]
    if newest.speed_mps is not None and newest.speed_mps < policy.slow_mps:
        return True
    return (newest.fixed_at - turning[0].fixed_at).total_seconds() >= policy.dwell_s
