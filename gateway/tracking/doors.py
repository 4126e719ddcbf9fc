"""Coming near a drop's door, standing at it, leaving it; also between two fixes far apart. Knows no premises."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import msgspec

from gateway.tracking.events import Arrived, ArrivingSoon, Left, Point
from gateway.tracking.plan import PlannedDrop, PlannedTrip
from gateway.tracking.plane import METRES_PER_E7, flat_m, metres_per_e7_east
from gateway.tracking.policy import Policy
from gateway.tracking.presence import OUTSIDE, Presence, Turn, watch

DoorEvent = ArrivingSoon | Arrived | Left


class Doors(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of the doors of the trip under way."""

    door_id: str | None = None  # the drop at whose door the vehicle is, or is about to be
    door: Presence = Presence()
    told_soon: tuple[str, ...] = ()  # drops whose arriving_soon is told
    left: tuple[str, ...] = ()  # drops whose door was left
    outside: Point | None = None  # the newest fix that was at no door
    arrived_at: datetime | None = None  # at the door whose presence is `door`, once inside
    inferred: tuple[str, ...] = ()  # drops at which a visit was inferred; a real one may follow
    # While at a door: another one that is clearly nearer, and the newest fix before it was.
    rival_id: str | None = None
    rival: Presence = Presence()
    before_rival: Point | None = None


NOWHERE = Doors()


def follow(
    doors: Doors, point: Point, trip: PlannedTrip, policy: Policy, *, after_gap: bool = False
) -> tuple[Doors, tuple[DoorEvent, ...]]:
    """What is known after `point`, and what it showed. Over a gap no visit is inferred: what it hides is not known."""
    seen: tuple[DoorEvent, ...] = ()
    if after_gap:
        doors = msgspec.structs.replace(doors, outside=None)
    elif not doors.door.inside and doors.outside is not None:
        doors, seen = _passed(doors, doors.outside, point, trip, policy)
    drop, nearest = _door(doors, trip), _nearest_open(doors, point, trip, policy)
    if drop is None or (not doors.door.inside and _yields(drop, nearest, point, policy)):
        drop = nearest
    if drop is None:
        return Doors(None, OUTSIDE, doors.told_soon, doors.left, point, inferred=doors.inferred), seen
    if doors.door.inside and nearest is not None:
        doors, hopped = _hop(doors, point, trip, drop, nearest, policy)
        if hopped:
            return doors, hopped
    door = doors.door if drop.drop_id == doors.door_id else OUTSIDE
    away_m = _away_m(drop, point)
    door, turn = watch(door, point, away_m, policy.door_radius_m, policy)
    outside = doors.outside if door.inside or door.turning else point
    arrived_at = turn.at.fixed_at if turn is not None and turn.entered else doors.arrived_at
    doors = Doors(
        drop.drop_id, door, doors.told_soon, doors.left, outside, arrived_at, doors.inferred, doors.rival_id,
        doors.rival, doors.before_rival,
    )  # fmt: skip
    if turn is None:
        doors, soon = _near(doors, away_m, point, trip, drop, policy)
        return doors, seen + soon
    if turn.entered:
        return doors, (*seen, _told(Arrived, trip, drop, turn))
    return _left(doors, drop, turn.at, point, policy), (*seen, _told(Left, trip, drop, turn))


def _door(doors: Doors, trip: PlannedTrip) -> PlannedDrop | None:
    """The drop at whose door the vehicle is, or is about to be."""
    if doors.door_id is None or not (doors.door.inside or doors.door.turning):
        return None
    return next((drop for drop in trip.drops if drop.drop_id == doors.door_id and drop.lat_e7 is not None), None)


def _away_m(drop: PlannedDrop, point: Point) -> float:
    assert drop.lat_e7 is not None
    assert drop.lon_e7 is not None
    return flat_m(point.lat_e7, point.lon_e7, drop.lat_e7, drop.lon_e7)


