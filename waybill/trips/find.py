"""Finds the trip, or the finding on a trip, that somebody names at the terminal. Reads through the reader's views."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from waybill.invocation import CommandError

if TYPE_CHECKING:
    import psycopg

    from storage.reading_rows import PremisesRow
    from storage.trip_story import DeviationStory, GapStory, StopStory, TripStory, VisitStory, ZoneVisitStory

    Finding = StopStory | VisitStory | ZoneVisitStory | GapStory | DeviationStory


def premises_of(connection: psycopg.Connection, code: str | None) -> list[PremisesRow]:
    """The premises of this code; without a code all."""
    from storage.reads import all_premises_ids, premises_list

    known = premises_list(connection, all_premises_ids(connection))
    if code is not None and code not in {one.code for one in known}:
        codes = ", ".join(one.code for one in known) or "none yet: waybill init"
        raise CommandError(f"there are no premises {code}; known: {codes}")
    return [one for one in known if code in (None, one.code)]


def find_story(connection: psycopg.Connection, name: str, code: str | None) -> TripStory:
    """The trip of this number or id with all that counts of it."""
    from storage.trip_story import trip_story, trips_named

    known = premises_of(connection, code)
    premises = [one.id for one in known]
    found = trips_named(connection, premises, name)
    if not found:
        raise CommandError(f"there is no trip {name!r}")
    if len(found) > 1:
        codes = ", ".join(one.code for one in known if one.id in {trip.premises_id for trip in found})
        raise CommandError(f"several premises have a trip {name}; name one with --premises: {codes}")
    return trip_story(connection, premises, found[0])


def find_finding(
    connection: psycopg.Connection, kind: str, name: str, code: str | None
) -> tuple[TripStory, Finding, int]:
    """TRIP/N or an id: the story of its trip, the finding, and its number on the trip."""
    trip, slash, place = name.rpartition("/")
    if not slash:
        return _by_id(connection, kind, name, code)
    story = find_story(connection, trip, code)
    found = of_kind(story, kind)
    if not place.isdecimal() or not 1 <= int(place) <= len(found):
        numbers = f"1 to {len(found)}" if found else "none"
        raise CommandError(f"{kind} {name!r}: trip {story.trip.trip_no} has {numbers}: waybill trip show")
    return story, found[int(place) - 1], int(place)


def of_kind(story: TripStory, kind: str) -> list[Finding]:
    """The findings of one kind in the version that counts."""
    match kind:
        case "stop":
            return [*story.stops]
        case "arrival":
            return [visit for visit in story.visits if visit.arrived_at is not None]
        case "zone":
            return [*story.zone_visits]
        case "gap":
            return [*story.gaps]
        case _:
            return [*story.deviations]


def _by_id(connection: psycopg.Connection, kind: str, name: str, code: str | None) -> tuple[TripStory, Finding, int]:
    from storage.reads import all_premises_ids
    from storage.trip_story import trip_of_finding

    try:
        finding_id = UUID(name)
    except ValueError:
        raise CommandError(f"{kind} {name!r} is neither an id nor TRIP/N, such as T-0007/3") from None
    found = trip_of_finding(connection, all_premises_ids(connection), finding_id)
    if found is None:
        raise CommandError(f"there is no {kind} {name}")
    trip_no, trip_id, counts = found
    story = find_story(connection, str(trip_id), code)
    for place, one in enumerate(of_kind(story, kind), 1):
        if one.id == finding_id:
            return story, one, place
    why = "is another kind of finding" if counts else "belongs to a version that no longer counts"
    raise CommandError(f"{name} on {trip_no} {why}: waybill trip show {trip_no}")
