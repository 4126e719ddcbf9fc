"""The router for whoever has to answer for an order: all that is on record about it as one document. Holds no rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from contract.milestones import Milestone
from gateway.api.callers import OrderReader
from gateway.api.database import Database
from gateway.api.messages import MessageOut, message_out
from gateway.api.order_access import ONE_ORDER, OrderKey, one_of, reader_of
from gateway.api.order_models import CorrectionOut, MilestoneOut, OrderOut, to_order_out
from gateway.api.trip_models import CrewOut
from gateway.custody.handoffs import AT_THE_DOOR
from storage.handoffs import HandoffRow, handoffs_of_order
from storage.messages import messages_of_order
from storage.order_reads import order_document
from storage.order_record import order_record
from storage.witness import witnesses_of_order

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class PremisesOfOrder(BaseModel):
    code: str
    name: str
    address: str | None
    licence_no: str | None
    licence_type: str | None
    tz: str
    licensee: str | None = Field(description="legal name")
    licensee_licence_no: str | None


class TripOfOrder(BaseModel):
    trip_no: str
    vehicle: str
    plate: str | None
    devices: list[str] = Field(description="the GPS units that were fitted in the vehicle meanwhile")
    crew: list[CrewOut]
    profile: str | None = Field(description="jurisdiction profile that the trip runs under")
    profile_version: int | None
    ledger_no: str | None
    seq: int | None = Field(description="null: it left the trip under way")
    planned_departure_at: datetime
    departed_at: datetime | None
    declared_departed_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    planned_arrival_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    leg_from: datetime | None
    leg_to: datetime | None
    on_the_road_s: float | None = Field(description="from leaving the premises to the door, or until the leg ended")


class CorrectionOfOrder(CorrectionOut):
    evidence: list[dict[str, Any]] | None = Field(description="the fixes that show it; null: withdrawn")


class Detection(BaseModel):
    """A milestone that fixes showed, and what became of it when more was known."""

    milestone: str
    at: datetime = Field(description="as it was told first")
    trip_no: str | None
    recorded_at: datetime
    evidence: list[dict[str, Any]] | None = Field(description="copies of the fixes that decided it")
    corrections: list[CorrectionOfOrder] = Field(description="oldest first; the newest one counts")


class Witnessed(BaseModel):
    """What the vehicle's own unit says of a handoff, as it was judged at one time."""

    version: int
    cause: str = Field(description="handoff, or why the trip was derived again")
    verdict: str = Field(description="corroborated, contradicted or no_data")
    why: str = Field(description="in words and numbers; times are UTC")
    at: datetime = Field(description="of the handoff, as it was judged")
    clock: str = Field(description="phone: counted back from the phone's clock; told: as somebody said")
    within_s: float = Field(description="so long before or after it the vehicle may have stood at the door")
    nearest_m: float | None = Field(description="how near it came to the door within that time; null: not known")
    nearest_at: datetime | None
    there_from: datetime | None = Field(
        description="when it stood at the door, nearest in time; null: never, as is known"
    )
    there_to: datetime | None
    off_s: float | None = Field(description="how much later that was than the handoff; negative: earlier")
    no_data: str | None = Field(description="the gap's cause, or no_trip, no_unit, no_place, not_heard")
    gap_from: datetime | None
    gap_to: datetime | None
    evidence: list[dict[str, Any]] = Field(description="copies of the fixes that decided it")
    policy_version: str
    made_at: datetime


class Handoff(BaseModel):
    """Somebody at the door with it."""

    attempt: int
    at: datetime
    outcome: str = Field(description="delivered or failed")
    partial: bool
    reason_code: str | None
    note: str | None
    trip_no: str | None
    declared_by: str | None
    proofs: dict[str, Any] = Field(default={}, description="verdicts and digests, as they were told")
    profile: str | None = Field(None, description="that was asked for proofs; null: kept before proofs were")
    profile_version: int | None = None
    age_threshold: int | None = None
    offline: bool = Field(default=False, description="told after it had happened, from out of reach")
    conflict: str | None = Field(None, description="what it contradicts")
    witness: list[Witnessed] = Field(
        default=[],
        description="the second witness: oldest judgement first, the newest one counts; empty: not judged yet",
    )


