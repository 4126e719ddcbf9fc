"""Whether a vehicle stands, since when and where, from fix to fix. Gives no reasons and knows no trips."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.tracking.events import Point
from gateway.tracking.plane import flat_m
from gateway.tracking.policy import Policy

_KEPT = 12  # fixes kept at either end of a standstill: a vehicle brakes and pulls away within so many


class Standstill(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place where the vehicle stands or may be about to; `points` is 0 while it drives."""

    points: int = 0  # fixes that make up the place
    north_e7: int = 0  # sum of their latitudes, less that of the first each
    east_e7: int = 0  # the same of longitudes
    first: Point | None = None
    last: Point | None = None  # newest fix that says it stands here
    ends: tuple[Point, ...] = ()  # the first fixes until confirmed, then the newest; of those with speeds only one
    away: tuple[Point, ...] = ()  # fixes in a row that say it is gone
    unseen: bool = False  # it may have driven between the fixes before `away` without a fix that says so
    confirmed: bool = False
    after_gap: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Latitude and longitude, the mean of its fixes."""
        assert self.first is not None
        return (
            self.first.lat_e7 + round(self.north_e7 / self.points),
            self.first.lon_e7 + round(self.east_e7 / self.points),
        )


class Ended(msgspec.Struct, frozen=True):
    """A confirmed standstill that is over: itself, when it really ended, and the fixes that showed it gone."""

    stood: Standstill
    at: Point
    shown_by: tuple[Point, ...]


DRIVING = Standstill()


def observe(stood: Standstill, point: Point, policy: Policy) -> tuple[Standstill, Ended | None]:
    """The standstill after `point`, and the one that it showed to be over."""
    fast = point.speed_mps is not None and point.speed_mps >= policy.slow_mps
    first = stood.first
    if first is None:
        return (DRIVING if fast else _begin(point)), None
    away_m = flat_m(
        point.lat_e7,
        point.lon_e7,
        first.lat_e7 + round(stood.north_e7 / stood.points),
        first.lon_e7 + round(stood.east_e7 / stood.points),
    )
    if not stood.confirmed:
        return _maybe(stood, first, point, away_m, fast, policy), None
    return _standing(stood, first, point, away_m, fast, policy)


def broken_off(stood: Standstill, after: Point, policy: Policy) -> tuple[Standstill, Ended | None]:
    """The standstill that `after`, the first fix after a gap, begins, and the one that the gap cut off."""
    fast = after.speed_mps is not None and after.speed_mps >= policy.slow_mps
    ended = Ended(stood, stood.last, ()) if stood.confirmed and stood.last is not None else None
    return (DRIVING if fast else _begin(after, after_gap=True)), ended


def _begin(point: Point, *, after_gap: bool = False) -> Standstill:
    return Standstill(1, 0, 0, point, point, (point,), after_gap=after_gap)


def _maybe(
    stood: Standstill, first: Point, point: Point, away_m: float, fast: bool, policy: Policy  # noqa: FBT001
) -> Standstill:  # fmt: skip
    """Not confirmed yet: any sign of driving begins anew."""
    if fast:
        return DRIVING
    says_so = (
        point.speed_mps is not None and point.speed_mps < policy.moving_mps and not _unseen(stood.last, point, policy)
    )
    if away_m > (policy.stop_leave_m if says_so else policy.stop_radius_m):
        return _begin(point)
    ends = (*stood.ends, point) if point.speed_mps is None and len(stood.ends) < _KEPT else stood.ends
    north_e7 = stood.north_e7 + point.lat_e7 - first.lat_e7
    east_e7 = stood.east_e7 + point.lon_e7 - first.lon_e7
    grown = Standstill(stood.points + 1, north_e7, east_e7, first, point, ends, after_gap=stood.after_gap)
    if (point.fixed_at - first.fixed_at).total_seconds() < policy.stop_min_s:
        return grown
    halted = _halted(grown, policy)
    if (point.fixed_at - halted.fixed_at).total_seconds() < policy.stop_min_s:
        return grown
    # Sums stay relative to the first fix's own coordinates.
    moved_north = (first.lat_e7 - halted.lat_e7) * grown.points
    moved_east = (first.lon_e7 - halted.lon_e7) * grown.points
    return Standstill(
        grown.points, north_e7 + moved_north, east_e7 + moved_east, halted, point, (point,),
        confirmed=True, after_gap=stood.after_gap and halted == first,
    )  # fmt: skip


def _standing(
    stood: Standstill, first: Point, point: Point, away_m: float, fast: bool, policy: Policy  # noqa: FBT001
) -> tuple[Standstill, Ended | None]:  # fmt: skip
    """Confirmed: it lasts until fixes in a row say that it is gone."""
    gone = _gone(stood, point, away_m, fast, policy)
    if not gone:
        return _stays(stood, first, point, away_m, fast, policy), None
    away = (*stood.away, point)
    if len(away) < policy.confirm_fixes:
        unseen = stood.unseen or _unseen(stood.ends[-1], point, policy)
        return msgspec.structs.replace(stood, away=away[-_KEPT:], unseen=unseen), None
    last = _left_from(stood, away, policy)
    begun = DRIVING
    for one in away:
        begun, _ = observe(begun, one, policy)
    return begun, Ended(stood, last, away)


def _gone(stood: Standstill, point: Point, away_m: float, fast: bool, policy: Policy) -> bool:  # noqa: FBT001
    """Far enough away, and not by the drift of a receiver that says that it stands.

    A vehicle that drove and stands again has changed its place where it is out of the radius: a door beside lights.
    """
    drove_mps = stood.ends[-1].speed_mps
    if point.speed_mps is not None and not fast and drove_mps is not None and drove_mps >= policy.slow_mps:
        return away_m > policy.stop_radius_m
    if away_m <= policy.stop_leave_m:
        return False
    if fast or point.speed_mps is None or away_m > policy.stop_drift_m:
        return True
    return stood.unseen or _unseen(stood.ends[-1], point, policy)


def _unseen(before: Point | None, point: Point, policy: Policy) -> bool:
    """Whether the time since the fix before was enough to drive away and stand again."""
    return before is None or (point.fixed_at - before.fixed_at).total_seconds() >= policy.stop_hop_s


def _stays(
    stood: Standstill, first: Point, point: Point, away_m: float, fast: bool, policy: Policy  # noqa: FBT001
) -> Standstill:  # fmt: skip
    ends = (point,) if point.speed_mps is not None else (*stood.ends[1 - _KEPT :], point)
    if fast:
        # Pulling away within the radius, or a shunt in the yard: only a fix that stands decides which.
        return msgspec.structs.replace(stood, ends=ends, away=(), unseen=False)
    inside = away_m <= policy.stop_radius_m
    return Standstill(
        stood.points + 1 if inside else stood.points,
        stood.north_e7 + (point.lat_e7 - first.lat_e7 if inside else 0),
        stood.east_e7 + (point.lon_e7 - first.lon_e7 if inside else 0),
        first, point, ends, confirmed=True, after_gap=stood.after_gap,
    )  # fmt: skip


def _halted(stood: Standstill, policy: Policy) -> Point:
    """The fix with which the standstill really began: those before it were still rolling up."""
    if stood.ends[0].speed_mps is not None:
        return stood.ends[0]
    return _first_settled(stood.ends, stood.place, policy) or stood.ends[0]


def _left_from(stood: Standstill, away: tuple[Point, ...], policy: Policy) -> Point:
    """The fix with which it really ended: those after it were pulling away already."""
    assert stood.last is not None
    if away[0].speed_mps is not None:
        return stood.last
    return _first_settled((*away[::-1], *stood.ends[::-1]), stood.place, policy) or stood.last


def _first_settled(points: tuple[Point, ...], place: tuple[int, int], policy: Policy) -> Point | None:
    """Of fixes without speeds the first near the place from which the next seconds go nowhere."""
    for number, point in enumerate(points):
        if flat_m(point.lat_e7, point.lon_e7, *place) > policy.stop_radius_m:
            continue
        for later in points[number + 1 :]:
            seconds = abs((later.fixed_at - point.fixed_at).total_seconds())
            if seconds >= policy.stop_settle_s:
                moved_m = flat_m(point.lat_e7, point.lon_e7, later.lat_e7, later.lon_e7)
                if moved_m < policy.slow_mps * seconds:
                    return point
                break
    return None


def since(stood: Standstill) -> datetime:
    """When it began."""
    assert stood.first is not None
    return stood.first.fixed_at
