"""Whether the vehicle was at the door when a handoff is said to have happened. Pure: finds no stop and fills no gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from contract.reasons import GapCause, NoWitness, WitnessVerdict
from gateway.tracking.events import Point
from gateway.tracking.plane import METRES_PER_E7, flat_m, metres_per_e7_east
from gateway.tracking.policy import Policy


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said: goods were at this door at that time."""

    at: datetime
    lat_e7: int
    lon_e7: int
    rough: bool = False  # only the street of the door is known
    offline: bool = False  # said later, by a clock that nobody could compare


class Stay(msgspec.Struct, frozen=True):
    """A standstill that detection found; ended_at None: still, as far as is known."""

    began_at: datetime
    ended_at: datetime | None
    lat_e7: int
    lon_e7: int


class Unseen(msgspec.Struct, frozen=True):
    """A gap on record; ended_at None: nothing came yet."""

    began_at: datetime
    ended_at: datetime | None
    cause: str
    why: str


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of the vehicle: fixes that count in order of time, and what detection made of them."""

    points: Sequence[Point]
    stays: Sequence[Stay] = ()
    unseen: Sequence[Unseen] = ()
    limit_s: float = 120.0  # two fixes farther apart than this show nothing of the time between, wherever they lie


class Span(msgspec.Struct, frozen=True):
    """From-to."""

    from_at: datetime
    to_at: datetime

    def off_s(self, at: datetime) -> float:
        """How much later it was than `at`; negative: earlier; 0: at that time."""
        if self.from_at > at:
            return (self.from_at - at).total_seconds()
        return min(0.0, (self.to_at - at).total_seconds())


class Near(msgspec.Struct, frozen=True):
    """How near the vehicle came to the door, and when."""

    metres: float
    at: datetime


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What the vehicle says; None: not known, or it does not apply."""

    verdict: WitnessVerdict
    within_s: float
    nearest: Near | None = None  # within the allowed time
    there: Span | None = None  # when it stood at the door, the time that is nearest to the word
    off_s: float | None = None  # how much later that was than the word; negative: earlier
    no_data: str | None = None  # the cause of it
    gap: Span | None = None
    gap_why: str | None = None
    evidence: tuple[Point, ...] = ()
    heard_to: datetime | None = None


class _Hole(msgspec.Struct, frozen=True):
    """A time between two fixes, or before the first or after the last one, of which nothing is known."""

    before: Point | None
    after: Point | None
    cause: str
    why: str

    def span(self, window: Span) -> Span:
        """From-to, where one end is not known that of the window."""
        return Span(
            window.from_at if self.before is None else self.before.fixed_at,
            window.to_at if self.after is None else self.after.fixed_at,
        )


def allowed(word: Word, policy: Policy) -> timedelta:
    """How long before or after the word the vehicle may have stood at the door."""
    return timedelta(seconds=policy.witness_within_s + (policy.witness_offline_s if word.offline else 0.0))


def judge(word: Word, sight: Sight, policy: Policy) -> Judgement:
    """The word held against the vehicle's own place, time and standstills.

    In favour of whoever said it: what may have been is no contradiction, and a fix without a speed counts as standing.
    """
    within = allowed(word, policy)
    window = Span(word.at - within, word.at + within)
    points = _believed(sight)
    near = _nearest(word, sight, points, window, policy)
    there = min(_there(word, sight, points, policy), key=lambda span: abs(span.off_s(word.at)), default=None)
    found = Judgement(
        verdict=WitnessVerdict.CONTRADICTED, within_s=within.total_seconds(), nearest=near, there=there,
        off_s=None if there is None else there.off_s(word.at), evidence=_deciding(points, window, near, there),
        heard_to=points[-1].fixed_at if points else None,
    )  # fmt: skip
    if there is not None and _share_time(there, window):
        return replace(found, verdict=WitnessVerdict.CORROBORATED)
    if word.rough:
        why = "of the door only the neighbourhood is known"
        return replace(found, verdict=WitnessVerdict.NO_DATA, no_data=NoWitness.NO_PLACE, gap_why=why)
    hiding = [one for one in _holes(sight, points, window, policy) if _may_hide(one, word, window, policy)]
    if not hiding:
        return found
    hole = min(hiding, key=lambda one: abs(one.span(window).off_s(word.at)))
    return replace(
        found, verdict=WitnessVerdict.NO_DATA, no_data=hole.cause, gap=hole.span(window), gap_why=hole.why
    )  # fmt: skip


def _believed(sight: Sight) -> list[Point]:
    """Fixes but those of a receiver that repeated one place."""
    stuck = [one for one in sight.unseen if one.cause == GapCause.STUCK]
    return [
        point for point in sight.points
        if not any(one.began_at < point.fixed_at and _ends_after(one, point.fixed_at) for one in stuck)
    ]  # fmt: skip


def _away_m(word: Word, place: Point | Stay) -> float:
    return flat_m(place.lat_e7, place.lon_e7, word.lat_e7, word.lon_e7)


def _there(word: Word, sight: Sight, points: Sequence[Point], policy: Policy) -> list[Span]:
    """Every time at which it stood near the door, in order."""
    last = points[-1].fixed_at if points else None
    spans = [
        Span(stay.began_at, stay.ended_at or max(stay.began_at, last or stay.began_at))
        for stay in sight.stays if _away_m(word, stay) <= policy.witness_radius_m
    ]  # fmt: skip
    began_at: datetime | None = None
    for before, point in pairwise([None, *points]):
        assert point is not None, "only the first of the first pair is none"
        if not _stands_near(word, point, policy):
            began_at = None
            continue
        if began_at is None or before is None or (point.fixed_at - before.fixed_at).total_seconds() > sight.limit_s:
            began_at = point.fixed_at
        spans.append(Span(began_at, point.fixed_at))
    return _joined(spans)


