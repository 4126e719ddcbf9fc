"""What the vehicle says of a handoff, and what it said before: in words and numbers. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from waybill.invocation import CommandError
from waybill.trips.find import premises_of
from waybill.trips.words import away_from, fixes, place, span, time

if TYPE_CHECKING:
    import psycopg

    from storage.witness import HandoffHead, Witness

_CLOCKS = {
    "phone": "counted back from the phone's clock to the server's",
    "told": "as whoever told it said",
}


def explanation(connection: psycopg.Connection, name: str, code: str | None) -> list[str]:
    """Of the handoff of this id, or ORDER/N; an order with one attempt needs no N."""
    from storage.trip_story import thresholds
    from storage.witness import witness_story

    one = _find(connection, name, code)
    lines = [*_said(one)]
    judged = witness_story(connection, [one.premises_id], one.id)
    if not judged:
        return [*lines, "It was not held against the vehicle yet: that is done when its time is over, by the worker."]
    newest, *older = judged
    held = thresholds(connection, one.premises_id, newest.policy_version)
    return [*lines, *_judged(newest, held), *_before(older), _version(newest)]


def _find(connection: psycopg.Connection, name: str, code: str | None) -> HandoffHead:
    from storage.witness import handoffs_named

    order, slash, number = name.rpartition("/")
    known = [one.id for one in premises_of(connection, code)]
    found = handoffs_named(connection, known, order if slash else name)
    if not found:
        raise CommandError(
            f"there is no handoff {name!r}: an id or ORDER/N, such as 1001/2, of an order that was tried"
        )
    if len({one.premises_id for one in found}) > 1:
        raise CommandError(f"several premises have an order {order or name}; name one with --premises")
    chosen = [one for one in found if not slash or str(one.attempt_no) == number]
    if len(chosen) != 1:
        numbers = ", ".join(str(one.attempt_no) for one in found)
        raise CommandError(
            f"handoff {name!r}: order {found[0].order_no} has the attempts {numbers}; name one as ORDER/N"
        )
    return chosen[0]


def _said(one: HandoffHead) -> Iterator[str]:
    trip = "on no trip" if one.trip_no is None else f"on {one.trip_no}"
    yield f"Order {one.order_no}, attempt {one.attempt_no}: {one.outcome} at {time(one.at)} {trip}, says {one.actor}."
    if one.offline:
        heard = "" if one.contact_at is None else f"; the phone had heard of the server last at {time(one.contact_at)}"
        yield f"It was told later, from out of reach{heard}."
    if one.phone_at is not None:
        yield f"The phone's own clock showed {time(one.phone_at)}."


def _judged(one: Witness, held: dict[str, Any]) -> Iterator[str]:
    yield f"{one.verdict.replace('_', ' ').capitalize()}: {one.why}."
    yield (
        f"Held against the vehicle at {time(one.at)}, {_CLOCKS[one.clock]}, and {span(one.within_s)} before and after. "
        f"Standing within {_value(held, 'witness_radius_m')} m of the door, slower than "
        f"{_value(held, 'slow_mps')} m/s, corroborates. Where it was unseen it may have driven "
        f"{_value(held, 'witness_reach_mps')} m/s."
    )
    if one.lat_e7 is not None and one.lon_e7 is not None:
        yield f"The door: {place(one.lat_e7, one.lon_e7)}."
        if one.evidence:
            yield "The fixes around it:"
            yield from fixes(one.evidence, away_from(one.lat_e7, one.lon_e7))
    if one.heard_to is not None:
        yield f"The newest fix that was there then: {time(one.heard_to)}."


def _before(older: list[Witness]) -> Iterator[str]:
    for one in older:
        verdict = one.verdict.replace("_", " ")
        yield f"Before, version {one.version} ({one.cause}, {time(one.made_at)}): {verdict}, {one.why}."


def _version(one: Witness) -> str:
    trip = "" if one.derivation_version is None else f", by version {one.derivation_version} of the trip"
    return f"Version {one.version} ({one.cause}, made {time(one.made_at)}){trip}, policy {one.policy_version}."


def _value(held: dict[str, Any], name: str) -> str:
    value = held.get(name)
    return "?" if value is None else f"{value:g}"
