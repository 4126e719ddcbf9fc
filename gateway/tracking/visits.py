"""Entering zones, being in them and leaving them, with hysteresis and confirmation. Knows no geometry."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gateway.tracking.cells import Cell
from gateway.tracking.events import Point, ZoneDwelt, ZoneEntered, ZoneLeft
from gateway.tracking.policy import Policy
from gateway.tracking.zones import ZoneSet

ZoneEvent = ZoneEntered | ZoneLeft | ZoneDwelt


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One zone that the vehicle is in, or is about to enter or leave."""

    zone_id: str
    entered_at: datetime | None = None  # None: not in it
    dwelt: bool = False
    # The turn that is not confirmed yet: when the border was crossed, by which fixes, how far beyond it.
    crossed_at: datetime | None = None
    crossing: tuple[Point, ...] = ()
    turned: int = 0
    unsure: bool = False  # nothing was seen right before it: first seen on this side, or after a gap


def follow(
    visits: tuple[Visit, ...], before: Point | None, point: Point, zones: ZoneSet, trip_id: str | None, policy: Policy,
    *, after_gap: bool,
) -> tuple[tuple[Visit, ...], tuple[ZoneEvent, ...]]:  # fmt: skip
    """The visits after `point`, and what it showed. Over a gap nothing is interpolated."""
    cell = zones.cell(point.lat_e7, point.lon_e7)
    if not visits and not cell.zone_ids:
        return visits, ()
    known = {visit.zone_id: visit for visit in visits}
    zone_ids = cell.zone_ids if known.keys() <= cell.borders.keys() | cell.held_by else _with(known, cell)
    x, y = cell.local(point.lat_e7, point.lon_e7)
    kept: list[Visit] = []
    events: list[ZoneEvent] = []
    changed = False
    for zone_id in zone_ids:
        visit = known.get(zone_id)
        border = cell.borders.get(zone_id)
        inside = zone_id in cell.held_by if border is None else border.holds(x, y)
        if visit is None and not inside:
            continue
        if visit is not None and inside and _rests(visit, point, policy):
            kept.append(visit)
            continue
        changed = True
        if zone_id not in zones.by_id:
            continue
        away_m = cell.away_m(zone_id, point.lat_e7, point.lon_e7)
        after, told = _turn(
            visit or Visit(zone_id), before, point, away_m, zones, trip_id, policy, after_gap=after_gap
        )  # fmt: skip
        events.extend(told)
        if after.entered_at is not None or after.turned:
            kept.append(after)
    return (tuple(kept) if changed else visits), tuple(events)


def _with(known: dict[str, Visit], cell: Cell) -> list[str]:
    return sorted({*known, *cell.zone_ids})


def _rests(visit: Visit, point: Point, policy: Policy) -> bool:
    """Whether nothing changes while it stays inside."""
    if visit.turned or visit.entered_at is None:
        return False
    return visit.dwelt or (point.fixed_at - visit.entered_at).total_seconds() < policy.zone_dwell_s


def _turn(
    visit: Visit, before: Point | None, point: Point, away_m: float, zones: ZoneSet, trip_id: str | None,
    policy: Policy, *, after_gap: bool,
) -> tuple[Visit, list[ZoneEvent]]:  # fmt: skip
    inside = visit.entered_at is not None
    if (away_m <= 0) == inside:
        if visit.turned:  # back on the side it was on: that turn was noise
            visit = Visit(visit.zone_id, visit.entered_at, visit.dwelt)
        return _dwell(visit, point, zones, trip_id, policy)
    if not visit.turned:
        at, crossing = _crossing(visit.zone_id, before, point, zones, after_gap=after_gap)
        unsure = before is None or after_gap
        visit = Visit(visit.zone_id, visit.entered_at, visit.dwelt, at, crossing, 1, unsure)
    else:
        visit = Visit(
            visit.zone_id, visit.entered_at, visit.dwelt, visit.crossed_at, visit.crossing, visit.turned + 1,
            visit.unsure,
        )  # fmt: skip
    if visit.turned < policy.confirm_fixes:
        return visit, []
    deep = abs(away_m) >= max(policy.zone_slack_m, point.accuracy_m or 0.0)
    assert visit.crossed_at is not None
    if not deep and point.fixed_at - visit.crossed_at < timedelta(seconds=policy.dwell_s):
        return visit, []
    return _confirmed(visit, point, zones, trip_id)


def _confirmed(visit: Visit, point: Point, zones: ZoneSet, trip_id: str | None) -> tuple[Visit, list[ZoneEvent]]:
    zone = zones.by_id[visit.zone_id]
    evidence = (*visit.crossing, point)
    at = visit.crossed_at or point.fixed_at
    if visit.entered_at is not None:
        left = ZoneLeft(
            zone_id=zone.zone_id, kind=zone.kind, entered_at=visit.entered_at, at=at, evidence=evidence,
            trip_id=trip_id, after_gap=visit.unsure,
        )  # fmt: skip
        return Visit(zone.zone_id), [left]
    entered = ZoneEntered(
        zone_id=zone.zone_id, kind=zone.kind, at=at, evidence=evidence, trip_id=trip_id, first_seen=visit.unsure
    )
    return Visit(zone.zone_id, at), [entered]


def _dwell(
    visit: Visit, point: Point, zones: ZoneSet, trip_id: str | None, policy: Policy
) -> tuple[Visit, list[ZoneEvent]]:
    entered_at = visit.entered_at
    if entered_at is None or visit.dwelt or point.fixed_at < entered_at + timedelta(seconds=policy.zone_dwell_s):
        return visit, []
    zone = zones.by_id[visit.zone_id]
    at = entered_at + timedelta(seconds=policy.zone_dwell_s)
    told = ZoneDwelt(
        zone_id=zone.zone_id, kind=zone.kind, entered_at=entered_at, at=at, evidence=(point,), trip_id=trip_id
    )
    return Visit(visit.zone_id, entered_at, dwelt=True), [told]


def _crossing(
    zone_id: str, before: Point | None, point: Point, zones: ZoneSet, *, after_gap: bool
) -> tuple[datetime, tuple[Point, ...]]:
    """When the way between two fixes crossed the border, at an even speed."""
    if before is None or after_gap:
        return point.fixed_at, (point,)
    share = zones.crossed(zone_id, (before.lat_e7, before.lon_e7), (point.lat_e7, point.lon_e7))
    lasts_ms = (point.fixed_at - before.fixed_at).total_seconds() * 1000
    return before.fixed_at + timedelta(milliseconds=round(lasts_ms * share)), (before, point)
