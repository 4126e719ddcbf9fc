"""Page: find orders, and read one: its sentence, timeline, route and lines. Changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from contract.milestones import Milestone
from dashboard import custody_view, data, order_telling, order_view, wording
from dashboard.components import order_card
from dashboard.components.frame import current_tones, freshness, head, nothing, unavailable
from dashboard.components.ground import attribution
from dashboard.components.order_map import order_map
from dashboard.components.paging import page_number
from dashboard.data import Fleet, UnavailableError
from dashboard.environment import environment
from dashboard.sentence import PROBABLY, sentence
from storage.custody_reads import HandoffFilter
from storage.reads import OrderFilter, OrderStory

PAGE_ROWS = 50
MOST_ATTEMPTS = 20
REFRESH_S = 5
TABLE, PAGE, OPEN = "orders_table", "orders_page", "orders_open"


def first_page() -> None:
    st.session_state[PAGE] = 1


def wanted_orders(tz: ZoneInfo, now: datetime) -> OrderFilter:
    """The filter, one line of it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
        text = st.text_input(
            "Search", key="orders_text", placeholder="Number, customer, address, phone, van or trip",
            on_change=first_page, width=340,
        )  # fmt: skip
        milestones = st.multiselect(
            "Milestone", [m.value for m in Milestone], format_func=wording.milestone_words, key="orders_milestones",
            placeholder="Any", on_change=first_page, width=250,
        )  # fmt: skip
        today = now.astimezone(tz).date()
        day = st.date_input("Day of the window", today, key="orders_day", on_change=first_page, width=150)
        every_day = st.toggle("All days", key="orders_every_day", on_change=first_page)
        late_only = st.toggle("Late only", key="orders_late", on_change=first_page)
    from_at, to_at = (None, None) if every_day or day is None else order_view.day_bounds(day, tz)
    return OrderFilter(
        text=text.strip(), milestones=tuple(milestones), from_at=from_at, to_at=to_at, late_only=late_only
    )


def open_row() -> None:
    picked = st.session_state[TABLE].selection.rows
    numbers = st.session_state.get("orders_numbers", [])
    if picked and picked[0] < len(numbers):
        st.session_state[OPEN] = st.query_params["order"] = numbers[picked[0]]


@st.fragment(run_every=REFRESH_S)
def order_list(wanted: OrderFilter, tz: ZoneInfo) -> None:
    if OPEN in st.session_state:
        st.rerun()
    try:
        rows, total = data.orders(wanted, PAGE_ROWS, (page_number(PAGE) - 1) * PAGE_ROWS)
    except UnavailableError as problem:
        unavailable(problem)
        return
    if total == 0:
        nothing("No order matches", "Clear the search, choose another day, or switch on “All days”.")
        return
    now = data.now()
    late = sum(row.late_s is not None for row in rows)
    shown = wording.count_of(total, "order") + (f", {late} late on this page" if late else "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{shown}. Choose a row to read the order.")
        page_number(PAGE, total, PAGE_ROWS)
    st.session_state["orders_numbers"] = [row.order_no for row in rows]
    table = order_view.table(rows, tz, now)
    st.dataframe(
        table, hide_index=True, key=TABLE, on_select=open_row, selection_mode="single-row",
        height=min(38 + 35 * len(rows), 640), column_config=columns(table),
    )  # fmt: skip


def columns(table: list[dict[str, Any]]) -> dict[str, Any]:
    """Milestone and promise as pills: blue on the way, orange where something went wrong, grey for the rest."""
    tones = current_tones()
    words = [wording.milestone_words(milestone) for milestone in Milestone]
    promises = sorted({promise for row in table for promise in row["Promise"]})
    return {
        "Milestone": st.column_config.MultiselectColumn(
            options=words, color=[tones.pill(order_view.milestone_sign(milestone)) for milestone in Milestone]
        ),
        "Promise": st.column_config.MultiselectColumn(
            options=promises,
            color=[tones.pill("late" if promise.endswith("late") else "idle") for promise in promises],
            width="small",
        ),
        "Address": st.column_config.TextColumn(width="medium"),
    }


