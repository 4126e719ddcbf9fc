"""Figures, tables and charts' values of the page of delays, as words and rows. Draws nothing and reads no clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import streamlit as st

from dashboard import punctuality, wording
from dashboard.links import ORDER_IN_LINK, order_page
from dashboard.punctuality import SMALLEST_N, Kept
from storage.promises import PromiseRow

Row = dict[str, Any]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the page's head, and what changed against the days before."""

    title: str
    value: str
    means: str
    change: str | None = None
    colour: Literal["normal", "inverse"] = "normal"


def figures(rows: Sequence[PromiseRow], before: Sequence[PromiseRow] | None) -> list[Figure]:
    """On-time rate, how late, left late, at the door, failed."""
    now = punctuality.kept("", rows)
    then = None if not before else punctuality.kept("", before)
    failed, failed_then = _failed(rows), None if then is None else _failed(before or ())
    points = None if then is None else f"{(now.rate - then.rate) * 100:+.1f} points ({then.orders} orders before)"
    return [
        Figure(
            title="In time", value=f"{now.rate:.1%}",
            means=f"{now.in_time} of {now.orders} orders had the van at the door by the end of their window.",
            change=points,
        ),
        _length("Late by", now.late_s, None if then is None else then.late_s,
                "Of the late ones, past the window's end"),
        _length("Left late by", now.departed_behind_s, None if then is None else then.departed_behind_s,
                "Behind the planned departure"),
        _length("At the door", now.door_s, None if then is None else then.door_s, "From arrival to leaving"),
        Figure(
            title="Failed", value=f"{failed}", means=f"Of {now.orders} orders, those with an attempt that failed.",
            change=None if failed_then is None else f"{failed - failed_then:+d}", colour="inverse",
        ),
    ]  # fmt: skip


def _length(title: str, seconds: float | None, before_s: float | None, means: str) -> Figure:
    change = None if seconds is None or before_s is None else f"{(seconds - before_s) / 60:+.1f} min"
    return Figure(title=title, value=_span(seconds), means=f"{means}; the median.", change=change, colour="inverse")


def _failed(rows: Sequence[PromiseRow]) -> int:
    return sum(row.reason_code is not None for row in rows)


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return wording.span(seconds) if seconds >= 0 else f"{wording.span(-seconds)} early"


def days_before(days: tuple[date, date]) -> tuple[date, date]:
    """As many days, ending on the day before the first."""
    length = days[1] - days[0]
    last = days[0] - timedelta(days=1)
    return last - length, last


def table(name: str, found: Sequence[Kept]) -> list[Row]:
    """One row per part; shares of few orders are left empty."""
    return [
        {
            name: one.part,
            "Orders": one.orders,
            "In time": one.in_time,
            "Rate %": round(one.rate * 100, 1) if one.orders >= SMALLEST_N else None,
            "Late by, min": _minutes(one.late_s),
            "Left late by, min": _minutes(one.departed_behind_s),
            "Road added, min": _minutes(one.road_s),
            "At the door, min": _minutes(one.door_s),
        }
        for one in found
    ]


def columns() -> dict[str, Any]:
    rate = st.column_config.ProgressColumn(
        "Rate %", min_value=0, max_value=100, format="%.1f",
        help=f"Of those whose window is over; hidden below {SMALLEST_N} orders",
    )  # fmt: skip
    return {"Rate %": rate}


def orders(rows: Sequence[PromiseRow], tz: ZoneInfo) -> list[Row]:
    """Late orders in a list."""
    return [
        {
            "Order": order_page(row.order_no),
            "Window": wording.window(row.window_from, row.window_to, tz),
            "Day": f"{row.window_to.astimezone(tz):%Y-%m-%d}",
            "Late by, min": _minutes(row.late_s),
            "Left late by, min": _minutes(punctuality.departed_behind_s(row)),
            "Road added, min": _minutes(punctuality.road_s(row)),
            "Milestone": wording.milestone_words(row.milestone),
            "Van": row.vehicle_name or "",
            "Driver": row.crew or "",
        }
        for row in rows
    ]


def order_columns() -> dict[str, Any]:
    return {"Order": st.column_config.LinkColumn("Order", display_text=ORDER_IN_LINK)}


def late_by_hour(rows: Sequence[PromiseRow], tz: ZoneInfo) -> list[Row]:
    """Cells of weekday and hour; the share is None where orders are too few to say."""
    cells: dict[tuple[str, str], list[PromiseRow]] = defaultdict(list)
    for row in rows:
        cells[punctuality.weekday_of(row, tz), punctuality.hour_of(row, tz)].append(row)
    return [
        {"weekday": weekday, "hour": hour, "orders": len(found), "late": len(found) - one.in_time,
         "late_share": 1 - one.rate if len(found) >= SMALLEST_N else None}
        for (weekday, hour), found in sorted(cells.items())
        for one in [punctuality.kept("", found)]
    ]  # fmt: skip


def behind_by_hour(rows: Sequence[PromiseRow], tz: ZoneInfo) -> list[Row]:
    """Minutes behind the plan by hour: before the road and on it, as medians of at least SMALLEST_N orders."""
    found = sorted(punctuality.by(rows, lambda row: punctuality.hour_of(row, tz)), key=lambda one: one.part)
    return [
        {"hour": one.part, "where": where, "minutes": round(seconds / 60, 1), "orders": one.orders}
        for one in found
        if one.orders >= SMALLEST_N
        for where, seconds in (("at departure", one.departed_behind_s), ("on the road", one.road_s))
        if seconds is not None
    ]


def waiting_by_hour(rows: Sequence[PromiseRow], tz: ZoneInfo) -> list[Row]:
    """Minutes from packed to departed, by the hour of departure."""
    hours: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        seconds = punctuality.waited_s(row)
        if seconds is not None and row.departed_at is not None:
            hours[f"{row.departed_at.astimezone(tz):%H}:00"].append(seconds)
    return [
        {"hour": hour, "minutes": round(median(found) / 60, 1), "orders": len(found)}
        for hour, found in sorted(hours.items())
        if len(found) >= SMALLEST_N
    ]


def failed_by_reason(rows: Sequence[PromiseRow]) -> list[Row]:
    """How often each reason was given, the most frequent first."""
    counted = Counter(row.reason_code for row in rows if row.reason_code is not None)
    return [
        {"reason": wording.reason_words(code), "code": code, "orders": number} for code, number in counted.most_common()
    ]


def weak_words(one: Kept) -> str:
    """A weak point in a sentence, with its evidence."""
    words = f"{one.part}: {one.orders - one.in_time} of {one.orders} late ({1 - one.rate:.0%})"
    if one.departed_behind_s is not None and one.road_s is not None:
        words += f"; left {_behind(one.departed_behind_s)}, the road {_added(one.road_s)}"
    return words


def _behind(seconds: float) -> str:
    return f"{wording.span(seconds)} late" if seconds >= 30 else "in time"


def _added(seconds: float) -> str:
    return f"added {wording.span(seconds)}" if seconds >= 30 else "added nothing"


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)
