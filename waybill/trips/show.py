"""A trip on the terminal: times, stops, visits, gaps, coverage, deviations, facts, versions. Reads nothing."""

from __future__ import annotations

from storage.trip_story import FactsStory, TripStory, ZoneVisitStory
from waybill.terminal import say, show_table
from waybill.trips.words import difference, gap_until, lasted, place, span, time


def show(story: TripStory) -> None:
    """All that counts, and which versions there were."""
    trip = story.trip
    say(f"{trip.trip_no}: {trip.vehicle_name}{f', {trip.crew}' if trip.crew else ''}, planned for "
        f"{time(trip.planned_departure_at)}")  # fmt: skip
    _times(story)
    if story.stops:
        say("\nstops")
        rows = [
            (place_no, time(one.began_at), lasted(one.began_at, one.ended_at), one.reason,
             "" if one.given_by is None else f"{one.given_by}{f': {one.note}' if one.note else ''}",
             "" if one.permitted else "not permitted", place(one.lat_e7, one.lon_e7))
            for place_no, one in enumerate(story.stops, 1)
        ]  # fmt: skip
        show_table(("", "since", "for", "reason", "given by", "", "where"), rows)
    _doors(story)
    _zones(story)
    _gaps(story)
    if story.facts is not None:
        say(f"\ndriven: {_facts(story.facts)}")
    _exceptions(story)
    _versions(story)


def _times(story: TripStory) -> None:
    counts, trip = story.counts, story.trip
    detected = (None, None) if counts is None else (counts.departed_at, counts.returned_at)
    rows = [
        (name, time(counted), time(found), time(said), difference(found, said))
        for name, counted, found, said in (
            ("departure", trip.departed_at, detected[0], trip.declared_departed_at),
            ("return", trip.ended_at, detected[1], trip.declared_ended_at),
        )
    ]
    show_table(("", "counts", "detected", "declared", "difference"), rows)
    if counts is not None and counts.unseen_why is not None:
        say(f"ended: {counts.unseen_why}")


def _doors(story: TripStory) -> None:
    visits = [one for one in story.visits if one.arrived_at is not None]
    if visits:
        say("\ndoors")
        rows = [
            (number, one.order_no, time(one.arrived_at), time(one.left_at),
             "between two fixes" if one.inferred else "")
            for number, one in enumerate(visits, 1)
        ]  # fmt: skip
        show_table(("", "order", "arrived", "left", ""), rows)


def _zones(story: TripStory) -> None:
    if story.zone_visits:
        say("\nzones")
        rows = [
            (number, one.zone_name, one.zone_kind, time(one.entered_at), time(one.left_at), _unsure(story, one))
            for number, one in enumerate(story.zone_visits, 1)
        ]
        show_table(("", "zone", "kind", "entered", "left", ""), rows)
    if story.deviations:
        say("\noff the planned way")
        away = [
            (number, time(one.began_at), lasted(one.began_at, one.ended_at), f"{one.worst_m:.0f} m")
            for number, one in enumerate(story.deviations, 1)
        ]
        show_table(("", "since", "for", "at worst"), away)


def _unsure(story: TripStory, one: ZoneVisitStory) -> str:
    gap = gap_until(story, one.left_at)
    first = "first seen inside" if one.first_seen else ""
    left = "" if gap is None else f"left within the gap since {time(gap.began_at)}"
    return ", ".join(filter(None, (first, left)))


def _gaps(story: TripStory) -> None:
    if story.gaps:
        say("\ngaps")
        rows = [
            (number, time(one.began_at), lasted(one.began_at, one.ended_at), one.cause,
             "provisional" if one.provisional else "", one.why)
            for number, one in enumerate(story.gaps, 1)
        ]  # fmt: skip
        show_table(("", "since", "for", "cause", "", "why"), rows)
    covered = [
        f"{'trip' if one.order_no is None else f'order {one.order_no}'} {one.covered_pct:.1f} %"
        for one in story.coverage if one.covered_pct is not None
    ]  # fmt: skip
    if covered:
        say(f"\ncovered by valid fixes: {', '.join(covered)}")


def _facts(facts: FactsStory) -> str:
    words = [f"{facts.distance_m / 1000:.1f} km", f"moving {span(facts.moving_s)}", f"standing {span(facts.stopped_s)}"]
    if facts.idling_s is not None:
        words.append(f"idling {span(facts.idling_s)}")
    if facts.unseen_s:
        words.append(f"unseen {span(facts.unseen_s)} ({facts.unseen_m / 1000:.1f} km as the crow flies)")
    if facts.max_speed_mps is not None:
        words.append(f"at most {facts.max_speed_mps * 3.6:.0f} km/h")
    if facts.harsh_brakings is not None:
        words.append(f"{facts.harsh_brakings} harsh brakings, {facts.harsh_accelerations} harsh accelerations")
    return ", ".join(words)


def _exceptions(story: TripStory) -> None:
    if story.exceptions:
        say("\nexceptions")
        rows = [
            (str(one.id), one.kind, time(one.from_at), one.rule,
             "withdrawn" if one.withdrawn else one.explanation or "open")
            for one in story.exceptions
        ]  # fmt: skip
        show_table(("exception", "kind", "since", "rule", "explanation"), rows)


def _versions(story: TripStory) -> None:
    if not story.versions:
        say("\nnothing was found yet")
        return
    say("\nversions")
    rows = [
        (one.version, one.cause, time(one.made_at), one.policy_version, one.fixes,
         "counts" if one.superseded_at is None else f"until {time(one.superseded_at)}", "final" if one.final else "")
        for one in story.versions
    ]  # fmt: skip
    show_table(("version", "cause", "made", "policy", "fixes", "", ""), rows)