@st.fragment(run_every=REFRESH_S)
def one_order(number: str, fleet: Fleet) -> None:
    try:
        story = data.order_story(number)
    except UnavailableError as problem:
        unavailable(problem)
        return
    if story is None:
        nothing(f"No order {number}", "It may belong to other premises, or the number was mistyped.")
        return
    premises = next((row for row in fleet.premises if row.id == story.order.premises_id), None)
    tz, now, order = ZoneInfo(premises.tz if premises else "UTC"), data.now(), story.order
    forecast = story.forecast
    late = order.late_s is not None or (forecast is not None and forecast.late_risk >= PROBABLY)
    order_card.say(sentence(order, story.milestones, tz, now, forecast), late=late)
    window, actual, standing = order_view.promise(order, tz, now, forecast)
    order_card.facts(
        [("Window", window), ("Arrival", actual), ("Promise", standing),
         ("Why this ETA", "" if forecast is None else order_telling.because(forecast, tz, now)),
         ("Van and drop", f"{order.vehicle_name} · drop {order.drop_seq} of {order.trip_no}" if order.trip_no else ""),
         ("Customer", order.customer_name), ("Phone", order.customer_phone or ""), ("Address", order.address),
         ("Note", order.note or ""), ("Customer's note for the driver", order.customer_note or ""),
         ("Order system", f"{order.source} {order.source_ref}")]
    )  # fmt: skip
    left, right = st.columns([9, 11], gap="medium")
    with left:
        st.subheader("What happened", anchor=False)
        order_card.timeline(order_view.timeline(story.milestones, order.window_to, tz, now))
        attempts(order.order_no, tz, now)
        messages(story, tz, now)
    with right:
        route(story, fleet, tz, now)
        lines(story)


def attempts(number: str, tz: ZoneInfo, now: datetime) -> None:
    try:
        rows, _ = data.handoffs(HandoffFilter(order_no=number), MOST_ATTEMPTS)
    except UnavailableError:
        return
    if rows:
        st.subheader("Attempts to hand over", anchor=False)
        order_card.timeline(custody_view.attempts(list(reversed(rows)), tz, now))


def messages(story: OrderStory, tz: ZoneInfo, now: datetime) -> None:
    st.subheader("What the customer was told", anchor=False)
    if story.messages:
        order_card.messages(order_telling.told(story.messages, tz, now))
    else:
        st.caption("Nothing yet. Customers are told from the departure on, where the order has an address for it.")


def route(story: OrderStory, fleet: Fleet, tz: ZoneInfo, now: datetime) -> None:
    st.subheader("Route", anchor=False)
    premises = next((row for row in fleet.premises if row.id == story.order.premises_id), None)
    deck = order_map(story.order, story.routes, premises, current_tones(), basemap=environment().basemap is not None)
    if deck is None:
        st.caption("The address has no position yet, and no van has carried the order.")
        return
    with st.container(key="wb-route"):
        st.pydeck_chart(deck, height=380, key="order_map", alt="Map of the order's route")
        st.html(attribution(current_tones()))
    if not story.legs:
        st.caption("No van has carried it yet.")
    for leg, points in zip(story.legs, story.routes, strict=True):
        st.caption(order_view.leg_words(leg, points, tz, now))


def lines(story: OrderStory) -> None:
    if not story.lines:
        return
    total = wording.money(story.order.total_minor, story.order.currency)
    st.subheader("Goods", anchor=False)
    st.dataframe(order_view.lines_table(story.lines, story.order.currency), hide_index=True, height="content")
    if total:
        st.caption(f"Total {total}")


def back() -> None:
    st.query_params.pop("order", None)


@st.fragment(run_every=REFRESH_S)
def page_head(title: str) -> None:
    try:
        fleet = data.fleet()
    except UnavailableError:
        head(title, "", "No connection to the records", stale=True)
        return
    note, stale = freshness(fleet.newest_fix_at, ZoneInfo(fleet.premises[0].tz), data.now())
    head(title, ", ".join(row.name for row in fleet.premises), note, stale=stale)


def page() -> None:
    try:
        fleet = data.fleet()
    except UnavailableError as problem:
        unavailable(problem)
        return
    if not fleet.premises:
        nothing("No premises yet", "Orders belong to premises. Make the first one.", "waybill init")
        return
    tz = ZoneInfo(fleet.premises[0].tz)
    now, number = data.now(), st.session_state.pop(OPEN, None) or st.query_params.get("order")
    page_head(f"Order {number}" if number else "Orders")
    if number:
        st.button("All orders", on_click=back, icon=":material/arrow_back:")
        one_order(number, fleet)
    else:
        order_list(wanted_orders(tz, now), tz)


page()
