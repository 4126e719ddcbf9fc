"""The router for dispatchers and feeds: closures and slowdowns that change forecasts at once. Holds no rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from gateway.api.callers import TripReader, TripWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.api.trip_access import WHO, scope_of_trips
from gateway.api.trip_models import StrictModel
from gateway.eta.feeds import Wanted, end, enter, take_feed
from gateway.eta.keeping import Keeper
from gateway.eta.network import Network
from gateway.people.permissions import Permission
from gateway.refusals import NotThereError
from storage.eta_knowledge import ConditionRow, conditions_at
from storage.trips import as_uuid

router = APIRouter(prefix="/v1/conditions", tags=["conditions"], route_class=IdempotentRoute)

_CHANGE = refusals(**WHO, _404="There is no such condition, or no such premises", _409="It holds no more")
MOST = 500  # of one feed


class ConditionIn(StrictModel):
    """A closure or slowdown: where, until when, how slow."""

    kind: Literal["traffic", "weather", "event"]
    says: Text = Field(description="what it is, for people", examples=["Marathon on Mannerheimintie"])
    speed_share: float = Field(ge=0, lt=1, description="what is left of the usual speed; 0: closed")
    road: Text | None = Field(None, description="a street's name on the map; instead of an area")
    geometry: dict[str, Any] | None = Field(None, description="GeoJSON: Polygon, MultiPolygon, or Point with radius_m")
    radius_m: float | None = Field(None, gt=0, le=500_000)
    from_at: AwareDatetime | None = Field(None, description="left out: now")
    to_at: AwareDatetime | None = Field(None, description="left out: until somebody ends it")


class NewConditionIn(ConditionIn):
    premises: Text | None = Field(None, description="whose vans it slows; left out: the caller's only ones")


class FeedConditionIn(ConditionIn):
    ref: Text = Field(max_length=100, description="what the feed calls it; the same as long as it is the same")


class FeedIn(StrictModel):
    """All that a feed knows now; what it does not name any more ends."""

    premises: Text | None = None
    conditions: list[FeedConditionIn] = Field(max_length=MOST)


class ConditionOut(BaseModel):
    id: UUID
    premises: str
    kind: str
    says: str
    from_at: datetime
    to_at: datetime | None
    speed_share: float
    road: str | None
    geometry: dict[str, Any] | None
    radius_m: float | None
    source: str = Field(description="people, or a feed's name")
    source_ref: str | None
    created_at: datetime
    created_by: str


class FeedOut(BaseModel):
    begun: int
    ended: int
    kept: int


class _Posted:
    """A feed whose word came with this request."""

    def __init__(self, name: str, said: Sequence[FeedConditionIn], now: datetime) -> None:
        self.name = name
        self._said, self._now = said, now

    def holding(self) -> Sequence[Wanted]:
        return [_wanted(one, self._now, one.ref) for one in self._said]


@router.get("", summary="Closures and slowdowns that hold now or will", responses=refusals(**WHO))
def list_conditions(caller: TripReader, connection: Database, now: Now) -> list[ConditionOut]:
    return [_out(one) for one in conditions_at(connection, scope_of_trips(caller, Permission.TRIPS_READ), now)]


@router.post("", status_code=201, summary="Enters a closure or slowdown", dependencies=[Once], responses=_CHANGE)
def enter_condition(
    request: Request, response: Response, wanted: NewConditionIn, caller: TripWriter, connection: Database, now: Now
) -> ConditionOut:
    premises = premises_of(connection, caller, Permission.TRIPS_WRITE, wanted.premises)
    condition_id = enter(connection, premises.id, _wanted(wanted, now), caller.actor, now, _network(request))
    response.headers["Location"] = f"/v1/conditions/{condition_id}"
    (stored,) = conditions_at(connection, [premises.id], now, condition_id=condition_id)
    return _out(stored)


@router.put("/feeds/{source}", summary="What a feed of traffic or weather knows now", responses=_CHANGE)
def take(
    request: Request, wanted: FeedIn, caller: TripWriter, connection: Database, now: Now,
    source: Annotated[str, Path(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")],
) -> FeedOut:  # fmt: skip
    premises = premises_of(connection, caller, Permission.TRIPS_WRITE, wanted.premises)
    feed = _Posted(source, wanted.conditions, now)
    taken = take_feed(connection, premises.id, feed, caller.actor, now, _network(request))
    return FeedOut(begun=taken.begun, ended=taken.ended, kept=taken.kept)


@router.post("/{key}/end", summary="It holds no more", dependencies=[Once], responses=_CHANGE)
def end_it(
    key: Annotated[str, Path(max_length=64)], caller: TripWriter, connection: Database, now: Now
) -> ConditionOut:
    scope, condition_id = scope_of_trips(caller, Permission.TRIPS_WRITE), as_uuid(key)
    found = [] if condition_id is None else conditions_at(connection, scope, now, condition_id=condition_id)
    if not found:
        raise NotThereError(f"there is no condition {key}")
    end(connection, found[0], caller.actor, now)
    after = conditions_at(connection, scope, now, condition_id=condition_id)
    # One that lay ahead is on record without a time: it never held.
    return _out(after[0] if after else msgspec.structs.replace(found[0], to_at=found[0].from_at))


def _network(request: Request) -> Network | None:
    keeper: Keeper = request.app.state.keeper
    return keeper.network


def _wanted(said: ConditionIn, now: datetime, ref: str | None = None) -> Wanted:
    values = said.model_dump(include=set(Wanted.__struct_fields__) - {"ref", "from_at"})
    return Wanted(**values, from_at=said.from_at or now, ref=ref)


def _out(row: ConditionRow) -> ConditionOut:
    return ConditionOut(**{name: getattr(row, name) for name in ConditionOut.model_fields})
