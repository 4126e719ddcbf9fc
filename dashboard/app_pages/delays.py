"""Page: how well promises were kept in a period, where they break, and which orders those were. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import data, delay_view, order_view, punctuality
from dashboard.components import delay_charts
from dashboard.components.downloads import download
from dashboard.components.frame import current_tones, head, nothing, unavailable
from dashboard.data import UnavailableError
from dashboard.punctuality import Part
from storage.promises import PromiseRow
from storage.reading_rows import PremisesRow

FIRST_DAYS = 7
MOST_DAYS = 92  # the page reads every order of the period
PERIOD, BEFORE, PREMISES, BY, TABLE = "delays_period", "delays_before", "delays_premises", "delays_by", "delays_table"


def period(today: date) -> tuple[date, date] | None:
    """First and last day; None while only one of them has been chosen, or when they are too many."""
    chosen = st.date_input(
        "Days on which windows ended", (today - timedelta(days=FIRST_DAYS - 1), today), max_value=today, key=PERIOD,
        width=280,
    )  # fmt: skip
    if not isinstance(chosen, tuple) or len(chosen) != 2:
        st.caption("Choose the last day too.")
        return None
    first, last = chosen
    if (last - first).days >= MOST_DAYS:
        st.warning(f"{first} to {last} are {(last - first).days + 1} days; choose at most {MOST_DAYS}.")
        return None
    return first, last


def chosen_premises(premises: Sequence[PremisesRow]) -> PremisesRow | None:
    """None: all of them."""
    return st.selectbox(
        "Premises", [None, *premises], key=PREMISES, width=220,
        format_func=lambda row: "All" if row is None else row.name,
    )  # fmt: skip


def figures(rows: Sequence[PromiseRow], before: Sequence[PromiseRow] | None) -> None:
    """The period in five numbers, each beside that of the period before when that is wanted."""
    with st.container(horizontal=True, gap="medium"):
        for figure in delay_view.figures(rows, before):
            st.metric(
                figure.title, figure.value, figure.change, delta_color=figure.colour, help=figure.means, width="content"
            )


def parts_of(premises: Sequence[PremisesRow], tz: ZoneInfo) -> dict[str, Part]:
    """By what orders can be told apart."""
    names = {row.id: row.name for row in premises}
    parts: dict[str, Part] = {
        "Hour": lambda row: punctuality.hour_of(row, tz),
        "Weekday": lambda row: punctuality.weekday_of(row, tz),
        "Van": lambda row: row.vehicle_name,
        "Driver": lambda row: row.crew,
    }
    if len(premises) > 1:
        parts["Premises"] = lambda row: names.get(row.premises_id)
    return parts


def tables(rows: Sequence[PromiseRow], parts: dict[str, Part], tz: ZoneInfo) -> None:
    """Rates by hour, van and so on; a chosen row leads to its orders."""
    st.subheader("By hour, weekday, van and driver", anchor=False)
    name = st.segmented_control("By", list(parts), default="Hour", key=BY, label_visibility="collapsed") or "Hour"
    found = punctuality.by(rows, parts[name])
    shown = delay_view.table(name, found)
    picked = st.dataframe(
        shown, hide_index=True, key=f"{TABLE}_{name}", on_select="rerun", selection_mode="single-row",
        height="content" if len(shown) < 12 else 460, column_config=delay_view.columns(),
    )  # fmt: skip
    download("Table as CSV", f"promises-by-{name.lower()}.csv", shown)
    chosen = picked.selection.rows
    part = found[chosen[0]].part if chosen and chosen[0] < len(found) else None
    orders_of(part, [row for row in rows if part is None or parts[name](row) == part], tz)


def orders_of(part: str | None, rows: Sequence[PromiseRow], tz: ZoneInfo) -> None:
    """The late ones of a part by how late; of all orders while no part is chosen."""
    late = sorted((row for row in rows if row.late_s is not None), key=lambda row: -(row.late_s or 0.0))
    st.subheader(f"Late orders{'' if part is None else f' of {part}'}: {len(late)} of {len(rows)}", anchor=False)
    if not late:
        st.caption("Every van was at the door by the end of the window.")
        return
    st.caption("Choose a row above to see only its orders. A number opens the order.")
    shown = delay_view.orders(late, tz)
    st.dataframe(
        shown, hide_index=True, height=min(38 + 35 * len(shown), 420), column_config=delay_view.order_columns()
    )
    download("Orders as CSV", "late-orders.csv", shown)


def charts(rows: Sequence[PromiseRow], tz: ZoneInfo) -> None:
    """When promises break, what was lost before the road and on it, and why handoffs failed."""
    tones = current_tones()
    drawn: tuple[tuple[str, str, list[dict[str, Any]], Callable[..., Any]], ...] = (
        ("Late share by weekday and hour", "late-by-hour.csv", delay_view.late_by_hour(rows, tz), delay_charts.heat),
        ("Behind the plan: at departure and on the road", "behind-by-hour.csv", delay_view.behind_by_hour(rows, tz),
         delay_charts.behind),
        ("Packed and waiting to leave", "waiting-by-hour.csv", delay_view.waiting_by_hour(rows, tz),
         delay_charts.waiting),
        ("Failed handoffs by reason", "failed-by-reason.csv", delay_view.failed_by_reason(rows), delay_charts.failed),
    )  # fmt: skip
    columns = st.columns(2, gap="medium")
    for number, (title, file_name, values, draw) in enumerate(drawn):
        with columns[number % 2]:
            st.subheader(title, anchor=False)
            if not values:
                st.caption("Nothing of the kind in this period.")
                continue
            st.altair_chart(draw(values, tones), width="stretch", alt=title)
            download("Chart as CSV", file_name, values)


def weak(rows: Sequence[PromiseRow], parts: dict[str, Part]) -> None:
    found = punctuality.weak_points(rows, parts)[:5]
    if found:
        st.subheader("Where promises break most", anchor=False)
        st.markdown("\n".join(f"- {delay_view.weak_words(one)}" for one in found))


def page() -> None:
    try:
        premises = data.fleet().premises
        if not premises:
            nothing("No premises yet", "Promises belong to premises. Make the first one.", "waybill init")
            return
        tz, now = ZoneInfo(premises[0].tz), data.now()
        head("Delays", ", ".join(row.name for row in premises), f"Times in {premises[0].tz}")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
            days = period(now.astimezone(tz).date())
            with_before = st.toggle("Compare with the days before", key=BEFORE)
            only = chosen_premises(premises) if len(premises) > 1 else None
        if days is None:
            return
        rows = of_days(days, tz, only)
        before = of_days(delay_view.days_before(days), tz, only) if with_before else None
    except UnavailableError as problem:
        unavailable(problem)
        return
    if not rows:
        nothing("No window ended in these days", "Choose other days. Orders count once their window is over.")
        return
    parts = parts_of(premises if only is None else [only], tz)
    figures(rows, before)
    weak(rows, parts)
    charts(rows, tz)
    tables(rows, parts, tz)


def of_days(days: tuple[date, date], tz: ZoneInfo, only: PremisesRow | None) -> list[PromiseRow]:
    """Orders whose window ended on these days."""
    from_at, to_at = order_view.day_bounds(days[0], tz)[0], order_view.day_bounds(days[1], tz)[1]
    rows = data.promises(from_at, to_at)
    return [row for row in rows if only is None or row.premises_id == only.id]


page()
