"""One order, and orders in a list, as words. Draws nothing and reads no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from contract.geo import from_e7
from contract.milestones import Known, Milestone
from dashboard import wording
from storage.reading_rows import ForecastRow, LegRow, LineRow, MilestoneRow, OrderDetailRow, OrderRow, TrailRow

FINAL = (Milestone.DELIVERED, Milestone.FAILED, Milestone.RETURNED, Milestone.CANCELLED)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of an order's timeline; `sign` is done, late, failed or plain."""

    title: str
    when: str
    known: str
    evidence: str
    sign: str


def timeline(milestones: Sequence[MilestoneRow], window_to: datetime, tz: ZoneInfo, now: datetime) -> list[Step]:
    """Every milestone in order of time: what, when, how it is known and by what evidence."""
    return [
        Step(
            title=wording.milestone_words(row.milestone),
            when=wording.moment(row.at, tz, now),
            known=_known(row),
            evidence=" · ".join(_evidence(row)),
            sign=_sign(row, window_to),
        )
        for row in milestones
    ]


def _known(row: MilestoneRow) -> str:
    if row.known == Known.DETECTED:
        return "detected from fixes"
    return f"declared by {row.declared_by}"


def _sign(row: MilestoneRow, window_to: datetime) -> str:
    if row.milestone in (Milestone.FAILED, Milestone.RETURNED, Milestone.CANCELLED):
        return "failed"
    if row.milestone in (Milestone.ARRIVED, Milestone.DELIVERED):
        return "late" if row.at > window_to else "done"
    return "plain"


def _evidence(row: MilestoneRow) -> list[str]:
    words = []
    if row.reason_code is not None:
        words.append(wording.reason_words(row.reason_code))
    if row.note:
        words.append(row.note)
    words += [_fix_words(fix) for fix in row.evidence or [] if isinstance(fix, dict)]
    return words


def _fix_words(fix: dict[str, Any]) -> str:
    place = f"{from_e7(fix['lat_e7']):.5f}, {from_e7(fix['lon_e7']):.5f}" if "lat_e7" in fix else "a fix"
    speed = fix.get("speed_mps")
    return f"fix {fix.get('seq', '?')} at {place}" + ("" if speed is None else f", {wording.speed(speed)}")


def promise(
    order: OrderDetailRow, tz: ZoneInfo, now: datetime, forecast: ForecastRow | None = None
) -> tuple[str, str, str]:
    """The window, what really happened, is expected or planned, and how that stands to the window."""
    window = wording.window(order.window_from, order.window_to, tz, now)
    if order.arrived_at is not None:
        actual = f"there at {wording.time_of_day(order.arrived_at, tz, now)}"
        if order.left_at is not None:
            actual += f", stayed {wording.span((order.left_at - order.arrived_at).total_seconds())}"
    elif forecast is not None:
        actual = f"ETA {wording.eta(forecast.p50_at, forecast.p90_at, tz, now)}"
        actual += f", late risk {wording.percent(forecast.late_risk)}"
    elif order.planned_arrival_at is not None:
        actual = f"planned {wording.time_of_day(order.planned_arrival_at, tz, now)}"
    else:
        actual = "not planned yet"
    return window, actual, standing(order, now)


def standing(order: OrderDetailRow | OrderRow, now: datetime) -> str:
    """Late by how much, in time, or how long there is left."""
    if order.late_s is not None:
        return f"{wording.span(order.late_s)} late"
    if order.milestone == Milestone.CANCELLED:
        return "cancelled"
    if order.arrived_at is not None or order.milestone in FINAL:
        return "in time"
    if now < order.window_from:
        return f"window opens in {wording.span((order.window_from - now).total_seconds())}"
    return f"{wording.span((order.window_to - now).total_seconds())} left"


def milestone_sign(milestone: Milestone) -> str:
    """Which sign's colour a milestone has."""
    if milestone in (Milestone.FAILED, Milestone.RETURNED):
        return "late"
    on_the_way = (Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED)
    return "on_time" if milestone in on_the_way else "idle"


def table(rows: Sequence[OrderRow], tz: ZoneInfo, now: datetime) -> list[dict[str, Any]]:
    """Rows for the list of orders."""
    return [
        {
            "Order": row.order_no,
            "Window": wording.window(row.window_from, row.window_to, tz, now),
            "Milestone": [wording.milestone_words(row.milestone)],
            "Since": wording.time_of_day(row.milestone_at, tz, now),
            "Promise": [standing(row, now)],
            "Van": row.vehicle_name or "",
            "Trip": "" if row.trip_no is None else f"{row.trip_no} · {row.drop_seq}",
            "Customer": row.customer_name,
            "Address": row.address,
        }
        for row in rows
    ]


def lines_table(lines: Sequence[LineRow], currency: str | None) -> list[dict[str, str]]:
    """Rows for what was ordered."""
    return [
        {
            "Item": line.item,
            "Category": line.category or "",
            "Tag": line.tag or "",
            "Quantity": f"{line.quantity.normalize():f} {line.unit}",
            "Price": wording.money(line.unit_price_minor, currency),
        }
        for line in lines
    ]


def leg_words(leg: LegRow, route: Sequence[TrailRow], tz: ZoneInfo, now: datetime) -> str:
    """One leg in a line."""
    until = "now" if leg.to_at is None else wording.time_of_day(leg.to_at, tz, now)
    crew = f", {leg.crew}" if leg.crew else ""
    fixes = "no fixes" if not route else ""
    words = f"{leg.vehicle_name}{crew}, trip {leg.trip_no}: {wording.time_of_day(leg.from_at, tz, now)} to {until}"
    return f"{words} ({fixes})" if fixes else words


def day_bounds(day: Any, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """A calendar day in the premises' zone as instants; 23 or 25 hours when the clocks change."""
    begins = datetime.combine(day, time.min, tz)
    return begins, datetime.combine(day + timedelta(days=1), time.min, tz)
