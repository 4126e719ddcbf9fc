"""A whole day of orders and vans over HTTP, with what goes wrong: every order ends, every record is complete."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.acceptance.day import OPENS_AT, SLICE, doors, fates, running_day
from tests.acceptance.day_checks import (
    assert_audited,
    assert_every_order_ended,
    assert_nothing_aboard,
    assert_records_complete,
)
from tests.acceptance.day_dispatch import Dispatch
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports

TROUBLES = {
    "wrong bag", "another sequence", "urgent", "breakdown", "transfer", "partial", "failed", "second attempt",
    "cancelled early", "cancelled before loading", "cancelled in the yard", "cancelled on the road",
}  # fmt: skip
LONGEST_SLICES = 120


def drive(day: Dispatch, orders: int, wanted: Counter[str], farthest_m: float) -> None:
    """Orders come in over the morning, vans go out until nothing is left."""
    chance = random.Random("an acceptance day")
    chosen = zip(doors(chance, orders, farthest_m), fates(wanted, orders, chance), strict=True)
    coming = [(f"{number:03d}", door, fate) for number, (door, fate) in enumerate(chosen, 1)]
    at_once = -(-orders // 3)
    for slice_no in range(1, LONGEST_SLICES):
        batch, coming = coming[:at_once], coming[at_once:]
        if batch:
            placed = [day.place_order(*one) for one in batch]
            day.say_ready(placed)
            day.cancel_early(placed)
        day.send_out()
        day.let_time_pass(OPENS_AT + slice_no * SLICE)
        day.read_plans()
        day.trouble()
        if not (coming or day.ready or day.runs):
            return
    raise AssertionError(f"under way still: {day.runs}, ready: {day.ready}")


def play(day: Dispatch, vans: int, orders: int, wanted: Counter[str], farthest_m: float) -> None:
    for number in range(1, vans + 1):
        day.add_van(number)
    drive(day, orders, wanted, farthest_m)
    # What fixes show of the returns is worked off by the worker.
    eventually(lambda: day.rows("SELECT count(*) FROM waybill.trip WHERE ended_at IS NULL") == [(0,)], 60)
    eventually(lambda: day.rows("SELECT count(*) FROM waybill.derivation_queue WHERE due_at < now()") == [(0,)], 60)
    assert set(day.happened) >= TROUBLES, TROUBLES - set(day.happened)
    assert_every_order_ended(day)
    assert_nothing_aboard(day)
    assert_records_complete(day)
    assert_audited(day)


def test_a_short_day_ends_with_every_order_in_its_final_state_and_a_complete_record(
    database: Database, broker: Broker, server_ports: Ports, make_device: Callable[[str], Device]
) -> None:
    wanted = Counter(dict.fromkeys(sorted(TROUBLES & {
        "partial", "failed", "second attempt", "cancelled early", "cancelled before loading", "cancelled in the yard",
        "cancelled on the road",
    }), 1))  # fmt: skip
    wanted["partial"] = 3  # one of them is in the van that fails
    with running_day(Dispatch, database, broker, server_ports.claim(0), make_device) as day:
        day.per_trip = 5
        play(day, 3, 24, wanted, 600)


@pytest.mark.long
def test_a_day_of_200_orders_and_12_vans(
    database: Database, broker: Broker, server_ports: Ports, make_device: Callable[[str], Device]
) -> None:
    wanted = Counter({
        "partial": 8, "failed": 8, "second attempt": 8, "cancelled early": 5, "cancelled before loading": 5,
        "cancelled in the yard": 4, "cancelled on the road": 6,
    })  # fmt: skip
    with running_day(Dispatch, database, broker, server_ports.claim(0), make_device) as day:
        day.per_trip = 6
        play(day, 12, 200, wanted, 1500)
