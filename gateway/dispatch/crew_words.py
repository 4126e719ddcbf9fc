"""Whose word it is when somebody speaks for a crew: their own, or that of staff who were told. Records nothing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from gateway.dispatch.errors import DispatchError
from storage.audit import Actor
from storage.trips import Trip, TripCrew


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """Who says it: somebody of a crew, or staff who name somebody and say how they know."""

    actor: Actor
    driver_id: UUID | None  # of whoever says it, when they drive
    premises_ids: list[UUID] | None  # where they may speak for others; None: everywhere
    employee_no: str | None
    reason: str | None  # how staff know


class Spoken(msgspec.Struct, frozen=True):
    """Somebody of a crew, and how staff know what they said; None: it is their own word."""

    member: TripCrew
    reason: str | None


def spoken(trips: Sequence[Trip], word: Word, reason_field: str) -> Spoken:
    """Raises when it is nobody's word: of no crew of these trips (of one premises), or without how staff know it."""
    crew = [member for trip in trips for member in trip.crew]
    own = next((one for one in crew if one.driver_id == word.driver_id), None)
    if own is not None and word.employee_no in (None, own.employee_no):
        return Spoken(own, None)
    if word.premises_ids is not None and trips[0].head.premises_id not in word.premises_ids:
        raise DispatchError("each of a crew speaks for themselves: leave employee_no out", field="body.employee_no")
    if word.employee_no is None:
        says = "you are not of the crew: name who of it said so with employee_no, and how you know"
        raise DispatchError(says, field="body.employee_no")
    named = next((one for one in crew if one.employee_no == word.employee_no), None)
    if named is None:
        crews = [f"{one.head.trip_no}: {', '.join(each.employee_no for each in one.crew)}" for one in trips]
        says = f"{word.employee_no} is in no crew of it; {'; '.join(crews)}"
        raise DispatchError(says, field="body.employee_no")
    if word.reason is None:
        says = f"say how you know it from {word.employee_no}, such as 'told by radio'"
        raise DispatchError(says, field=reason_field)
    return Spoken(named, word.reason)
