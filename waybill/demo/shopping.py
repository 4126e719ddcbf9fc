"""Invents the orders of a demo's trip and the crews: who wants what, when, and how the handoff ends. Drives nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from contract.reasons import FailureReason
from storage.orders import NewLine, NewOrder
from waybill.demo.catalogue import FIRST_NAMES, FOR_ADULTS, GOODS, LAST_NAMES, NOTES
from waybill.demo.records import SOURCE, DemoDriver, DemoOrder
from waybill.demo.rounds import Round, tight_window, window_around

FAILURE_SHARE = 0.01
FAILURES = (FailureReason.NO_VALID_ID, FailureReason.RECIPIENT_ABSENT, FailureReason.REFUSED_BY_RECIPIENT)


def crew_of(number: int) -> tuple[DemoDriver, ...]:
    """The crew of van `number`: every third van has a second person."""
    people = [number] if number % 3 else [number, number + 100]
    return tuple(DemoDriver(f"E-{person:03d}", _name(person)) for person in people)


def ref_of(on: date, vehicle: str, trip: int, drop: int) -> str:
    """The order's number in the shop's system: the same on every run."""
    return f"S{on:%y%m%d}-{vehicle.removeprefix('van-'):0>2}-{trip}{drop}"


def make_orders(
    chance: Random, refs: list[str], doors: Round, planned_departure_at: datetime, queued_at: datetime, *, tight: bool
) -> tuple[DemoOrder, ...]:
    """One order for each door; `tight` windows leave no room for a late departure."""
    orders = []
    for place_in_round, (ref, address) in enumerate(zip(refs, doors.doors, strict=False)):
        planned_at = _whole_minute(planned_departure_at + timedelta(seconds=doors.arrive_after_s[place_in_round]))
        preparing_at = queued_at - timedelta(seconds=chance.randrange(20 * 60, 45 * 60))
        placed_at = preparing_at - timedelta(seconds=chance.randrange(40 * 60, 200 * 60))
        window_from, window_to = tight_window(planned_at) if tight else window_around(chance, planned_at)
        new = NewOrder(
            source=SOURCE,
            source_ref=ref,
            customer_name=f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}",
            customer_phone=f"+358 00 {chance.randrange(1000):03d} {chance.randrange(10_000):04d}",  # 00: nobody's
            address=f"{address.text}, Helsinki",
            lat_e7=round(address.place.lat_deg * 1e7),
            lon_e7=round(address.place.lon_deg * 1e7),
            window_from=window_from,
            window_to=window_to,
            placed_at=placed_at,
            note=chance.choice(NOTES) if chance.random() < 0.2 else None,
            currency="EUR",
            lines=_lines(chance),
        )
        orders.append(
            DemoOrder(
                new=new,
                place=address.place,
                accepted_at=placed_at + timedelta(seconds=chance.randrange(40, 240)),
                preparing_at=preparing_at,
                ready_at=preparing_at + timedelta(seconds=chance.randrange(7 * 60, 16 * 60)),
                planned_arrival_at=planned_at,
                service_s=doors.service_s[place_in_round],
                failure=chance.choice(FAILURES) if chance.random() < FAILURE_SHARE else None,
            )
        )
    return tuple(orders)


def _lines(chance: Random) -> tuple[NewLine, ...]:
    chosen = chance.sample(GOODS, chance.randint(1, 4))
    if not any(goods.category in FOR_ADULTS for goods in chosen):
        chosen.append(GOODS[chance.randrange(3)])
    return tuple(
        NewLine(
            item=goods.item,
            category=goods.category,
            tag=f"FI-{chance.randrange(10**10):010d}" if goods.category in FOR_ADULTS else None,
            quantity=Decimal(chance.choice((1, 1, 1, 2, 2, 3))),
            unit=goods.unit,
            unit_price_minor=goods.price_minor,
        )
        for goods in chosen
    )


def _name(person: int) -> str:
    # 7 and 26, 11 and 27 share no factor: the first names go round before anybody has another's.
    return f"{FIRST_NAMES[person * 7 % len(FIRST_NAMES)]} {LAST_NAMES[person * 11 % len(LAST_NAMES)]}"


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