def _yields(drop: PlannedDrop, nearest: PlannedDrop | None, point: Point, policy: Policy) -> bool:
    """Whether another door is so much nearer that the vehicle is at that one."""
    if nearest is None or nearest is drop:
        return False
    near_m = _away_m(nearest, point)
    return near_m <= policy.door_radius_m and near_m + policy.leave_slack_m <= _away_m(drop, point)


def _hop(
    doors: Doors, point: Point, trip: PlannedTrip, drop: PlannedDrop, nearest: PlannedDrop, policy: Policy
) -> tuple[Doors, tuple[DoorEvent, ...]]:
    """From one door to the next whose circles overlap: it left the one when it stands clearly nearer to the other."""
    if not _yields(drop, nearest, point, policy):
        if doors.rival_id is not None:
            doors = msgspec.structs.replace(doors, rival_id=None, rival=OUTSIDE, before_rival=None)
        return doors, ()
    known = doors.rival_id == nearest.drop_id
    before = doors.before_rival if known else doors.door.last_inside
    rival, turn = watch(
        doors.rival if known else OUTSIDE, point, _away_m(nearest, point), policy.door_radius_m, policy
    )  # fmt: skip
    doors = msgspec.structs.replace(doors, rival_id=nearest.drop_id, rival=rival, before_rival=before)
    if turn is None or before is None:
        return doors, ()
    left = Turn(entered=False, at=before, evidence=(before, *turn.evidence))
    after = _left(doors, drop, before, point, policy)
    after = msgspec.structs.replace(after, door=rival, arrived_at=turn.at.fixed_at)
    return after, (_told(Left, trip, drop, left), _told(Arrived, trip, nearest, turn))


def _left(doors: Doors, drop: PlannedDrop, at: Point, point: Point, policy: Policy) -> Doors:
    """Away from the door, and perhaps at the next one already."""
    brief = doors.arrived_at is not None and _is_brief(doors.arrived_at, at.fixed_at, policy)
    left = doors.left if brief else (*doors.left, drop.drop_id)
    return Doors(doors.rival_id, doors.rival, doors.told_soon, left, point, inferred=doors.inferred)


def _told(kind: type[Arrived] | type[Left], trip: PlannedTrip, drop: PlannedDrop, turn: Turn) -> Arrived | Left:
    return kind(
        trip_id=trip.trip_id, drop_id=drop.drop_id, order_id=drop.order_id, at=turn.at.fixed_at, evidence=turn.evidence
    )


def any_open(doors: Doors, trip: PlannedTrip, policy: Policy) -> bool:
    """Whether a drop is neither closed nor visited."""
    return any(
        not (drop.closed or drop.drop_id in doors.inferred or _visited(drop, doors, policy)) for drop in trip.drops
    )


def _visited(drop: PlannedDrop, doors: Doors, policy: Policy) -> bool:
    """Whether its door was left for good: a wait at lights before it, a pass, or an inferred visit leaves it open."""
    if drop.drop_id in doors.left:
        return True
    if drop.left_at is None or drop.drop_id in doors.inferred:
        return False
    return drop.arrived_at is None or not _is_brief(drop.arrived_at, drop.left_at, policy)


def _is_brief(arrived_at: datetime, left_at: datetime, policy: Policy) -> bool:
    return left_at - arrived_at < timedelta(seconds=policy.traffic_below_s)


def _nearest_open(doors: Doors, point: Point, trip: PlannedTrip, policy: Policy) -> PlannedDrop | None:
    """The nearest open drop of those in reach: drivers do not always keep the planned order."""
    reach_e7 = max(policy.soon_m, policy.door_radius_m) / METRES_PER_E7
    best: tuple[float, int] | None = None
    nearest = None
    for drop in trip.drops:
        lat_e7, lon_e7 = drop.lat_e7, drop.lon_e7
        if lat_e7 is None or lon_e7 is None or not -reach_e7 <= lat_e7 - point.lat_e7 <= reach_e7:
            continue
        if _visited(drop, doors, policy):
            continue
        rank = (flat_m(point.lat_e7, point.lon_e7, lat_e7, lon_e7), drop.seq)
        if best is None or rank < best:
            best, nearest = rank, drop
    return nearest


