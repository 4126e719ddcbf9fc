"""A van fails under way: who could take its goods over, and the split of its orders. Commits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import psycopg

from contract.geo import distance_m
from contract.milestones import Milestone
from gateway.dispatch.blocks import grams, load_mass_g, load_value_minor
from gateway.dispatch.changes import Workbench, WorkedOut, must_be_open
from gateway.dispatch.drafting import WantedMember, busy, crew_at, plan_of, premises_by_id, start_of, vehicle_at
from gateway.dispatch.errors import DispatchConflictError, DispatchError
from gateway.dispatch.estimate import POLICY, STRAIGHT, Point, Start, Ways
from gateway.dispatch.guards import refuse
from gateway.dispatch.loading import bags_of, total_value_minor
from gateway.dispatch.plan import OVER, as_document
from gateway.dispatch.profiles_of import pin, profile_of_trip
from gateway.dispatch.rescue import HomeLoad, Load, Relief, split, take_home
from gateway.dispatch.wanted_changes import Move
from storage.audit import Actor, AuditEvent, record
from storage.ledger import aboard
from storage.orders import CrewMember, NewTrip, put_trip, take_number
from storage.transfers import pending_of_orders
from storage.trips import (
    Trip,
    WrittenChange,
    find_trips,
    open_trips_of_premises,
    put_trip_change,
    read_trips,
)

_BRING_BACK = frozenset({Milestone.FAILED, Milestone.CANCELLED, Milestone.DELIVERED})


class Candidate(msgspec.Struct, frozen=True):
    """A van that could take goods over."""

    trip: Trip
    distance_m: float | None
    start: Start  # where and when it goes on after the goods are handed over
    free_value_minor: int | None  # None: no limit
    free_mass_g: int | None


class WantedRelief(msgspec.Struct, frozen=True, kw_only=True):
    """Orders for one van: a trip that there is, or a vehicle with a crew that comes out for them."""

    orders: tuple[str, ...]
    trip: str | None = None
    vehicle: str | None = None
    crew: tuple[WantedMember, ...] = ()
    sequence: tuple[str, ...] | None = None  # of all open orders of that trip then
    accept: tuple[str, ...] = ()


class Proposal(msgspec.Struct, frozen=True):
    """Who takes what, and the orders that nobody can take."""

    to: Sequence[WantedRelief]
    nobody: Sequence[str]


def open_orders(trip: Trip) -> list[str]:
    return [drop.order_no for drop in trip.drops if drop.milestone not in OVER]


def to_bring_back(connection: psycopg.Connection, trip: Trip) -> list[str]:
    """Orders that failed, were cancelled or delivered in part: their goods go home with somebody else."""
    inside = [one.order_id for one in aboard(connection, trip_ids=[trip.head.id])]
    left = set(inside) - pending_of_orders(connection, inside).keys()
    return [
        drop.order_no
        for drop in trip.drops
        if drop.milestone is Milestone.FAILED or (drop.milestone in _BRING_BACK and drop.order_id in left)
    ]


def place_of(trip: Trip) -> Point | None:
    """Where the van is, as far as is known."""
    head = trip.head
    if head.lat_e7 is not None and head.lon_e7 is not None:
        return head.lat_e7, head.lon_e7
    if head.premises_lat_e7 is None or head.premises_lon_e7 is None:
        return None
    return head.premises_lat_e7, head.premises_lon_e7


def candidates(connection: psycopg.Connection, trip: Trip, now: datetime, ways: Ways = STRAIGHT) -> list[Candidate]:
    """Other trips of the premises that have not ended, the nearest van first."""
    must_be_under_way(trip)
    ids = [one for one in open_trips_of_premises(connection, trip.head.premises_id) if one != trip.head.id]
    others = [one for one in read_trips(connection, ids) if one.head.vehicle_id != trip.head.vehicle_id]
    found = [_candidate(connection, other, place_of(trip), now, ways) for other in others]
    return sorted(found, key=lambda one: (one.distance_m is None, one.distance_m or 0.0))


def propose(connection: psycopg.Connection, trip: Trip, found: Sequence[Candidate], ways: Ways = STRAIGHT) -> Proposal:
    """A split of the trip's open orders that makes the least lateness; what has to go home goes with those vans first,
    then with the nearest that is under way."""
    bags = {bag.order_id: bag for bag in bags_of(connection, trip)}
    plan = plan_of(trip)
    loads = {
        drop.order_id: Load(
            drop.door, load_value_minor([bags[drop.order_id]]), round(load_mass_g([bags[drop.order_id]]))
        )
        for drop in plan.drops
        if drop.is_open
    }
    reliefs = [
        Relief(one.trip.head.trip_no, one.start, tuple(plan_of(one.trip).doors), one.free_value_minor, one.free_mass_g)
        for one in found
    ]
    sequences, left = split([*loads.values()], reliefs, ways)
    out = {one.trip.head.trip_no for one in found if one.trip.head.departed_at is not None}
    by_choice = sorted(reliefs, key=lambda one: (one.name not in sequences, one.name not in out))
    taken = {name: [loads[one] for one in sequence if one in loads] for name, sequence in sequences.items()}
    home, stays = take_home(_goods_to_bring_back(connection, trip), by_choice, taken)
    numbers = {drop.order_id: drop.order_no for one in (trip, *(each.trip for each in found)) for drop in one.drops}
    to = [
        WantedRelief(
            trip=name,
            orders=tuple(
                numbers[one] for one in (*(one for one in sequences.get(name, []) if one in loads), *home.get(name, []))
            ),
            sequence=tuple(numbers[one] for one in sequences[name]) if name in sequences else None,
        )
        for name in dict.fromkeys((*sequences, *home))
    ]  # fmt: skip
    return Proposal(to, [numbers[one] for one in (*left, *stays)])


def remedy(trip: Trip, proposal: Proposal) -> str | None:
    """What a dispatcher does where the proposal does not do it all; None: it does."""
    if proposal.nobody:
        return (
            f"no van under way can take {', '.join(proposal.nobody)}: name in `to` a vehicle that stands by, with a "
            f"crew; or, when the goods come home with {trip.head.vehicle} (towed, fetched), send back what is open, "
            "say `returned` of each order once they are in (`unload` of what a customer left), then end the trip"
        )
    if not proposal.to:
        return f"nothing is left in {trip.head.vehicle}: end the trip with its reason (POST /v1/trips/{{trip}}/end)"
    return None


def work_out(
    connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, wanted: Sequence[WantedRelief],
    actor: Actor, now: datetime, reason: str, ways: Ways = STRAIGHT,
) -> WorkedOut:  # fmt: skip
    """What the split does to every trip concerned; a vehicle that comes out has its trip by then."""
    must_be_under_way(trip)
    bench = Workbench(connection, trip, premises_ids, now, ways)
    for place, one in enumerate(wanted):
        field = f"body.to.{place}"
        relief = _relief_trip(connection, trip, premises_ids, one, actor, now, reason, field)
        bench.apply(Move(one.orders, str(relief.head.id), with_goods_to_bring_back=True), field)
        start = _candidate(connection, relief, place_of(trip), now, ways).start
        bench.take_over(relief, start, one.sequence, f"{field}.sequence")
    return bench.done(["rescue"], ())


def must_be_under_way(trip: Trip) -> None:
    """Raises for a trip in the yard: there its vehicle or crew is just changed."""
    must_be_open(trip)
    if trip.head.departed_at is None:
        raise DispatchConflictError(f"{trip.head.trip_no} has not left: change its vehicle or crew instead")


def _goods_to_bring_back(connection: psycopg.Connection, trip: Trip) -> list[HomeLoad]:
    back = set(to_bring_back(connection, trip))
    inside = aboard(connection, trip_ids=[trip.head.id])
    found = []
    for drop in trip.drops:
        if drop.order_no in back:
            goods = [one for one in inside if one.order_id == drop.order_id]
            mass_g = round(sum((grams(one.quantity, one.unit) for one in goods), Decimal(0)))
            found.append(HomeLoad(drop.order_id, total_value_minor(goods), mass_g))
    return found


def _candidate(
    connection: psycopg.Connection, other: Trip, meeting: Point | None, now: datetime, ways: Ways
) -> Candidate:
    start = start_of(other, plan_of(other), now)
    here = None if start.lat_e7 is None or start.lon_e7 is None else (start.lat_e7, start.lon_e7)
    # As long as at a door that nobody knows.
    free_at = start.at + timedelta(seconds=ways.way(here, meeting, start.at).seconds + POLICY.at_door_s)
    after = start if meeting is None else Start(free_at, *meeting)
    profile = profile_of_trip(connection, other.head, now)
    inside = aboard(connection, trip_ids=[other.head.id])
    value, cap = total_value_minor(inside), profile.max_load_value_minor
    free_value = None if cap is None else 0 if value is None else max(0, cap - value)
    mass_cap = profile.max_load_mass_g
    free_mass = None if mass_cap is None else max(0, mass_cap - round(load_mass_g(bags_of(connection, other))))
    distance = None if here is None or meeting is None else distance_m(*here, *meeting)
    return Candidate(other, distance, after, free_value, free_mass)


def _relief_trip(
    connection: psycopg.Connection, trip: Trip, premises_ids: list[UUID] | None, wanted: WantedRelief, actor: Actor,
    now: datetime, reason: str, field: str,
) -> Trip:  # fmt: skip
    if (wanted.trip is None) == (wanted.vehicle is None):
        raise DispatchError("name a trip, or a vehicle with its crew", field=field)
    if wanted.trip is not None:
        found = find_trips(connection, premises_ids, wanted.trip)
        if len(found) != 1:
            raise DispatchError(f"there is no one trip {wanted.trip}", field=f"{field}.trip")
        (relief,) = read_trips(connection, found, lock=True)
        return relief
    return _come_out(connection, trip, wanted, actor, now, reason, field)


def _come_out(
    connection: psycopg.Connection, trip: Trip, wanted: WantedRelief, actor: Actor, now: datetime, reason: str,
    field: str,
) -> Trip:  # fmt: skip
    """A new trip without orders, for a vehicle and crew that come to the van that failed, or relieve its crew."""
    premises = premises_by_id(connection, trip.head.premises_id)
    vehicle, findings = vehicle_at(connection, premises.id, wanted.vehicle or "", f"{field}.vehicle")
    crew, crew_findings = crew_at(connection, premises, wanted.crew, now, f"{field}.crew")
    if not crew:
        raise DispatchError("name the crew that comes with the vehicle", field=f"{field}.crew")
    number = take_number(connection, "trip", premises.id)
    assert number is not None, "the trip's premises are there"
    new = NewTrip(
        premises_id=premises.id, vehicle_id=vehicle.id, planned_departure_at=now, drops=(),
        crew=tuple(CrewMember(one.driver_id, one.role) for one in crew),
    )  # fmt: skip
    trip_id = put_trip(connection, f"T-{number:04d}", new, now)
    pin(connection, trip_id, premises.id, now)
    (relief,) = read_trips(connection, [trip_id], lock=True)
    plan = plan_of(relief)
    others = busy(connection, (trip_id, trip.head.id), plan, start_of(relief, plan, now), None, now)
    refuse([*findings, *crew_findings, *others], wanted.accept)
    change = WrittenChange(
        trip=relief.head, plan_version=relief.head.plan_version, kinds=["planned"], at=now, actor=actor, reason=reason,
        before=None, after=as_document(plan),
    )  # fmt: skip
    put_trip_change(connection, change)
    event = AuditEvent(
        at=now, actor=actor, action="trip.planned", object_kind="trip", object_id=str(trip_id),
        premises_id=premises.id, after={"trip_no": relief.head.trip_no, **as_document(plan)}, reason=reason,
    )  # fmt: skip
    record(connection, [event])
    return relief
