"""What the trip page asks of a driver on the road: check-ins, stops to explain, a call for help. Does nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.check_ins import interval_of, next_due_at
from gateway.driver.road import OFFERED
from gateway.driver.trip_view import stage_of
from gateway.pages.times import PlaceTime
from gateway.pages.words import Words
from storage.check_ins import CheckIn, check_ins_of_trips
from storage.driver_trips import StopToExplain, stops_to_explain
from storage.trips import Trip

# As long a call for help stands on the page after it was heard.
_HELP_SHOWN = timedelta(hours=1)


class StopRow(msgspec.Struct, frozen=True):
    """A stop that wants a reason."""

    id: UUID
    says: str


class RoadPage(msgspec.Struct, frozen=True, kw_only=True):
    """Empty while the trip is not under way."""

    under_way: bool = False
    due: str | None = None  # None: the profile asks for no check-ins
    overdue: bool = False
    help: str | None = None  # what became of the last call for help
    stops: tuple[StopRow, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()


def road_page(connection: psycopg.Connection, trip: Trip, words: Words, now: datetime) -> RoadPage:
    """What there is to do on the road now; stops are asked for after the trip too."""
    times = PlaceTime(trip.head.tz, words)
    stops = tuple(StopRow(one.id, _stood(one, words, times, now)) for one in stops_to_explain(connection, trip.head.id))
    reasons = tuple((code.value, words(f"stop_{code}")) for code in OFFERED) if stops else ()
    if stage_of(trip) != "under_way":
        return RoadPage(stops=stops, reasons=reasons)
    said = check_ins_of_trips(connection, [trip.head.id])[trip.head.id]
    due_at = next_due_at(trip, said, interval_of(connection, trip, now))
    overdue = due_at is not None and now > due_at
    key = "check_in_overdue" if overdue else "check_in_due"
    return RoadPage(
        under_way=True, due=None if due_at is None else words(key, at=times.moment(due_at, now)), overdue=overdue,
        help=_help(said, words, times, now), stops=stops, reasons=reasons,
    )  # fmt: skip


def _help(said: list[CheckIn], words: Words, times: PlaceTime, now: datetime) -> str | None:
    calls = [one for one in said if one.kind == "emergency"]
    if not calls:
        return None
    last = calls[-1]
    if last.acknowledged_at is None:
        return words("help_called", at=times.moment(last.at, now))
    if now - last.acknowledged_at > _HELP_SHOWN:
        return None
    return words("help_heard", at=times.moment(last.acknowledged_at, now))


def _stood(stop: StopToExplain, words: Words, times: PlaceTime, now: datetime) -> str:
    since = times.moment(stop.began_at, now)
    if stop.ended_at is None:
        return words("stands", since=since)
    return words("stood", since=since, until=times.moment(stop.ended_at, now))
