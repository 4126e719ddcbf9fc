"""Leaving the planned way and coming back to it, once per departure from the plan. Knows no geometry."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.tracking.events import DeviationBegan, DeviationEnded, Point
from gateway.tracking.policy import Policy
from gateway.tracking.route import Route


class OffRoute(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stretch away from the planned way that may become, or is, a deviation."""

    since: Point | None = None  # the last fix within back_on_route_m, or the first of the trip
    worst: Point | None = None
    worst_m: float = 0.0
    beyond: int = 0  # fixes beyond off_route_m
    told: bool = False
    back: tuple[Point, ...] = ()  # fixes in a row on the planned way again
    driven_mm: int = 0  # what the vehicle's sum of distance said at `since`


ON_ROUTE = OffRoute()


def follow(
    off: OffRoute, before: Point | None, point: Point, route: Route, driven_mm: int, trip_id: str, policy: Policy
) -> tuple[OffRoute, DeviationBegan | DeviationEnded | None]:
    """What is known after `point`, and what it showed."""
    away_m = route.away_m(point.lat_e7, point.lon_e7)
    if away_m <= policy.back_on_route_m:
        return _on(off, point, driven_mm, trip_id, policy)
    if off.since is None:
        off = OffRoute(before or point, point, away_m, 0, driven_mm=driven_mm)
    worst, worst_m = (point, away_m) if away_m > off.worst_m else (off.worst, off.worst_m)
    beyond = off.beyond + (away_m > policy.off_route_m)
    assert off.since is not None
    lasts_s = (point.fixed_at - off.since.fixed_at).total_seconds()
    tells = not off.told and beyond >= policy.confirm_fixes and lasts_s >= policy.off_route_s
    grown = OffRoute(off.since, worst, worst_m, beyond, off.told or tells, (), off.driven_mm)
    if not tells:
        return grown, None
    began = DeviationBegan(trip_id=trip_id, at=off.since.fixed_at, evidence=(off.since, point), away_m=away_m)
    return grown, began


def close(off: OffRoute, at: datetime, driven_mm: int, trip_id: str) -> DeviationEnded | None:
    """Ends a deviation that is open, because the trip ended at `at`."""
    return _ended(off, max(at, off.since.fixed_at), driven_mm, trip_id, ()) if off.told and off.since else None


def _on(
    off: OffRoute, point: Point, driven_mm: int, trip_id: str, policy: Policy
) -> tuple[OffRoute, DeviationEnded | None]:
    if off.since is None or (not off.told and off.beyond < policy.confirm_fixes):
        return ON_ROUTE, None
    back = (*off.back, point)
    if len(back) < policy.confirm_fixes:
        return msgspec.structs.replace(off, back=back), None
    if not off.told:
        return ON_ROUTE, None
    return ON_ROUTE, _ended(off, back[0].fixed_at, driven_mm, trip_id, back)


def _ended(off: OffRoute, at: datetime, driven_mm: int, trip_id: str, back: tuple[Point, ...]) -> DeviationEnded:
    assert off.since is not None
    assert off.worst is not None
    return DeviationEnded(
        trip_id=trip_id,
        began_at=off.since.fixed_at,
        at=at,
        worst_m=round(off.worst_m, 1),
        worst=off.worst,
        driven_m=(driven_mm - off.driven_mm) / 1000,
        evidence=(off.since, off.worst, *back),
        returned=bool(back),
    )
