"""Changes of a trip as they come over HTTP, and their way to the dispatch. Judges nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contract.reasons import FailureReason
from gateway.api.texts import LongText, Text
from gateway.api.trip_models import MOST_DROPS, MemberIn, Name, Route, StrictModel, to_route
from gateway.dispatch import wanted_changes as wanted
from gateway.dispatch.drafting import WantedMember
from gateway.dispatch.guards import Guard

Position = Annotated[int, Field(ge=1, le=MOST_DROPS, description="1: next among the open ones")]

Unloaded = Annotated[bool, Field(description="in the yard: what was in the van of it is out now")]


class AssignIn(StrictModel):
    """Another order, also an urgent one while the van is out."""

    kind: Literal["assign"]
    order: Name
    position: Position | None = Field(None, description="left out: beside its own door, else last")

    def change(self) -> wanted.Change:
        return wanted.Assign(self.order, self.position)


class ResequenceIn(StrictModel):
    """Every open order in another sequence."""

    kind: Literal["resequence"]
    orders: list[Name] = Field(min_length=1, max_length=MOST_DROPS)

    def change(self) -> wanted.Change:
        return wanted.Resequence(tuple(self.orders))


class RemoveIn(StrictModel):
    """Off a trip that has not left: the order is ready again."""

    kind: Literal["remove"]
    order: Name
    unloaded: Unloaded = False

    def change(self) -> wanted.Change:
        return wanted.Remove(self.order, self.unloaded)


class SendBackIn(StrictModel):
    """Off a trip that is under way: it fails with a reason and comes back with the van."""

    kind: Literal["send_back"]
    order: Name
    reason_code: FailureReason
    note: LongText | None = None

    def change(self) -> wanted.Change:
        return wanted.SendBack(self.order, self.reason_code.value, self.note)


class MoveIn(StrictModel):
    """To another trip, in this sequence."""

    kind: Literal["move"]
    orders: list[Name] = Field(min_length=1, max_length=MOST_DROPS)
    to_trip: Name
    position: Position | None = None
    unloaded: Unloaded = False

    def change(self) -> wanted.Change:
        return wanted.Move(tuple(self.orders), self.to_trip, self.position, unloaded=self.unloaded)


class CrewIn(StrictModel):
    kind: Literal["crew"]
    crew: list[MemberIn] = Field(min_length=1, max_length=4)

    def change(self) -> wanted.Change:
        return wanted.ChangeCrew(tuple(WantedMember(one.employee_no, one.role) for one in self.crew))


class VehicleIn(StrictModel):
    kind: Literal["vehicle"]
    vehicle: Name

    def change(self) -> wanted.Change:
        return wanted.ChangeVehicle(self.vehicle)


class DepartureIn(StrictModel):
    kind: Literal["departure"]
    planned_departure_at: AwareDatetime

    def change(self) -> wanted.Change:
        return wanted.ChangeDeparture(self.planned_departure_at)


class RouteIn(StrictModel):
    """Another planned way; without it a change of drops leaves the trip without one."""

    kind: Literal["route"]
    planned_route: Route

    def change(self) -> wanted.Change:
        return wanted.ChangeRoute(to_route(self.planned_route) or ())


class JoinDoorsIn(StrictModel):
    """Orders for one door one after the other."""

    kind: Literal["join_doors"]

    def change(self) -> wanted.Change:
        return wanted.JoinDoors()


ChangeIn = Annotated[
    AssignIn | ResequenceIn | RemoveIn | SendBackIn | MoveIn | CrewIn | VehicleIn | DepartureIn | RouteIn | JoinDoorsIn,
    Field(discriminator="kind"),
]


class ChangesIn(StrictModel):
    """Changes that are made together or not at all."""

    reason: Text = Field(description="why: kept with the old plan")
    plan_version: int | None = Field(None, ge=1, description="the one that was read: refused when it has changed since")
    changes: list[ChangeIn] = Field(min_length=1, max_length=20)
    accept: list[Guard] = Field(default=[], max_length=10)