def _near(
    doors: Doors, away_m: float, point: Point, trip: PlannedTrip, drop: PlannedDrop, policy: Policy
) -> tuple[Doors, tuple[ArrivingSoon, ...]]:
    """Tells once that the vehicle comes near the drop that is next in the plan."""
    if away_m > policy.soon_m or drop.drop_id in doors.told_soon or doors.door.inside or drop.arrived_at is not None:
        return doors, ()
    gone = (*doors.left, *doors.inferred)
    upcoming = min((d for d in trip.drops if not d.closed and d.drop_id not in gone), key=lambda d: d.seq, default=None)
    if upcoming is None or upcoming.drop_id != drop.drop_id:
        return doors, ()
    told_soon = (*doors.told_soon, drop.drop_id)
    doors = msgspec.structs.replace(doors, told_soon=told_soon)
    soon = ArrivingSoon(
        trip_id=trip.trip_id, drop_id=drop.drop_id, order_id=drop.order_id, at=point.fixed_at, evidence=(point,)
    )
    return doors, (soon,)


def _passed(
    doors: Doors, before: Point, point: Point, trip: PlannedTrip, policy: Policy
) -> tuple[Doors, tuple[DoorEvent, ...]]:
    """A visit that no two fixes show: the way between two of them leads by the door and took so long that it stood."""
    seconds = (point.fixed_at - before.fixed_at).total_seconds()
    if not policy.dwell_s <= seconds <= policy.visit_max_s:
        return doors, ()
    for drop in sorted(trip.drops, key=lambda drop: drop.seq):
        if drop.lat_e7 is None or drop.lon_e7 is None or drop.arrived_at is not None:
            continue
        if drop.drop_id in doors.left or drop.drop_id in doors.inferred:
            continue
        there_m = flat_m(before.lat_e7, before.lon_e7, drop.lat_e7, drop.lon_e7)
        on_m = flat_m(drop.lat_e7, drop.lon_e7, point.lat_e7, point.lon_e7)
        if min(there_m, on_m) <= policy.door_radius_m + policy.leave_slack_m:
            continue  # a fix at the door itself: the ordinary way decides
        there_s, on_s = there_m / policy.cruise_mps, on_m / policy.cruise_mps
        if seconds - there_s - on_s < policy.dwell_s or _off_way_m(before, point, drop) > policy.door_radius_m:
            continue
        names = (trip.trip_id, drop.drop_id, drop.order_id)
        return Doors(None, Presence(), doors.told_soon, doors.left, point, inferred=(*doors.inferred, drop.drop_id)), (
            _inferred(Arrived, names, before, there_s, (before, point)),
            _inferred(Left, names, point, -on_s, (before, point)),
        )
    return doors, ()


def _inferred(
    kind: type[Arrived] | type[Left], names: tuple[str, str, str], fix: Point, after_s: float,
    evidence: tuple[Point, ...],
) -> Arrived | Left:  # fmt: skip
    at = fix.fixed_at + timedelta(milliseconds=round(after_s * 1000))
    return kind(
        trip_id=names[0], drop_id=names[1], order_id=names[2], at=at, evidence=evidence, inferred=True
    )  # fmt: skip


def _off_way_m(before: Point, after: Point, drop: PlannedDrop) -> float:
    """How far the door lies from the straight way between two fixes."""
    assert drop.lat_e7 is not None
    assert drop.lon_e7 is not None
    east = metres_per_e7_east(drop.lat_e7)
    x1, y1 = (before.lon_e7 - drop.lon_e7) * east, (before.lat_e7 - drop.lat_e7) * METRES_PER_E7
    x2, y2 = (after.lon_e7 - drop.lon_e7) * east, (after.lat_e7 - drop.lat_e7) * METRES_PER_E7
    return segment_m(x1, y1, x2, y2)


def segment_m(x1: float, y1: float, x2: float, y2: float) -> float:
    """Metres from the origin to the nearest point of a segment."""
    dx, dy = x2 - x1, y2 - y1
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0.0 else max(0.0, min(1.0, -(x1 * dx + y1 * dy) / length2))
    return math.hypot(x1 + along * dx, y1 + along * dy)
