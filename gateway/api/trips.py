"""The router for dispatchers: trips planned, changed (the effect first), sent off and ended. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from gateway.api.callers import TripReader, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.etags import IfMatch
from gateway.api.fleet_ways import FleetWaysFor
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.paging import Cursor, Limit, read_cursor, write_cursor
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.api.trip_access import (
    CHANGE_TRIP,
    ONE_TRIP,
    WHO,
    TripKey,
    not_in_future,
    scope_of_trips,
    tagged,
    told_time,
    trip_asked_for,
    trip_for_change,
)
from gateway.api.trip_change_models import ChangesIn
from gateway.api.trip_models import (
    PlanChangeOut,
    PlannedOut,
    PreviewOut,
    StrictModel,
    TripIn,
    TripOut,
    TripSummary,
    to_change_out,
    to_effects,
    to_findings,
    to_summary,
    to_wanted,
)
from gateway.dispatch.changes import Workbench, WorkedOut
from gateway.dispatch.errors import DispatchConflictError
from gateway.dispatch.leaving import cancel_trip, depart, end
from gateway.dispatch.planning import draft_trip, put_planned_trip
from gateway.dispatch.profile import Rule
from gateway.dispatch.writing import write_changes
from gateway.people.permissions import Permission
from gateway.refusals import RefusedError
from storage.trips import TripFilter, lock_plans, read_trips, trip_changes, trip_list

router = APIRouter(prefix="/v1/trips", tags=["trips"], route_class=IdempotentRoute)

DryRun = Annotated[bool, Query(description="shows what would happen and changes nothing")]


class TripPage(BaseModel):
    trips: list[TripSummary]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class Departure(StrictModel):
    at: AwareDatetime | None = Field(None, description="when it left; left out: now")
    override: list[Rule] = Field(default=[], max_length=20, description="blocks that are lifted, with a reason")
    reason: Text | None = None


class End(StrictModel):
    at: AwareDatetime | None = Field(None, description="when it ended; left out: now")
    reason: Text


class CallOff(StrictModel):
    reason: Text
    unloaded: bool = Field(default=False, description="what was in the van is out")


@router.get("", summary="Trips by planned departure", responses=refusals(**WHO))
def list_trips(
    caller: TripReader, connection: Database,
    premises: Annotated[str | None, Query(max_length=32)] = None,
    vehicle: Annotated[str | None, Query(max_length=32)] = None,
    state: Annotated[Literal["planned", "under_way", "ended", "cancelled"] | None, Query()] = None,
    from_at: Annotated[AwareDatetime | None, Query(description="planned departure at this time or later")] = None,
    to_at: Annotated[AwareDatetime | None, Query(description="planned departure before this time")] = None,
    after: Cursor = None, limit: Limit = 50,
) -> TripPage:  # fmt: skip
    wanted = TripFilter(premises=premises, vehicle=vehicle, state=state, from_at=from_at, to_at=to_at)
    scope = scope_of_trips(caller, Permission.TRIPS_READ)
    found = trip_list(connection, scope, wanted, after=_place(after), most=limit + 1)
    page = read_trips(connection, found[:limit])
    last = page[-1].head if len(found) > limit else None
    following = None if last is None else write_cursor(last.planned_departure_at.isoformat(), str(last.id))
    return TripPage(trips=[to_summary(trip) for trip in page], next=following)


@router.post(
    "", status_code=201, summary="Plans a trip", dependencies=[Once],
    responses={**refusals(**WHO, _404="There are no such premises", _409="Not with things as they are"),
               200: {"model": PlannedOut, "description": "Only tried (dry_run)"}},
)  # fmt: skip
def plan(
    response: Response, wanted: TripIn, caller: TripWriter, connection: Database, now: Now,
    ways_for: FleetWaysFor, *,
    dry_run: DryRun = False,
) -> PlannedOut:  # fmt: skip
    scope = scope_of_trips(caller, Permission.TRIPS_WRITE)
    premises = premises_of(connection, caller, Permission.TRIPS_WRITE, wanted.premises)
    if wanted.accept and wanted.reason is None:
        raise RefusedError("say why these guards are accepted: give a reason", field="body.reason")
    at = told_time(caller, premises.id, wanted.at, now)
    lock_plans(connection, premises.id)
    drafted = draft_trip(connection, premises, scope, to_wanted(wanted), at, ways_for(premises.id, premises.tz))
    told = PreviewOut(trips=[to_effects(None, [drafted.plan], drafted.effects)], findings=to_findings(drafted.findings))
    if dry_run:
        response.status_code = HTTPStatus.OK
        return PlannedOut(trip=None, **dict(told))
    trip_id = put_planned_trip(connection, premises, drafted, caller.actor, at, reason=wanted.reason, told_at=now)
    (trip,) = read_trips(connection, [trip_id])
    out = tagged(response, trip)
    response.headers["Location"] = f"/v1/trips/{trip_id}"
    return PlannedOut(trip=out, **dict(told))


@router.get("/{key}", summary="One trip with its drops and crew", responses=ONE_TRIP)
def one_trip(response: Response, key: TripKey, caller: TripReader, connection: Database) -> TripOut:
    return tagged(response, trip_asked_for(connection, caller, Permission.TRIPS_READ, key))


@router.get("/{key}/changes", summary="Every change of a trip's plan, with the plan before it", responses=ONE_TRIP)
def changes_of_trip(key: TripKey, caller: TripReader, connection: Database) -> list[PlanChangeOut]:
    trip = trip_asked_for(connection, caller, Permission.TRIPS_READ, key)
    return [to_change_out(row) for row in trip_changes(connection, trip.head.id)]


@router.post(
    "/{key}/changes", summary="Changes a trip, or with dry_run shows who would become late", dependencies=[Once],
    responses=CHANGE_TRIP,
)  # fmt: skip
def change(
    response: Response, key: TripKey, wanted: ChangesIn, caller: TripWriter, connection: Database, now: Now,
    ways_for: FleetWaysFor, *,
    dry_run: DryRun = False, if_match: IfMatch = None,
) -> PlannedOut:  # fmt: skip
    trip = trip_for_change(connection, caller, key, if_match)
    if wanted.plan_version not in (None, trip.head.plan_version):
        says = f"the plan has changed since: it is version {trip.head.plan_version} now; read it again"
        raise DispatchConflictError(says, field="body.plan_version")
    ways = ways_for(trip.head.premises_id, trip.head.tz)
    bench = Workbench(connection, trip, scope_of_trips(caller, Permission.TRIPS_WRITE), now, ways)
    for place, one in enumerate(wanted.changes):
        bench.apply(one.change(), f"body.changes.{place}")
    worked = bench.done([one.kind for one in wanted.changes], wanted.accept)
    if not dry_run:
        write_changes(connection, worked, caller.actor, now, wanted.reason)
    (after,) = read_trips(connection, [trip.head.id])
    return PlannedOut(trip=tagged(response, after) if not dry_run else None, **dict(_preview(worked)))


@router.post("/{key}/depart", summary="Says that a trip has left", dependencies=[Once], responses=CHANGE_TRIP)
def depart_trip(
    response: Response, key: TripKey, wanted: Departure, caller: TripWriter, connection: Database, now: Now,
    if_match: IfMatch = None,
) -> TripOut:  # fmt: skip
    trip = trip_for_change(connection, caller, key, if_match)
    if wanted.override and wanted.reason is None:
        raise RefusedError("say why these blocks are lifted: give a reason", field="body.reason")
    at = not_in_future(wanted.at, now)
    depart(connection, trip, caller.actor, at, override=wanted.override, reason=wanted.reason)
    return tagged(response, *read_trips(connection, [trip.head.id]))


@router.post("/{key}/end", summary="Says that a trip is over, and why", dependencies=[Once], responses=CHANGE_TRIP)
def end_trip(
    response: Response, key: TripKey, wanted: End, caller: TripWriter, connection: Database, now: Now,
    if_match: IfMatch = None,
) -> TripOut:  # fmt: skip
    trip = trip_for_change(connection, caller, key, if_match)
    end(connection, trip, caller.actor, not_in_future(wanted.at, now), wanted.reason)
    return tagged(response, *read_trips(connection, [trip.head.id]))


@router.post(
    "/{key}/cancel", summary="Calls a trip off that has not left", dependencies=[Once], responses=CHANGE_TRIP
)  # fmt: skip
def cancel(
    response: Response, key: TripKey, wanted: CallOff, caller: TripWriter, connection: Database, now: Now,
    if_match: IfMatch = None,
) -> TripOut:  # fmt: skip
    trip = trip_for_change(connection, caller, key, if_match)
    cancel_trip(connection, trip, caller.actor, now, wanted.reason, unloaded=wanted.unloaded)
    return tagged(response, *read_trips(connection, [trip.head.id]))


def _preview(worked: WorkedOut) -> PreviewOut:
    trips = [to_effects(one.trip.head.trip_no, [one.before, one.after], one.effects) for one in worked.trips]
    return PreviewOut(trips=trips, findings=to_findings(worked.findings))


def _place(after: str | None) -> tuple[datetime, UUID] | None:
    place = read_cursor(after, str, str)
    try:
        return None if place is None else (datetime.fromisoformat(place[0]), UUID(place[1]))
    except ValueError:
        says = "this cursor is not one of ours: take `next` of the page before"
        raise RefusedError(says, field="query.after") from None