class GoodsMoved(BaseModel):
    at: datetime
    recorded_at: datetime
    kind: str = Field(description="load, restock, deliver, return, transfer or loss")
    trip_no: str
    vehicle: str
    line_no: int | None
    item: str
    tag: str | None
    quantity: Decimal = Field(description="negative: it left the vehicle")
    unit: str
    actor_kind: str
    actor: str
    note: str | None


class TransferOfOrder(BaseModel):
    from_trip_no: str
    from_vehicle: str
    to_trip_no: str
    to_vehicle: str
    asked_at: datetime
    asked_by: str
    reason: str
    withdrawn_at: datetime | None = Field(description="planned otherwise before the goods changed hands")
    given_at: datetime | None
    given_by: str | None
    given_reason: str | None = Field(description="why somebody else said it; null: it was their own word")
    taken_at: datetime | None
    taken_by: str | None
    taken_reason: str | None


class PlanOfOrder(BaseModel):
    """A plan that it stood in, or was taken out of; GET /v1/trips/{trip}/changes has it whole."""

    at: datetime
    trip_no: str
    plan_version: int
    kinds: list[str]
    actor_kind: str
    actor: str
    reason: str | None


class OrderRecord(BaseModel):
    """Everything that is on record about one order."""

    premises: PremisesOfOrder
    order: OrderOut
    trips: list[TripOfOrder]
    detections: list[Detection] = Field(description="milestones that fixes showed, with those fixes")
    attempts: int = Field(description="how often somebody was at the door with it")
    handoffs: list[Handoff]
    goods: list[GoodsMoved] = Field(description="its goods into vehicles and out of them")
    transfers: list[TransferOfOrder]
    plan_changes: list[PlanOfOrder]
    messages: list[MessageOut] = Field(description="what its customer was told, and whether it arrived")
    audit: list[dict[str, Any]] = Field(description="who did what, when and why, with what was before and after")


@router.get("/{key}/record", summary="Everything on record about one order", responses=ONE_ORDER)
def one_record(request: Request, key: OrderKey, caller: OrderReader, connection: Database) -> OrderRecord:
    row = one_of(order_document(connection, reader_of(caller), key=key), key)
    order = to_order_out(row, request.app.state.public_url)
    found = order_record(connection, row["id"], row["premises_id"])
    trips = [{**trip, "devices": trip["devices"] or [], "on_the_road_s": _road_s(trip)} for trip in found["trips"]]
    judged = witnesses_of_order(connection, row["id"])
    handoffs = _handoffs(order.milestones, handoffs_of_order(connection, row["id"]), judged)
    messages = [message_out(one) for one in messages_of_order(connection, row["id"])]
    return OrderRecord.model_validate(
        {**found, "order": order, "trips": trips, "attempts": len(handoffs), "handoffs": handoffs, "messages": messages}
    )


def _handoffs(
    milestones: list[MilestoneOut], kept: Sequence[HandoffRow], judged: dict[int, list[dict[str, Any]]]
) -> list[Handoff]:
    said = [one for one in milestones if one.known == "declared" and one.milestone in AT_THE_DOOR]
    names = Handoff.model_fields.keys() - {"attempt", "outcome", "witness"} - set(_OF_PROOFS)
    proved = {(one.at, one.outcome == "failed"): one for one in kept}
    found = []
    for number, one in enumerate(said, 1):
        row = proved.get((one.at, one.milestone == Milestone.FAILED))
        more = {} if row is None else {name: getattr(row, name) for name in _OF_PROOFS}
        if row is not None:
            more["witness"] = [Witnessed.model_validate(each) for each in judged.get(row.attempt_no, [])]
        values = {name: getattr(one, name) for name in names}
        found.append(Handoff(attempt=number, outcome=one.milestone, **values, **more))
    return found


_OF_PROOFS = ("proofs", "profile", "profile_version", "age_threshold", "offline", "conflict")


def _road_s(trip: dict[str, Any]) -> float | None:
    there_at = trip["arrived_at"] or trip["leg_to"]
    if trip["leg_from"] is None or there_at is None:
        return None
    # An urgent order may join a van that stands at its door already.
    return max(0.0, float((there_at - trip["leg_from"]).total_seconds()))
