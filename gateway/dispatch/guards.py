"""What keeps a plan from being made, and what is only pointed out, as one table. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from gateway.dispatch.errors import DispatchConflictError


class Weight(StrEnum):
    """How much a finding weighs."""

    REFUSES = "refuses"
    MAY_BE_ACCEPTED = "may be accepted"  # by naming it in `accept`, with the reason of the change
    POINTED_OUT = "pointed out"


class Guard(StrEnum):
    """Every finding about a plan."""

    WRONG_PREMISES = "wrong_premises"
    TEST_ORDER = "test_order"
    NO_PLACE = "no_place"
    ON_ANOTHER_TRIP = "on_another_trip"
    NOT_READY = "not_ready"
    LEFT_THIS_TRIP = "left_this_trip"
    VEHICLE_RETIRED = "vehicle_retired"
    DRIVER_NOT_EMPLOYED = "driver_not_employed"
    VEHICLE_BUSY = "vehicle_busy"
    DRIVER_BUSY = "driver_busy"
    GOODS_ABOARD = "goods_aboard"
    NO_DEVICE = "no_device"
    SAME_DOOR = "same_door"
    LATE = "late"
    AFTER_HOURS = "after_hours"
    INTO_NEXT_TRIP = "into_next_trip"


_R, _M, _P = Weight.REFUSES, Weight.MAY_BE_ACCEPTED, Weight.POINTED_OUT
# Guard -> (weight, when, the way out); docs/dispatch.md has it as a table.
GUARDS: dict[Guard, tuple[Weight, str, str]] = {
    Guard.WRONG_PREMISES: (_R, "the order belongs to other premises than the trip", "plan it at its own premises"),
    Guard.TEST_ORDER: (_R, "the order was made with a test key", "place it with a real key"),
    Guard.NO_PLACE: (_R, "the order's address has no point yet", "resolve it: give the order lat and lon"),
    Guard.ON_ANOTHER_TRIP: (_R, "another trip holds the order that has not ended", "move it from there"),
    Guard.NOT_READY: (_R, "the order cannot be queued from its milestone", "declare what comes before"),
    Guard.LEFT_THIS_TRIP: (_R, "the order was on this trip already and was handed over", "plan it on another trip"),
    Guard.VEHICLE_RETIRED: (_R, "the vehicle is not in service at these premises", "take another vehicle"),
    Guard.DRIVER_NOT_EMPLOYED: (_R, "the driver is not employed on the day", "another driver, or other dates"),
    Guard.VEHICLE_BUSY: (
        _M, "the vehicle is on another trip then, by estimate", "another vehicle or departure, or accept it"
    ),
    Guard.DRIVER_BUSY: (
        _M, "somebody of the crew is on another trip then, by estimate", "another crew or departure, or accept it"
    ),
    Guard.GOODS_ABOARD: (
        _M, "the order leaves the trip in the yard, and its goods are in the van", "unload them, or say unloaded"
    ),
    Guard.NO_DEVICE: (_P, "no GPS unit is fitted in the vehicle: its way will not be on record", "fit one"),
    Guard.SAME_DOOR: (_P, "two orders for one door are not one after the other", "join_doors, or another sequence"),
    Guard.LATE: (_P, "by estimate the order misses its window", "another sequence, van or departure"),
    Guard.AFTER_HOURS: (
        _P, "by estimate the van is at the door when nothing may be handed over", "another sequence, van or departure"
    ),
    Guard.INTO_NEXT_TRIP: (
        _P, "with its new orders the trip runs into another of its vehicle or crew, by estimate",
        "another van, or a later departure of the other trip",
    ),
}  # fmt: skip


class Finding(msgspec.Struct, frozen=True):
    """A guard that has something to say."""

    guard: Guard
    says: str
    field: str = ""

    @property
    def weight(self) -> Weight:
        return GUARDS[self.guard][0]


def refuse(findings: Iterable[Finding], accepted: Sequence[str] = ()) -> None:
    """Raises when something refuses, or may be accepted and is not."""
    held = [
        one
        for one in findings
        if one.weight is Weight.REFUSES or (one.weight is Weight.MAY_BE_ACCEPTED and one.guard not in accepted)
    ]
    if not held:
        return
    says = "; ".join(one.says for one in held)
    if all(one.weight is Weight.MAY_BE_ACCEPTED for one in held):
        codes = ", ".join(sorted({f'"{one.guard}"' for one in held}))
        says += f"; to do it all the same, send accept: [{codes}] with a reason"
    errors = [{"at": one.field, "says": one.says, "code": one.guard.value} for one in held]
    raise DispatchConflictError(says, errors=errors)
