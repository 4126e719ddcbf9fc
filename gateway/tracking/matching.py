"""Which planned trip a departure is, and which ones must have left while nobody saw it. Detects no departure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.tracking.events import DepartureUnseen, Gap, Point
from gateway.tracking.plan import PlannedTrip
from gateway.tracking.policy import Policy

_KEPT = 6  # such times since the last departure


class Hidden(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time without valid fixes that is long enough for a round."""

    before: Point
    after: Point
    spool_id: str | None = None  # of both fixes; None: their numbers cannot be compared


class Match(msgspec.Struct, frozen=True):
    """The trip that departs, and those before it, each with the time in which it must have left."""

    trip: PlannedTrip
    unseen: tuple[tuple[PlannedTrip, Hidden], ...] = ()


def hide(hidden: tuple[Hidden, ...], gap: Gap, policy: Policy) -> tuple[Hidden, ...]:
    """With the time of a gap that may hide a round.

    A unit that was switched off in between and gave no number meanwhile stood with its vehicle: that hides none.
    """
    before, after = gap.evidence[0], gap.evidence[-1]
    if after.fixed_at - before.fixed_at < timedelta(seconds=policy.unseen_round_s):
        return hidden
    numbered = gap.spool_before == gap.spool_after
    if numbered and gap.boot_before != gap.boot_after and after.seq == before.seq + 1:
        return hidden
    return (*hidden[1 - _KEPT :], Hidden(before, after, gap.spool_before if numbered else None))


def match(candidates: Sequence[PlannedTrip], at: datetime, hidden: Sequence[Hidden], policy: Policy) -> Match:
    """Of the trips that have not left, in order of plan, the one that left at `at`: the first, however late it is.

    Unless a later one is planned nearer to `at`, and the first one nearer to a time that may hide its round.
    """
    left, unseen = list(candidates), []
    round_s = max(policy.unseen_round_s, 1.0)
    room = [int(_lasts_s(one) // round_s) for one in hidden]
    while len(left) > 1:
        first_s = _off_s(left[0], at)
        if min(_off_s(trip, at) for trip in left[1:]) >= first_s:
            break
        places = [place for place, rounds in enumerate(room) if rounds > 0]
        place = min(places, key=lambda place: _apart_s(left[0], hidden[place]), default=None)
        if place is None or _apart_s(left[0], hidden[place]) >= first_s:
            break
        room[place] -= 1
        unseen.append((left.pop(0), hidden[place]))
    return Match(left[0], tuple(unseen))


def unseen_words(event: DepartureUnseen) -> str:
    """Why the trip is taken to have left unseen, for people."""
    before, after = (point.fixed_at for point in event.evidence)
    return (
        f"its departure was not seen: there are no valid fixes from {before:%H:%M:%S} to {after:%H:%M:%S} (UTC), and "
        f"the departure at {event.departed_at:%H:%M:%S} is nearer to the plan of a later trip"
    )


def _off_s(trip: PlannedTrip, at: datetime) -> float:
    return abs((trip.planned_departure_at - at).total_seconds())


def _apart_s(trip: PlannedTrip, hidden: Hidden) -> float:
    """How far from the plan a departure within the hidden time is at least."""
    early_s = (trip.planned_departure_at - hidden.after.fixed_at).total_seconds()
    late_s = (hidden.before.fixed_at - trip.planned_departure_at).total_seconds()
    return max(early_s, late_s, 0.0)


def _lasts_s(hidden: Hidden) -> float:
    return (hidden.after.fixed_at - hidden.before.fixed_at).total_seconds()
