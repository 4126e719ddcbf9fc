"""Laws of plans and estimates, whatever the doors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contract.milestones import Milestone
from gateway.dispatch.estimate import POLICY, Door, Start, estimate, nearest_first
from gateway.dispatch.plan import PlannedOrder, TripPlan, join_doors, same_door

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
START = Start(NOON, 601709000, 249432000)


@st.composite
def doors(draw: st.DrawFn) -> list[Door]:
    """Up to eight doors in a city, some in the same house, each with a window of the day."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        north, east = draw(st.integers(-3, 3)), draw(st.integers(-3, 3))
        opens = NOON + timedelta(minutes=draw(st.integers(-60, 240)))
        closes = opens + timedelta(minutes=draw(st.integers(1, 180)))
        found.append(Door(UUID(int=number + 1), 601709000 + north * 90_000, 249432000 + east * 180_000, opens, closes))
    return found


def as_plan(found: list[Door]) -> TripPlan:
    drops = tuple(PlannedOrder(one.order_id, str(one.order_id.int), Milestone.QUEUED, one) for one in found)
    return TripPlan(UUID(int=99), "van-1", (), NOON, drops)


@given(doors())
def test_estimates_never_go_back_in_time_and_are_late_only_behind_the_window(found: list[Door]) -> None:
    arrivals = estimate(START, found)

    times = [NOON, *(one.arrival_at for one in arrivals)]
    assert times == sorted(times)
    for door, one in zip(found, arrivals, strict=True):
        assert (one.late_s > 0) == (one.arrival_at > door.window_to)


@given(doors(), st.data())
def test_one_order_less_makes_nobody_later(found: list[Door], data: st.DataObject) -> None:
    if not found:
        return
    gone = data.draw(st.sampled_from(found))
    left = [one for one in found if one is not gone]
    before = {one.order_id: one.arrival_at for one in estimate(START, found)}

    for one in estimate(START, left):
        # A minute: the second order at a door is parked for no more, once the first is gone.
        slack = timedelta(seconds=POLICY.at_door_s - POLICY.next_at_door_s + 1)
        assert one.arrival_at <= before[one.order_id] + slack


@given(doors(), st.integers(0, 3600))
def test_leaving_later_makes_nobody_earlier(found: list[Door], later_s: int) -> None:
    later = Start(NOON + timedelta(seconds=later_s), START.lat_e7, START.lon_e7)

    for now, then in zip(estimate(START, found), estimate(later, found), strict=True):
        assert now.arrival_at <= then.arrival_at <= now.arrival_at + timedelta(seconds=later_s)


@given(doors())
def test_joining_doors_keeps_every_order_and_leaves_nothing_between_orders_of_one_door(found: list[Door]) -> None:
    drops = join_doors(as_plan(found), POLICY).drops

    assert sorted(drop.order_id for drop in drops) == [one.order_id for one in found]
    for place, drop in enumerate(drops):
        for other in same_door(as_plan(found), drop.door, POLICY):
            between = drops[min(place, drops.index(other)) : max(place, drops.index(other))]
            assert {(one.door.lat_e7, one.door.lon_e7) for one in between} <= {(drop.door.lat_e7, drop.door.lon_e7)}


@given(doors())
def test_nearest_first_keeps_every_door(found: list[Door]) -> None:
    assert sorted(one.order_id for one in nearest_first((601709000, 249432000), found)) == [
        one.order_id for one in found
    ]
