"""Driving facts: sums that run on, and the differences between two of their readings. Finds no stops and no gaps.

Sums are whole millimetres and milliseconds, so that a difference does not depend on where summing began.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gateway.tracking.events import Driven, HourDriven, Point
from gateway.tracking.plane import METRES_PER_E7, flat_m
from gateway.tracking.policy import Policy

_HOUR = timedelta(hours=1)
_STEP_M = 10.0  # distance is summed in chords of at least so much: a receiver's noise over seconds would add to it


class Sums(msgspec.Struct, frozen=True, omit_defaults=True):
    """Readings of counters that only grow."""

    distance_mm: int = 0
    moving_ms: int = 0
    stopped_ms: int = 0
    unseen_ms: int = 0
    unseen_mm: int = 0
    idling_ms: int = 0
    ignition_ms: int = 0  # standing with the ignition known
    speed_ms: int = 0  # between fixes near enough to one another, with speeds, to show harsh driving
    brakings: int = 0
    accelerations: int = 0
    fixes: int = 0


class Driving(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where summing stands, with the readings at the beginning of the hour and of the trip."""

    sums: Sums = Sums()
    chord: Point | None = None  # where the chord that is being driven began
    harsh: int = 0  # -1 braking hard, 1 accelerating hard, as of the newest fix
    hour: datetime | None = None
    at_hour: Sums = Sums()
    hour_max_mps: float | None = None
    at_trip: Sums = Sums()
    trip_max_mps: float | None = None


def hour_of(driving: Driving, point: Point) -> tuple[Driving, HourDriven | None]:
    """Before a fix is added: the facts of the hour that it ends, when it lies in a later one."""
    if driving.hour is not None and point.fixed_at - driving.hour < _HOUR:
        return driving, None
    hour = point.fixed_at.replace(minute=0, second=0, microsecond=0)
    told = hour_driven(driving)
    begun = Driving(
        driving.sums, driving.chord, driving.harsh, hour, driving.sums, None, driving.at_trip, driving.trip_max_mps
    )
    return begun, told


def hour_driven(driving: Driving) -> HourDriven | None:
    """The facts of the hour so far."""
    if driving.hour is None or driving.sums == driving.at_hour:
        return None
    return HourDriven(at=driving.hour, driven=between(driving.at_hour, driving.sums, driving.hour_max_mps))


def trip_begins(driving: Driving, at: Sums) -> Driving:
    """With the readings that the trip's facts are counted from."""
    return msgspec.structs.replace(driving, at_trip=at, trip_max_mps=None)


def first(driving: Driving, point: Point) -> Driving:
    """The sums after the first fix of all."""
    return _after(driving, msgspec.structs.replace(driving.sums, fixes=driving.sums.fixes + 1), point, point)


def over_gap(driving: Driving, before: Point, point: Point) -> Driving:
    """The sums after the first fix after a gap."""
    sums = driving.sums
    seen = msgspec.structs.replace(
        sums,
        unseen_ms=sums.unseen_ms + round((point.fixed_at - before.fixed_at).total_seconds() * 1000),
        unseen_mm=sums.unseen_mm + round(_metres(before, point) * 1000),
        fixes=sums.fixes + 1,
    )
    return _after(driving, seen, point, point)


def unseen(sums: Sums, lasts: timedelta) -> Sums:
    """The sums after a part of a gap; where the vehicle went in it is not known."""
    return msgspec.structs.replace(sums, unseen_ms=sums.unseen_ms + round(lasts.total_seconds() * 1000))


def with_sums(driving: Driving, sums: Sums) -> Driving:
    """Where summing stands, with other readings."""
    return msgspec.structs.replace(driving, sums=sums)


