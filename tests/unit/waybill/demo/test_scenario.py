"""A demo's day: the same every time, and its fixes tell it without doubt. Starts nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from contract.fix import Fix
from firmware_bridge.sim.day import plan
from firmware_bridge.sim.feed import arrivals
from firmware_bridge.sim.vehicle import Activity
from gateway.tracking.engine import State, step
from gateway.tracking.events import Arrived, ArrivingSoon, Departed, Event, Left, MilestoneEvent, Returned
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy
from waybill.demo.map_data import load_addresses, load_streets
from waybill.demo.records import DayPlan, DemoDay, DemoVan
from waybill.demo.scenario import make_day, roles

STREETS = load_streets()
ADDRESSES = load_addresses()
EVERY = timedelta(seconds=5)
TWO = datetime(2026, 11, 23, 12, tzinfo=UTC)


@cache
def a_day(vehicles: int = 8, seed: int = 1, first_screen_at: datetime = TWO) -> DemoDay:
    plan = DayPlan(on=date(2026, 11, 23), first_screen_at=first_screen_at, seed=seed, vehicles=vehicles)
    return make_day(plan, STREETS, ADDRESSES)


def events_of(day: DemoDay, van: DemoVan) -> list[Event]:
    """What the real engine finds in the van's true positions, one every five seconds."""
    home = day.premises.place
    trips = tuple(
        PlannedTrip(
            trip_id=trip.key,
            planned_departure_at=trip.planned_departure_at,
            departed_at=None,
            drops=tuple(
                PlannedDrop(
                    drop_id=one.new.source_ref, order_id=one.new.source_ref, seq=seq, lat_e7=one.new.lat_e7,
                    lon_e7=one.new.lon_e7, arrived_at=None, left_at=None, closed=False,
                )
                for seq, one in enumerate(trip.orders, 1)
            ),
        )
        for trip in van.trips
    )  # fmt: skip
    planned = Plan(
        vehicle_id=van.vehicle,
        premises_id="demo",
        premises_lat_e7=round(home.lat_deg * 1e7),
        premises_lon_e7=round(home.lon_deg * 1e7),
        trips=trips,
    )
    state, found = State(), []
    driven = plan(van.driven(home), STREETS, day.seed)
    for seq in range(int((day.closes_at - day.opens_at) / EVERY)):
        instant = day.opens_at + seq * EVERY
        if any(outage.covers(instant) for outage in van.outages):
            continue
        truth = driven.at(instant)
        fix = Fix(
            device=van.device, spool_id="s", seq=seq + 1, fixed_at=instant, lat_e7=truth.lat_e7, lon_e7=truth.lon_e7,
            speed_mps=truth.speed_mps,
        )  # fmt: skip
        outcome = step(state, fix, planned, Policy())
        state = outcome.state
        found += outcome.events
    return found


def test_the_same_plan_gives_the_same_day() -> None:
    again = make_day(
        DayPlan(on=date(2026, 11, 23), first_screen_at=TWO, seed=1, vehicles=3), load_streets(), load_addresses()
    )

    assert again == a_day(3)


def test_another_seed_gives_another_day() -> None:
    assert a_day(1, seed=2).vans[0].trips != a_day(1).vans[0].trips


@pytest.mark.parametrize("van", a_day().vans, ids=lambda van: f"{van.vehicle}-{van.role}")
def test_what_the_engine_finds_is_what_the_van_does(van: DemoVan) -> None:
    expected: list[tuple[type[Event], str]] = []
    for trip in van.trips:
        expected.append((Departed, trip.key))
        for order in trip.orders:
            expected += [(Arrived, order.new.source_ref), (Left, order.new.source_ref)]
        expected.append((Returned, trip.key))
    if van.outages:  # what happens in silence is not found
        expected = [(kind, name) for kind, name in expected if kind in (Departed, Returned)]

    found = [
        (type(event), event.order_id if isinstance(event, Arrived | Left) else event.trip_id)
        for event in events_of(a_day(), van)
        if isinstance(event, MilestoneEvent)
        and not isinstance(event, ArrivingSoon)
        and not (van.outages and isinstance(event, Arrived | Left))
    ]

    assert found == expected


@pytest.mark.parametrize("hour", [9, 17])
def test_the_first_screen_shows_each_van_in_its_role(hour: int) -> None:
    screen = TWO.replace(hour=hour)
    day = a_day(6, 3, screen)

    truth = {van.vehicle: plan(van.driven(day.premises.place), STREETS, day.seed).at(screen) for van in day.vans}

    assert {van.role for van in day.vans} == {"door", "driving", "late", "silent", "home"}
    for van in day.vans:
        activity = truth[van.vehicle].activity
        assert (activity is Activity.AT_PREMISES) == (van.role == "home"), van.vehicle
        assert van.role != "door" or activity is Activity.AT_DOOR


def test_the_late_van_misses_the_windows_of_its_trip_and_the_others_keep_theirs() -> None:
    day = a_day()
    visits = {visit.order: visit for van in day.vans for visit in arrivals(van.driven(day.premises.place), STREETS, 1)}

    missed = {
        van.role
        for van in day.vans
        for trip in van.trips
        for order in trip.orders
        if visits[order.new.source_ref].arrived_at > order.new.window_to
    }

    assert missed == {"late"}


def test_every_order_goes_through_its_milestones_in_turn() -> None:
    for van in a_day().vans:
        for trip in van.trips:
            for one in trip.orders:
                new = one.new
                times = [new.placed_at, one.accepted_at, one.preparing_at, one.ready_at, trip.queued_at]
                assert times == sorted(times), new.source_ref
                assert timedelta(minutes=60) <= new.window_to - new.window_from <= timedelta(minutes=120)
                assert new.lines


def test_two_handoffs_fail_before_the_first_screen() -> None:
    day = a_day()
    failed = [
        order.new.source_ref
        for van in day.vans
        for trip in van.trips
        if trip.departs_at < day.first_screen_at
        for order in trip.orders
        if order.failure
    ]

    assert len(failed) >= 2


@pytest.mark.parametrize("vehicles", [1, 2, 3, 4, 12])
def test_any_number_of_vans_has_a_late_and_a_silent_one_as_soon_as_it_can(vehicles: int) -> None:
    shown = roles(vehicles)

    assert len(shown) == vehicles
    assert ("late" in shown) == (vehicles >= 2)
    assert ("silent" in shown) == (vehicles >= 3)
    assert shown[0] == "door"
