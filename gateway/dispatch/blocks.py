"""What blocks a trip from leaving, by its profile and by what is aboard. Pure: asks nobody and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from contract.currencies import decimals_of
from gateway.dispatch.hours import HandingHours
from gateway.dispatch.profile import Profile, Rule

# Grams of one unit (NIST Handbook 44, appendix C).
_GRAMS = {
    "mg": Decimal("0.001"), "g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"),
    "lb": Decimal("453.59237"),
}  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """Goods of an order; aboard: how much of it is in the vehicle."""

    item: str
    quantity: Decimal
    aboard: Decimal
    unit: str
    unit_price_minor: int | None
    currency: str | None


class Bag(msgspec.Struct, frozen=True):
    """An order of the trip with its goods."""

    order_id: UUID
    order_no: str
    lines: tuple[Line, ...]
    is_cancelled: bool = False
    has_place: bool = True
    total_minor: int | None = None
    due_minor: int | None = None

    @property
    def is_loaded(self) -> bool:
        return all(line.aboard >= line.quantity for line in self.lines)

    @property
    def is_aboard(self) -> bool:
        return any(line.aboard > 0 for line in self.lines)


class Misplaced(msgspec.Struct, frozen=True):
    """A bag in the vehicle that belongs elsewhere; trip_no None: to no trip."""

    order_no: str
    trip_no: str | None
    vehicle: str | None
    was_loaded: bool = False  # it was on this trip when it was loaded


class Out(msgspec.Struct, frozen=True):
    """Another trip under way with the vehicle or with people of the crew."""

    trip_no: str
    vehicle: str | None  # None: another vehicle
    crew: tuple[str, ...] = ()


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """A trip as it stands in the yard."""

    at: datetime
    tz: str
    hours: dict[str, tuple[str, str]]  # weekday -> opens, closes; empty: always
    crew: int
    bags: tuple[Bag, ...]
    misplaced: tuple[Misplaced, ...] = ()
    out: tuple[Out, ...] = ()
    ledger_no: str | None = None
    ticked: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()  # papers, in words


class Block(msgspec.Struct, frozen=True):
    """One reason why the trip cannot leave."""

    rule: Rule
    says: str
    may_be_overridden: bool


def blocks(leaving: Leaving, profile: Profile) -> list[Block]:
    """Everything that holds the trip back, in the order in which it is put right."""
    found = (
        *_orders(leaving, profile), *_out(leaving), *_people(leaving, profile), *_load(leaving, profile),
        *_caps(leaving, profile),
    )  # fmt: skip
    lifted = ({*profile.may_be_overridden} | _ALWAYS_LIFTED) - _NEVER_LIFTED
    return [Block(rule, says, rule in lifted) for rule, says in found]


Found = Iterator[tuple[Rule, str]]

# Whatever the profile says: a return may not have been seen yet, and nobody drives to a place that is not known.
_ALWAYS_LIFTED = frozenset({Rule.VEHICLE_OUT, Rule.CREW_OUT})
_NEVER_LIFTED = frozenset({Rule.NO_PLACE})


def _orders(leaving: Leaving, profile: Profile) -> Found:
    going = [bag for bag in leaving.bags if not bag.is_cancelled]
    if len(going) < profile.min_orders:
        yield Rule.ORDERS, f"{len(going)} orders are on the trip, {profile.min_orders} must be"
    for bag in going:
        if not bag.has_place:
            yield Rule.NO_PLACE, f"order {bag.order_no} has no place: resolve its address"


def _out(leaving: Leaving) -> Found:
    for one in leaving.out:
        way_out = "say that it ended"
        if one.vehicle is not None:
            yield Rule.VEHICLE_OUT, f"{one.vehicle} is out on trip {one.trip_no}: {way_out}"
        if one.crew:
            yield Rule.CREW_OUT, f"{', '.join(one.crew)} of the crew is out on trip {one.trip_no}: {way_out}"


def _people(leaving: Leaving, profile: Profile) -> Found:
    if leaving.crew < profile.min_crew:
        yield Rule.CREW, f"{leaving.crew} people are in the crew, {profile.min_crew} must be"
    value = load_value_minor(leaving.bags)
    above = profile.second_above_minor
    if above is not None and leaving.crew < 2 and (value is None or value > above):
        yield (
            Rule.CREW,
            f"a load above {_money(above, profile)} needs two people, and this one is {_worth(value, profile)}",
        )
    for paper in leaving.expired:
        yield Rule.DOCUMENTS, paper
    if (says := HandingHours(leaving.tz, leaving.hours, profile).outside(leaving.at)) is not None:
        yield Rule.HOURS, says
    if profile.ledger_number_before_departure and not leaving.ledger_no:
        yield Rule.LEDGER_NUMBER, "the track-and-trace ledger has no number yet: make it there and put the number here"
    for item in profile.checklist:
        if item not in leaving.ticked:
            yield Rule.CHECKLIST, f"{item} is not ticked"


def _load(leaving: Leaving, profile: Profile) -> Found:
    for bag in leaving.bags:
        if bag.is_cancelled and bag.is_aboard:
            yield Rule.CANCELLED_ABOARD, f"order {bag.order_no} is cancelled, and its goods are aboard: take them out"
    for one in leaving.misplaced:
        where = f"trip {one.trip_no} ({one.vehicle})" if one.trip_no else "no trip"
        if one.was_loaded:
            says = f"order {one.order_no} was taken off this trip (it is on {where}), its goods are aboard: unload them"
            yield Rule.LEFT_ABOARD, says
        else:
            yield Rule.WRONG_BAG, f"order {one.order_no} is in this van and belongs to {where}"
    if not profile.load_check:
        return
    for bag in leaving.bags:
        if not bag.is_cancelled and not bag.is_loaded:
            missing = ", ".join(line.item for line in bag.lines if line.aboard < line.quantity)
            yield Rule.NOT_LOADED, f"order {bag.order_no} is not loaded: {missing}"


def _caps(leaving: Leaving, profile: Profile) -> Found:
    value = load_value_minor(leaving.bags)
    cap = profile.max_load_value_minor
    if cap is not None and (value is None or value > cap):
        yield Rule.LOAD_VALUE, f"the load is {_worth(value, profile)}, {_money(cap, profile)} are allowed"
    if cap is not None and (foreign := _foreign(leaving.bags, profile)):
        yield Rule.LOAD_VALUE, f"the caps are in {profile.currency}, and there are prices in {foreign}"
    if (cap := profile.max_unordered_value_minor) is not None:
        unordered = _unordered_minor(leaving.bags)
        if unordered is None or unordered > cap:
            yield (
                Rule.UNORDERED_VALUE,
                f"goods nobody ordered are {_worth(unordered, profile)}, {_money(cap, profile)} are allowed",
            )
    if (cap := profile.max_load_mass_g) is not None and (mass_g := load_mass_g(leaving.bags)) > cap:
        yield Rule.LOAD_MASS, f"the load weighs {mass_g.normalize():f} g, {cap} g are allowed"
    if (share := profile.min_prepaid_share) is not None:
        paid = _prepaid_share(leaving.bags)
        if paid is None or paid < share:
            known = "not known" if paid is None else f"{paid:.0%}"
            yield Rule.PREPAID, f"the share that is paid before leaving is {known}, {share:.0%} must be"


def load_value_minor(bags: Sequence[Bag]) -> int | None:
    """What the goods of the trip are worth at retail price; None: a price is not known."""
    values = [_value(bag) for bag in bags if not bag.is_cancelled or bag.is_aboard]
    return None if any(one is None for one in values) else sum(one or 0 for one in values)


def load_mass_g(bags: Sequence[Bag]) -> Decimal:
    """What the goods weigh whose unit is a mass."""
    lines = [line for bag in bags if not bag.is_cancelled or bag.is_aboard for line in bag.lines]
    return sum((grams(line.quantity, line.unit) for line in lines), Decimal(0))


def grams(quantity: Decimal, unit: str) -> Decimal:
    """What so much of something weighs; 0 when its unit is no mass."""
    return quantity * _GRAMS.get(unit, Decimal(0))


def _unordered_minor(bags: Sequence[Bag]) -> int | None:
    """What is aboard of cancelled orders, at retail price; None: a price is not known."""
    inside = [line for bag in bags if bag.is_cancelled for line in bag.lines if line.aboard > 0]
    if any(line.unit_price_minor is None for line in inside):
        return None
    return round(sum((line.aboard * (line.unit_price_minor or 0) for line in inside), Decimal(0)))


def _value(bag: Bag) -> int | None:
    if any(line.unit_price_minor is None for line in bag.lines):
        return None
    return round(sum((line.quantity * (line.unit_price_minor or 0) for line in bag.lines), Decimal(0)))


def _prepaid_share(bags: Sequence[Bag]) -> float | None:
    going = [bag for bag in bags if not bag.is_cancelled]
    if any(bag.total_minor is None for bag in going):
        return None
    total = sum(bag.total_minor or 0 for bag in going)
    # What is to be collected at the door is not paid; when nobody said, all of it may still be.
    paid = sum((bag.total_minor or 0) - min(bag.due_minor or 0, bag.total_minor or 0) for bag in going
               if bag.due_minor is not None)  # fmt: skip
    return 1.0 if total == 0 else paid / total


def _foreign(bags: Sequence[Bag], profile: Profile) -> str:
    wanted = profile.currency
    found = {line.currency for bag in bags for line in bag.lines if line.currency and line.currency != wanted}
    return ", ".join(sorted(found)) if wanted else ""


def _worth(value_minor: int | None, profile: Profile) -> str:
    return "of unknown value (a price is missing)" if value_minor is None else _money(value_minor, profile)


def _money(minor: int, profile: Profile) -> str:
    places = decimals_of(profile.currency)
    return f"{minor / 10**places:.{places}f} {profile.currency or ''}".strip()