def add(
    driving: Driving, last: Point, point: Point, ignition: bool | None, policy: Policy, *, standing: bool  # noqa: FBT001
) -> Driving:  # fmt: skip
    """The sums after `point`, which follows `last`; what is between belongs to the hour and the trip of `point`.

    `standing`: in a confirmed standstill; `ignition` is that of the time between the two.
    """
    before = driving.sums
    lasts_ms = round((point.fixed_at - last.fixed_at).total_seconds() * 1000)
    moving = not standing and _moves(last, point, lasts_ms, policy)
    chord, distance_mm = _chord(driving.chord or last, point, moving=moving)
    harsh, timed_ms = _harsh(last.speed_mps, point.speed_mps, lasts_ms, policy)
    stood_ms = 0 if moving else lasts_ms
    sums = Sums(
        before.distance_mm + distance_mm,
        before.moving_ms + lasts_ms - stood_ms,
        before.stopped_ms + stood_ms,
        before.unseen_ms,
        before.unseen_mm,
        before.idling_ms + (stood_ms if ignition else 0),
        before.ignition_ms + (0 if ignition is None else lasts_ms),
        before.speed_ms + timed_ms,
        before.brakings + (harsh < 0 <= driving.harsh),
        before.accelerations + (harsh > 0 >= driving.harsh),
        before.fixes + 1,
    )
    return _after(driving, sums, point, chord, harsh)


def between(earlier: Sums, later: Sums, max_mps: float | None) -> Driven:
    """What was driven between two readings."""
    speed_known = later.speed_ms > earlier.speed_ms
    return Driven(
        distance_m=(later.distance_mm - earlier.distance_mm) / 1000,
        moving_s=(later.moving_ms - earlier.moving_ms) / 1000,
        stopped_s=(later.stopped_ms - earlier.stopped_ms) / 1000,
        unseen_s=(later.unseen_ms - earlier.unseen_ms) / 1000,
        unseen_m=(later.unseen_mm - earlier.unseen_mm) / 1000,
        idling_s=(later.idling_ms - earlier.idling_ms) / 1000 if later.ignition_ms > earlier.ignition_ms else None,
        max_speed_mps=max_mps,
        harsh_brakings=later.brakings - earlier.brakings if speed_known else None,
        harsh_accelerations=later.accelerations - earlier.accelerations if speed_known else None,
        fixes=later.fixes - earlier.fixes,
    )


def _after(driving: Driving, sums: Sums, point: Point, chord: Point, harsh: int = 0) -> Driving:
    speed_mps, hour_mps, trip_mps = point.speed_mps, driving.hour_max_mps, driving.trip_max_mps
    if speed_mps is not None:
        hour_mps = speed_mps if hour_mps is None or speed_mps > hour_mps else hour_mps
        trip_mps = speed_mps if trip_mps is None or speed_mps > trip_mps else trip_mps
    return Driving(sums, chord, harsh, driving.hour, driving.at_hour, hour_mps, driving.at_trip, trip_mps)


def _moves(last: Point, point: Point, lasts_ms: int, policy: Policy) -> bool:
    """By the speed that the fix reports; from place to place where it reports none or is long after the one before."""
    speed_mps = point.speed_mps
    if speed_mps is not None and (lasts_ms < policy.stop_hop_s * 1000 or speed_mps >= policy.moving_mps):
        return speed_mps >= policy.moving_mps
    return _metres(last, point) * 1000 >= policy.slow_mps * lasts_ms


def _chord(chord: Point, point: Point, *, moving: bool) -> tuple[Point, int]:
    """Where the chord under way began, and the millimetres of the one that just ended."""
    # While it stands: drift, or a short way that the next chord begins with.
    least_m = _STEP_M if moving else 2 * _STEP_M
    # A step of longitude is never longer than one of latitude: often it is surely no chord yet.
    if (abs(point.lat_e7 - chord.lat_e7) + abs(point.lon_e7 - chord.lon_e7)) * METRES_PER_E7 < least_m:
        return chord, 0
    away_m = _metres(chord, point)
    if away_m < least_m:
        return chord, 0
    return point, round(away_m * 1000)


def _harsh(before_mps: float | None, after_mps: float | None, lasts_ms: int, policy: Policy) -> tuple[int, int]:
    """Which way it is harsh, and the milliseconds for which the speeds could tell."""
    if before_mps is None or after_mps is None or not 0 < lasts_ms <= policy.harsh_within_s * 1000:
        return 0, 0
    faster_mps2 = (after_mps - before_mps) * 1000 / lasts_ms
    if faster_mps2 <= -policy.harsh_braking_mps2:
        return -1, lasts_ms
    return (1 if faster_mps2 >= policy.harsh_accelerating_mps2 else 0), lasts_ms


def _metres(one: Point, other: Point) -> float:
    return flat_m(one.lat_e7, one.lon_e7, other.lat_e7, other.lon_e7)
