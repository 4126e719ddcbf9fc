"""A trip as it goes over HTTP, in and out, and its way to and from the records. Asks no database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contract.geo import to_e7
from gateway.api.eta_models import EtaOut
from gateway.api.texts import Text
from gateway.dispatch.drafting import WantedMember
from gateway.dispatch.estimate import Effect
from gateway.dispatch.guards import Finding, Guard
from gateway.dispatch.plan import TripPlan
from gateway.dispatch.planning import WantedTrip
from storage.trips import Trip, TripChangeRow

MOST_DROPS = 200
MOST_POINTS = 20_000
Name = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Point = Annotated[tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]],
                  Field(description="[lon, lat] in degrees, as in GeoJSON")]  # fmt: skip
Route = Annotated[list[Point], Field(min_length=2, max_length=MOST_POINTS)]


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MemberIn(StrictModel):
    """Somebody of the crew, by employee number."""

    employee_no: Name
    role: Literal["driver", "second"] = "driver"


class DropIn(StrictModel):
    """An order in its place; without a time the estimate is its planned arrival."""

    order: Name = Field(description="its id or number")
    planned_arrival_at: AwareDatetime | None = None


class TripIn(StrictModel):
    """A trip to be planned: vehicle, crew and orders in sequence."""

    premises: Name | None = Field(None, description="its code; left out: the caller's only ones")
    vehicle: Name
    crew: list[MemberIn] = Field(min_length=1, max_length=4)
    orders: list[DropIn] = Field(min_length=1, max_length=MOST_DROPS)
    planned_departure_at: AwareDatetime
    planned_route: Route | None = None
    join_doors: bool = Field(default=False, description="puts orders for one door one after the other")
    accept: list[Guard] = Field(default=[], max_length=10, description="guards that are accepted, with a reason")
    reason: Text | None = None
    at: AwareDatetime | None = Field(
        None, description="when it was planned, for who brings along a past (records:import); left out: now"
    )


class CrewOut(BaseModel):
    employee_no: str
    name: str
    role: str


class DropOut(BaseModel):
    seq: int
    order_id: UUID
    order_no: str
    address: str
    lat: float | None
    lon: float | None
    window_from: datetime = Field(description="promised")
    window_to: datetime
    milestone: str
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    eta: EtaOut | None = Field(
        description="null: the trip does not leave soon, or the van is there; no part of the ETag"
    )


class TripSummary(BaseModel):
    id: UUID
    premises: str
    trip_no: str
    state: Literal["planned", "under_way", "ended", "cancelled"]
    vehicle: str
    crew: list[CrewOut]
    planned_departure_at: datetime
    departed_at: datetime | None = Field(description="what counts: detected, else declared")
    ended_at: datetime | None
    drops: int
    drops_open: int


class TripOut(BaseModel):
    """A trip: the manifest."""

    id: UUID
    premises: str
    trip_no: str
    state: Literal["planned", "under_way", "ended", "cancelled"]
    plan_version: int = Field(description="goes up with every change")
    vehicle: str
    plate: str | None
    crew: list[CrewOut]
    planned_departure_at: datetime
    departed_at: datetime | None = Field(description="what counts: detected, else declared")
    declared_departed_at: datetime | None
    ended_at: datetime | None
    declared_ended_at: datetime | None
    end_reason: str | None
    profile: str | None = Field(description="jurisdiction profile, pinned when it was planned")
    profile_version: int | None
    ledger_no: str | None
    checklist: list[str]
    drops: list[DropOut]


class EffectOut(BaseModel):
    """What happens to one order by the change, by estimate."""

    order_id: UUID
    order_no: str
    window_from: datetime
    window_to: datetime
    arrival_before: datetime | None = Field(description="null: it was not on this trip")
    late_before_s: float
    arrival_after: datetime | None = Field(description="null: it is not on this trip any more")
    late_after_s: float


class FindingOut(BaseModel):
    code: str
    says: str


class TripEffects(BaseModel):
    trip_no: str | None = Field(description="null: the trip is not planned yet")
    vehicle: str
    orders: list[EffectOut]
    later: int = Field(description="orders that are late, or later than they were, by the change")


class PreviewOut(BaseModel):
    """What would happen."""

    trips: list[TripEffects]
    findings: list[FindingOut] = Field(description="what is pointed out or accepted")


class PlannedOut(PreviewOut):
    """What was done; `trip` is null when it was only tried."""

    trip: TripOut | None


class PlanChangeOut(BaseModel):
    """A change of a plan, with the plan before it."""

    plan_version: int
    kinds: list[str]
    at: datetime
    actor_kind: str
    actor: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any]


def to_wanted(wanted: TripIn) -> WantedTrip:
    return WantedTrip(
        vehicle=wanted.vehicle, crew=tuple(WantedMember(one.employee_no, one.role) for one in wanted.crew),
        orders=tuple((one.order, one.planned_arrival_at) for one in wanted.orders),
        planned_departure_at=wanted.planned_departure_at, planned_route=to_route(wanted.planned_route),
        join_doors=wanted.join_doors, accept=tuple(wanted.accept), reason=wanted.reason,
    )  # fmt: skip


def to_route(route: Sequence[tuple[float, float]] | None) -> tuple[tuple[int, int], ...] | None:
    return None if route is None else tuple((to_e7(lon), to_e7(lat)) for lon, lat in route)


def state_of(trip: Trip) -> Literal["planned", "under_way", "ended", "cancelled"]:
    if trip.head.cancelled:
        return "cancelled"
    if trip.head.ended_at is not None:
        return "ended"
    return "planned" if trip.head.departed_at is None else "under_way"


def to_trip_out(trip: Trip) -> TripOut:
    head = trip.head
    names = TripOut.model_fields.keys() - {"state", "crew", "drops"}
    return TripOut(
        **{name: getattr(head, name) for name in names}, state=state_of(trip), crew=_crew(trip),
        drops=[
            DropOut(
                **{name: getattr(drop, name) for name in DropOut.model_fields if name not in ("lat", "lon", "eta")},
                eta=None if drop.eta is None else EtaOut.model_validate(drop.eta),
                lat=None if drop.lat_e7 is None else drop.lat_e7 / 1e7,
                lon=None if drop.lon_e7 is None else drop.lon_e7 / 1e7,
            )
            for drop in trip.drops
        ],
    )  # fmt: skip


def to_summary(trip: Trip) -> TripSummary:
    names = TripSummary.model_fields.keys() - {"state", "crew", "drops", "drops_open"}
    over = ("delivered", "failed", "returned", "cancelled")
    return TripSummary(
        **{name: getattr(trip.head, name) for name in names}, state=state_of(trip), crew=_crew(trip),
        drops=len(trip.drops), drops_open=sum(drop.milestone not in over for drop in trip.drops),
    )  # fmt: skip


def to_effects(trip_no: str | None, plans: Sequence[TripPlan], found: Sequence[Effect]) -> TripEffects:
    """The effects with numbers for people; `plans` hold the orders, the newest plan last."""
    orders = {drop.order_id: drop for plan in plans for drop in plan.drops}
    told = [
        EffectOut(
            order_id=one.order_id, order_no=orders[one.order_id].order_no,
            window_from=orders[one.order_id].door.window_from, window_to=orders[one.order_id].door.window_to,
            arrival_before=None if one.before is None else one.before.arrival_at,
            late_before_s=0 if one.before is None else one.before.late_s,
            arrival_after=None if one.after is None else one.after.arrival_at,
            late_after_s=0 if one.after is None else one.after.late_s,
        )
        for one in found
    ]  # fmt: skip
    later = sum(one.arrival_after is not None and one.late_after_s > one.late_before_s for one in told)
    return TripEffects(trip_no=trip_no, vehicle=plans[-1].vehicle, orders=told, later=later)


def to_findings(findings: Sequence[Finding]) -> list[FindingOut]:
    return [FindingOut(code=one.guard.value, says=one.says) for one in findings]


def to_change_out(row: TripChangeRow) -> PlanChangeOut:
    return PlanChangeOut(**{name: getattr(row, name) for name in PlanChangeOut.model_fields})


def _crew(trip: Trip) -> list[CrewOut]:
    return [CrewOut(employee_no=one.employee_no, name=one.name, role=one.role) for one in trip.crew]
