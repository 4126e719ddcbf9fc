"""One order in plain sentences that support can read out. Knows no page and reads no clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from contract.milestones import Milestone
from dashboard import wording
from storage.reading_rows import ForecastRow, MilestoneRow, OrderDetailRow

_BEFORE_TRIP = {
    Milestone.RECEIVED: "has been received and waits to be accepted",
    Milestone.ACCEPTED: "has been accepted",
    Milestone.PREPARING: "is being prepared",
    Milestone.READY: "is ready and waits for a trip",
}
WORTH_SAYING_S = 300.0  # nobody calls five minutes late in a city
PROBABLY = 0.5  # more likely than not
_ON_THE_WAY = (Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED)


def sentence(
    order: OrderDetailRow,
    milestones: list[MilestoneRow],
    tz: ZoneInfo,
    now: datetime,
    forecast: ForecastRow | None = None,
) -> str:
    """What there is to say about the order now: where it is, what happened, and how that stands to the promise."""
    known = {row.milestone: row for row in milestones}
    who = f"Order {order.order_no} for {order.customer_name}"
    milestone = order.milestone
    if milestone in _BEFORE_TRIP:
        return f"{who} {_BEFORE_TRIP[Milestone(milestone)]}. {_promise(order, forecast, tz, now)}"
    if milestone == Milestone.QUEUED:
        return f"{who} is {_drop(order)}. {_promise(order, forecast, tz, now)}"
    if milestone in _ON_THE_WAY:
        return f"{who} {_under_way(order, tz, now)}. {_promise(order, forecast, tz, now)}"
    if milestone == Milestone.DELIVERED:
        at = wording.time_of_day(known[milestone].at if milestone in known else order.milestone_at, tz, now)
        return f"{who} was delivered at {at}{_by(order)}, {_kept(order, tz, now)}."
    if milestone == Milestone.FAILED:
        return f"{who} could not be handed over: {_why(known.get(milestone))}. {_tried(order, tz, now)}"
    if milestone == Milestone.RETURNED:
        at = wording.time_of_day(order.milestone_at, tz, now)
        return f"{who} came back to the premises at {at}: {_why(known.get(Milestone.FAILED))}."
    return f"{who} was cancelled at {wording.time_of_day(order.milestone_at, tz, now)}."


def _drop(order: OrderDetailRow) -> str:
    if order.vehicle_name is None:
        return "planned, on a trip that is not known here"
    return f"planned as drop {order.drop_seq} of trip {order.trip_no} with {order.vehicle_name}"


def _by(order: OrderDetailRow) -> str:
    return f" by {order.vehicle_name}" if order.vehicle_name else ""


def _under_way(order: OrderDetailRow, tz: ZoneInfo, now: datetime) -> str:
    van = order.vehicle_name or "the van"
    if order.milestone == Milestone.ARRIVED and order.arrived_at is not None:
        return f"is at the door: {van} arrived there at {wording.time_of_day(order.arrived_at, tz, now)}"
    where = f"is on its way with {van}" + (f", as drop {order.drop_seq}" if order.drop_seq else "")
    if order.milestone == Milestone.ARRIVING_SOON:
        where += ", and close to the door"
    if order.departed_at is not None:
        where += f"; it left at {wording.time_of_day(order.departed_at, tz, now)}{_late_start(order)}"
    return where


def _late_start(order: OrderDetailRow) -> str:
    if order.departed_at is None or order.planned_departure_at is None:
        return ""
    behind_s = (order.departed_at - order.planned_departure_at).total_seconds()
    return f", {wording.span(behind_s)} late" if behind_s >= WORTH_SAYING_S else ""


def _promise(order: OrderDetailRow, forecast: ForecastRow | None, tz: ZoneInfo, now: datetime) -> str:
    promised = wording.window(order.window_from, order.window_to, tz, now)
    if order.late_s is not None:
        if order.arrived_at is not None:
            return f"That is {wording.span(order.late_s)} after its window, {promised}."
        if forecast is not None:
            late = wording.span(order.late_s)
            return f"Its window, {promised}, ended {late} ago; it is expected {_eta(forecast, tz, now)}."
        return f"Its window, {promised}, has passed: it is {wording.span(order.late_s)} late."
    if order.arrived_at is not None:
        return f"That is within its window, {promised}."
    if forecast is not None:
        return _expected(order, forecast, tz, now)
    planned = ""
    if order.planned_arrival_at is not None:
        planned = f", and planned for {wording.time_of_day(order.planned_arrival_at, tz, now)}"
    return f"It is promised for {promised}{planned}."


def _eta(forecast: ForecastRow, tz: ZoneInfo, now: datetime) -> str:
    return wording.eta(forecast.p50_at, forecast.p90_at, tz, now)


def _expected(order: OrderDetailRow, forecast: ForecastRow, tz: ZoneInfo, now: datetime) -> str:
    promised = wording.window(order.window_from, order.window_to, tz, now)
    until = wording.time_of_day(order.window_to, tz, now)
    if forecast.late_risk >= PROBABLY:
        return f"It is expected {_eta(forecast, tz, now)}; the window until {until} will probably be missed."
    if forecast.p90_at > order.window_to:
        return f"It is expected {_eta(forecast, tz, now)}; the window until {until} may be missed."
    return f"It is promised for {promised}, and expected {_eta(forecast, tz, now)}."


def _kept(order: OrderDetailRow, tz: ZoneInfo, now: datetime) -> str:
    promised = wording.window(order.window_from, order.window_to, tz, now)
    if order.late_s is not None:
        return f"{wording.span(order.late_s)} after its window, {promised}"
    if (order.arrived_at or order.milestone_at) < order.window_from:
        return f"before its window, {promised}"
    return f"within its window, {promised}"


def _why(failed: MilestoneRow | None) -> str:
    if failed is None or failed.reason_code is None:
        return "no reason is recorded"
    return wording.reason_words(failed.reason_code)


def _tried(order: OrderDetailRow, tz: ZoneInfo, now: datetime) -> str:
    at = order.arrived_at or order.milestone_at
    van = order.vehicle_name or "The van"
    return f"{van} was there at {wording.time_of_day(at, tz, now)}, {_kept(order, tz, now)}."