def _stands_near(word: Word, point: Point, policy: Policy) -> bool:
    slow = point.speed_mps is None or point.speed_mps < policy.slow_mps
    return slow and _away_m(word, point) <= policy.witness_radius_m + (point.accuracy_m or 0.0)


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.from_at, one.to_at)):
        if joined and span.from_at <= joined[-1].to_at:
            joined[-1] = Span(joined[-1].from_at, max(joined[-1].to_at, span.to_at))
        else:
            joined.append(span)
    return joined


def _nearest(word: Word, sight: Sight, points: Sequence[Point], window: Span, policy: Policy) -> Near | None:
    """The nearest that it is known to have been to the door within the window, on its way between fixes too."""
    found = [Near(_away_m(word, one), one.fixed_at) for one in points if window.from_at <= one.fixed_at <= window.to_at]
    for stay in sight.stays:
        if stay.began_at <= window.to_at and _ends_after(stay, window.from_at):
            found.append(Near(_away_m(word, stay), max(stay.began_at, window.from_at)))
    for before, after in pairwise(points):
        passes = before.fixed_at < window.to_at and after.fixed_at > window.from_at
        if passes and before.fixed_at < after.fixed_at and _hole(sight, before, after, policy) is None:
            found.append(_passing(word, before, after, window))
    return min(found, key=lambda one: one.metres, default=None)


def _passing(word: Word, before: Point, after: Point, window: Span) -> Near:
    """The nearest point of the straight way between two fixes, as far as it was driven within the window."""
    lasted = after.fixed_at - before.fixed_at
    low = max(0.0, (window.from_at - before.fixed_at) / lasted)
    high = min(1.0, (window.to_at - before.fixed_at) / lasted)
    east_m, north_m = metres_per_e7_east(word.lat_e7), METRES_PER_E7
    ax, ay = (before.lon_e7 - word.lon_e7) * east_m, (before.lat_e7 - word.lat_e7) * north_m
    bx, by = (after.lon_e7 - before.lon_e7) * east_m, (after.lat_e7 - before.lat_e7) * north_m
    length = bx * bx + by * by
    share = min(high, max(low, -(ax * bx + ay * by) / length)) if length else low
    return Near(math.hypot(ax + share * bx, ay + share * by), before.fixed_at + share * lasted)


def _holes(sight: Sight, points: Sequence[Point], window: Span, policy: Policy) -> Iterator[_Hole]:
    """Every time that touches the window and of which nothing is known, in order."""
    if not points:
        yield _Hole(None, None, NoWitness.NOT_HEARD, "no fixes of that time are here")
        return
    if points[0].fixed_at > window.from_at:
        yield _Hole(None, points[0], NoWitness.NOT_HEARD, "no fixes of the time before are here")
    for before, after in pairwise(points):
        if before.fixed_at < window.to_at and after.fixed_at > window.from_at:
            hole = _hole(sight, before, after, policy)
            if hole is not None:
                yield hole
    if points[-1].fixed_at < window.to_at:
        yield _Hole(points[-1], None, NoWitness.NOT_HEARD, "nothing was heard of the unit since")


def _hole(sight: Sight, before: Point, after: Point, policy: Policy) -> _Hole | None:
    for one in sight.unseen:
        if one.began_at < after.fixed_at and _ends_after(one, before.fixed_at):
            return _Hole(before, after, one.cause, one.why)
    lasted_s = (after.fixed_at - before.fixed_at).total_seconds()
    moved_m = flat_m(before.lat_e7, before.lon_e7, after.lat_e7, after.lon_e7)
    # Shorter than a gap of this unit is no record of one; but where it drove on in the meantime, it may have stood too.
    if lasted_s <= (policy.gap_min_s if moved_m > policy.stop_leave_m else sight.limit_s):
        return None
    return _Hole(before, after, GapCause.UNKNOWN, f"no fix for {lasted_s:.0f} s")


def _may_hide(hole: _Hole, word: Word, window: Span, policy: Policy) -> bool:
    """Whether it can have been near the door within the hole and the window, and come to where it was seen again."""

    def way(point: Point) -> timedelta:
        return timedelta(seconds=max(0.0, _away_m(word, point) - policy.witness_radius_m) / policy.witness_reach_mps)

    soonest = window.from_at if hole.before is None else hole.before.fixed_at + way(hole.before)
    latest = window.to_at if hole.after is None else hole.after.fixed_at - way(hole.after)
    return max(soonest, window.from_at) <= min(latest, window.to_at)


def _deciding(points: Sequence[Point], window: Span, near: Near | None, there: Span | None) -> tuple[Point, ...]:
    """The fixes around the window, around the nearest place in it, and around the time at which it stood there."""
    times = [window.from_at, window.to_at]
    times += [] if near is None else [near.at]
    times += [] if there is None else [there.from_at, there.to_at]
    chosen: dict[datetime, Point] = {}
    for at in times:
        before = max((one for one in points if one.fixed_at <= at), key=lambda one: one.fixed_at, default=None)
        after = min((one for one in points if one.fixed_at >= at), key=lambda one: one.fixed_at, default=None)
        chosen.update({one.fixed_at: one for one in (before, after) if one is not None})
    return tuple(chosen[at] for at in sorted(chosen))


def _share_time(one: Span, other: Span) -> bool:
    return one.from_at <= other.to_at and other.from_at <= one.to_at


def _ends_after(one: Stay | Unseen, at: datetime) -> bool:
    return one.ended_at is None or one.ended_at > at
