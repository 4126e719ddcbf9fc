"""The router for a van that fails: who helps, the split with its effects, and both crews' word. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from gateway.api.callers import TripReader, TripSpeaker, TripWatcher, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch
from gateway.api.fleet_ways import FleetWaysFor
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.api.trip_access import (
    CHANGE_TRIP,
    WHO,
    TripKey,
    scope_of_trips,
    trip_asked_for,
    trip_for_change,
    trip_of_crew,
)
from gateway.api.trip_models import (
    MOST_DROPS,
    CrewOut,
    FindingOut,
    MemberIn,
    Name,
    StrictModel,
    TripEffects,
    to_effects,
    to_findings,
)
from gateway.dispatch.changes import WorkedOut
from gateway.dispatch.crew_words import Word
from gateway.dispatch.drafting import WantedMember
from gateway.dispatch.errors import NoSuchTripError
from gateway.dispatch.guards import Guard
from gateway.dispatch.rescuing import (
    Candidate,
    WantedRelief,
    candidates,
    open_orders,
    place_of,
    propose,
    remedy,
    to_bring_back,
    work_out,
)
from gateway.dispatch.standing import Standing, vehicles_standing_by
from gateway.dispatch.transfers import confirm
from gateway.dispatch.writing import write_changes
from gateway.people.permissions import Permission
from storage.transfers import Transfer, transfers
from storage.trips import as_uuid

router = APIRouter(prefix="/v1", tags=["trips"], route_class=IdempotentRoute)

Orders = Annotated[list[Name], Field(min_length=1, max_length=MOST_DROPS)]


class ReliefIn(StrictModel):
    """What one van takes over: of a trip that there is, or a vehicle with a crew that comes out for it."""

    orders: Orders
    trip: Name | None = None
    vehicle: Name | None = None
    crew: list[MemberIn] = Field(default=[], max_length=4)
    sequence: Orders | None = Field(None, description="every open order of that trip then; left out: taken ones last")
    accept: list[Guard] = Field(default=[], max_length=10)


class RescueIn(StrictModel):
    reason: Text = Field(description="why the trip ends: the van broke down, its crew is relieved, …")
    to: list[ReliefIn] = Field(min_length=1, max_length=20)


class VanOut(BaseModel):
    """A van that could help."""

    vehicle: str
    trip_no: str | None = Field(description="null: it stands by, and needs a crew")
    crew: list[CrewOut]
    lat: float | None
    lon: float | None
    fixed_at: datetime | None = Field(description="null: no fix is known; then a place is that of the premises")
    distance_m: float | None
    free_at: datetime | None = Field(description="when it could go on with the goods, by estimate")
    open_drops: int
    free_value_minor: int | None = Field(description="null: no limit")
    free_mass_g: int | None = Field(description="null: no limit")


class TransferOut(BaseModel):
    """Goods that change hands; `confirmed` once both crews have said so."""

    id: UUID
    premises: str
    state: str = Field(description="pending, confirmed or withdrawn (planned otherwise)")
    from_trip_no: str
    from_vehicle: str
    to_trip_no: str
    to_vehicle: str
    order_nos: list[str]
    asked_at: datetime
    asked_by: str
    reason: str
    given_at: datetime | None
    given_by: str | None
    taken_at: datetime | None
    taken_by: str | None
    given_recorded_by: str | None = Field(description="whose account or key said so")
    given_reason: str | None = Field(description="why it was said for the crew; null: the crew member's own word")
    taken_recorded_by: str | None
    taken_reason: str | None


class RescueOptions(BaseModel):
    """One screen: the van, its orders, who could help, and a split that may be sent back as it is."""

    trip_no: str
    vehicle: str
    lat: float | None
    lon: float | None
    fixed_at: datetime | None
    open_orders: list[str]
    to_bring_back: list[str] = Field(
        description="failed, cancelled or delivered in part, with goods that go home with somebody else"
    )
    vans: list[VanOut]
    proposal: list[ReliefIn] = Field(description="`to` of the POST")
    nobody: list[str] = Field(description="orders that no van has room for, with those that only go home")
    remedy: str | None = Field(description="what to do where the proposal does not do it all; null: it does")
    effects: list[TripEffects]


class RescueOut(BaseModel):
    """What the split does, and the transfers that both crews have to confirm; none when it was only tried."""

    trips: list[TripEffects]
    findings: list[FindingOut]
    transfers: list[TransferOut]


class ConfirmIn(StrictModel):
    """Empty from somebody of a crew, who speaks for themselves; others name who said so, and why they say it."""

    employee_no: Name | None = Field(None, description="of somebody of the crew that gives, or of the one that takes")
    reason: Text | None = Field(None, description="why it is said for them, such as 'told by radio'")


@router.get("/trips/{key}/rescue", summary="Who could take over the orders of a van that fails, and a split",
            responses=CHANGE_TRIP)  # fmt: skip
def rescue_options(
    key: TripKey, caller: TripReader, connection: Database, now: Now, ways_for: FleetWaysFor
) -> RescueOptions:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    ways = ways_for(trip.head.premises_id, trip.head.tz)
    found = candidates(connection, trip, now, ways)
    proposal = propose(connection, trip, found, ways)
    scope = scope_of_trips(caller, Permission.TRIPS_READ)
    worked = work_out(connection, trip, scope, proposal.to, caller.actor, now, "", ways)
    place = place_of(trip)
    standing = vehicles_standing_by(connection, trip, now, ways)
    return RescueOptions(
        trip_no=trip.head.trip_no, vehicle=trip.head.vehicle, lat=None if place is None else place[0] / 1e7,
        lon=None if place is None else place[1] / 1e7, fixed_at=trip.head.fixed_at, open_orders=open_orders(trip),
        to_bring_back=to_bring_back(connection, trip), vans=[*map(_van, found), *map(_standing, standing)],
        proposal=[ReliefIn(orders=list(one.orders), trip=one.trip,
                           sequence=None if one.sequence is None else list(one.sequence)) for one in proposal.to],
        nobody=list(proposal.nobody), remedy=remedy(trip, proposal), effects=_effects(worked),
    )  # fmt: skip


@router.post("/trips/{key}/rescue", summary="Splits the orders of a van that fails over others, in one go",
             dependencies=[Once], responses=CHANGE_TRIP)  # fmt: skip
def rescue(
    key: TripKey, wanted: RescueIn, caller: TripWriter, connection: Database, now: Now, ways_for: FleetWaysFor, *,
    dry_run: Annotated[bool, Query(description="shows what would happen and changes nothing")] = False,
    if_match: IfMatch = None,
) -> RescueOut:  # fmt: skip
    trip = trip_for_change(connection, caller, key, if_match)
    scope = scope_of_trips(caller, Permission.TRIPS_WRITE)
    to = [
        WantedRelief(
            orders=tuple(one.orders), trip=one.trip, vehicle=one.vehicle, accept=tuple(one.accept),
            crew=tuple(WantedMember(each.employee_no, each.role) for each in one.crew),
            sequence=None if one.sequence is None else tuple(one.sequence),
        )
        for one in wanted.to
    ]  # fmt: skip
    ways = ways_for(trip.head.premises_id, trip.head.tz)
    with connection.transaction(force_rollback=dry_run):
        worked = work_out(connection, trip, scope, to, caller.actor, now, wanted.reason, ways)
        made = [] if dry_run else write_changes(connection, worked, caller.actor, now, wanted.reason, ends_trip=True)
        asked = [_out(transfers(connection, scope, transfer_id=one)[0]) for one in made]
    return RescueOut(trips=_effects(worked), findings=to_findings(worked.findings), transfers=asked)


@router.get("/transfers", summary="Goods that change hands between vans",
            responses=refusals(**WHO, _404="There is no such trip"))  # fmt: skip
def list_transfers(
    caller: TripWatcher, connection: Database,
    trip: Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00-\x1f]+$", description="id or number")] = None,
    pending: Annotated[bool, Query(description="only those that a crew has still to confirm")] = False,  # noqa: FBT002
) -> list[TransferOut]:  # fmt: skip
    scope = scope_of_trips(caller, Permission.TRIPS_READ)
    trip_id = None if trip is None else trip_of_crew(connection, caller, Permission.TRIPS_READ, trip).head.id
    found = transfers(connection, scope, trip_id=trip_id, driver_id=caller.driver_id, pending=pending)
    return [_out(one) for one in found]


@router.post("/transfers/{transfer_id}/confirm", summary="Somebody of a crew says that the goods changed hands",
             dependencies=[Once], responses=refusals(**WHO, _404="There is no such transfer", _409="It is not open"),
             )  # fmt: skip
def confirm_transfer(
    transfer_id: Annotated[str, Path(max_length=64)], wanted: ConfirmIn, caller: TripSpeaker, connection: Database,
    now: Now,
) -> TransferOut:  # fmt: skip
    known = as_uuid(transfer_id)
    if known is None:
        raise NoSuchTripError(f"there is no transfer {transfer_id}")
    word = Word(
        actor=caller.actor, driver_id=caller.driver_id, premises_ids=scope_of_trips(caller, Permission.TRIPS_WRITE),
        employee_no=wanted.employee_no, reason=wanted.reason,
    )  # fmt: skip
    return _out(confirm(connection, known, word, now))


def _effects(worked: WorkedOut) -> list[TripEffects]:
    return [to_effects(one.trip.head.trip_no, [one.before, one.after], one.effects) for one in worked.trips]


def _van(one: Candidate) -> VanOut:
    head = one.trip.head
    return VanOut(
        vehicle=head.vehicle, trip_no=head.trip_no, distance_m=one.distance_m, free_at=one.start.at,
        crew=[CrewOut(employee_no=each.employee_no, name=each.name, role=each.role) for each in one.trip.crew],
        lat=None if head.lat_e7 is None else head.lat_e7 / 1e7, lon=None if head.lon_e7 is None else head.lon_e7 / 1e7,
        fixed_at=head.fixed_at, open_drops=len(open_orders(one.trip)), free_value_minor=one.free_value_minor,
        free_mass_g=one.free_mass_g,
    )  # fmt: skip


def _standing(one: Standing) -> VanOut:
    return VanOut(
        vehicle=one.name, trip_no=None, crew=[], lat=None if one.place is None else one.place[0] / 1e7,
        lon=None if one.place is None else one.place[1] / 1e7, fixed_at=one.fixed_at, distance_m=one.distance_m,
        free_at=one.free_at, open_drops=0, free_value_minor=one.free_value_minor, free_mass_g=one.free_mass_g,
    )  # fmt: skip


def _out(one: Transfer) -> TransferOut:
    return TransferOut.model_validate(one, from_attributes=True)
