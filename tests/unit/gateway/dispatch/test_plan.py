"""Plans and their changes, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from contract.milestones import Milestone
from gateway.dispatch.errors import DispatchError
from gateway.dispatch.estimate import POLICY, Door
from gateway.dispatch.guards import GUARDS, Finding, Guard, refuse
from gateway.dispatch.plan import PlannedOrder, TripPlan, insert, join_doors, remove, resequence

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def planned(number: int, east: int | None = None, milestone: Milestone = Milestone.QUEUED) -> PlannedOrder:
    place = (600000000, 249000000 + 100_000 * (number if east is None else east))
    door = Door(UUID(int=number), *place, NOON, NOON + timedelta(hours=1))
    return PlannedOrder(door.order_id, str(number), milestone, door)


def trip(*orders: PlannedOrder) -> TripPlan:
    return TripPlan(UUID(int=99), "van-1", (), NOON, orders)


def sequence(plan: TripPlan) -> str:
    return "".join(drop.order_no for drop in plan.drops)


DONE = planned(1, milestone=Milestone.DELIVERED)


@pytest.mark.parametrize(("position", "expected"), [(1, "1423"), (2, "1243"), (3, "1234"), (None, "1234")])
def test_a_position_counts_the_open_drops(position: int | None, expected: str) -> None:
    assert sequence(insert(trip(DONE, planned(2), planned(3)), planned(4), position, POLICY)) == expected


def test_a_position_behind_the_end_is_refused() -> None:
    with pytest.raises(DispatchError, match="the trip has 1 open drops"):
        insert(trip(DONE, planned(2)), planned(4), 3, POLICY)


def test_without_a_position_an_order_goes_behind_its_own_door() -> None:
    assert sequence(insert(trip(planned(1), planned(2)), planned(3, east=1), None, POLICY)) == "132"


def test_one_door_with_windows_that_do_not_meet_is_not_joined() -> None:
    evening = planned(3, east=1)
    door = msgspec.structs.replace(
        evening.door, window_from=NOON + timedelta(hours=5), window_to=NOON + timedelta(hours=6)
    )

    plan = join_doors(trip(planned(1), planned(2), msgspec.structs.replace(evening, door=door)), POLICY)

    assert sequence(plan) == "123"


def test_joining_doors_keeps_the_rest_of_the_sequence() -> None:
    assert sequence(join_doors(trip(planned(1), planned(2), planned(3, east=1), planned(4)), POLICY)) == "1324"


def test_what_is_over_stays_before_the_new_sequence() -> None:
    plan = trip(DONE, planned(2), planned(3))

    assert sequence(resequence(plan, [UUID(int=3), UUID(int=2)])) == "132"


@pytest.mark.parametrize(("wanted", "says"), [([2], "misses 3"), ([2, 3, 3], "twice"), ([2, 3, 1], "not open")])
def test_a_sequence_that_is_not_the_open_orders_is_refused(wanted: list[int], says: str) -> None:
    with pytest.raises(DispatchError, match=says):
        resequence(trip(DONE, planned(2), planned(3)), [UUID(int=one) for one in wanted])


def test_another_sequence_drops_the_planned_way() -> None:
    plan = trip(planned(1), planned(2))

    assert plan.keeps_route
    assert not remove(plan, UUID(int=1)).keeps_route


def test_every_guard_has_its_weight_meaning_and_way_out() -> None:
    assert set(GUARDS) == set(Guard)


def test_only_what_refuses_or_is_not_accepted_is_raised() -> None:
    late, busy = Finding(Guard.LATE, "late"), Finding(Guard.VEHICLE_BUSY, "van-1 is on T-2", "vehicle")

    refuse([late])
    refuse([late, busy], ["vehicle_busy"])
    with pytest.raises(DispatchError, match=r'accept: \["vehicle_busy"\]') as told:
        refuse([late, busy])
    assert told.value.errors == [{"at": "vehicle", "says": "van-1 is on T-2", "code": "vehicle_busy"}]
    with pytest.raises(DispatchError):
        refuse([Finding(Guard.TEST_ORDER, "a test")], ["test_order"])
