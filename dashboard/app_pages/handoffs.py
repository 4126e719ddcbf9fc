"""Page: attempts to hand over with what the vehicle says of them, and exceptions to be explained. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import custody_view, data, order_view
from dashboard.components.frame import current_tones, head, nothing, unavailable
from dashboard.components.paging import page_number
from dashboard.custody_view import KIND_WORDS, OUTCOME_WORDS, VERDICT_SIGNS, VERDICT_WORDS
from dashboard.data import Fleet, UnavailableError
from dashboard.links import ORDER_IN_LINK
from storage.custody_reads import ExceptionFilter, HandoffFilter

PAGE_ROWS = 50
FIRST_DAYS = 7
PARTS = ("Handoffs", "Exceptions")
PART, PAGE = "handoffs_part", "handoffs_page"


def first_page() -> None:
    st.session_state[PAGE] = 1


def wanted_handoffs(tz: ZoneInfo, now: datetime) -> HandoffFilter:
    """The filter, one line of it."""
    today = now.astimezone(tz).date()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
        text = st.text_input("Search", key="handoffs_text", placeholder="Order, trip, van, driver or reason code",
                             on_change=first_page, width=320)  # fmt: skip
        outcome = st.selectbox("Outcome", [None, *OUTCOME_WORDS], key="handoffs_outcome", width=170,
                               on_change=first_page,
                               format_func=lambda one: "Any" if one is None else OUTCOME_WORDS[one])  # fmt: skip
        verdict = st.selectbox("Second witness", [None, *VERDICT_WORDS], key="handoffs_verdict", width=170,
                               on_change=first_page,
                               format_func=lambda one: "Any" if one is None else VERDICT_WORDS[one])  # fmt: skip
        days = st.date_input("Days", (today - timedelta(days=FIRST_DAYS - 1), today), key="handoffs_days", width=260,
                             max_value=today, on_change=first_page)  # fmt: skip
    from_at = to_at = None
    if isinstance(days, tuple) and days:
        from_at, to_at = order_view.day_bounds(days[0], tz)[0], order_view.day_bounds(days[-1], tz)[1]
    return HandoffFilter(text=text, outcome=outcome, verdict=verdict, from_at=from_at, to_at=to_at)


def handoff_list(zones: Mapping[UUID, ZoneInfo], tz: ZoneInfo, now: datetime) -> None:
    wanted = wanted_handoffs(tz, now)
    rows, found = data.handoffs(wanted, PAGE_ROWS, (page_number(PAGE) - 1) * PAGE_ROWS)
    if not found.all:
        nothing("No attempt to hand over matches", "Clear the search or choose other days.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{custody_view.sums(found)}. A number opens the order.")
        page_number(PAGE, found.all, PAGE_ROWS)
    tones = current_tones()
    st.dataframe(
        custody_view.handoff_table(rows, zones, now), hide_index=True, height=min(38 + 35 * len(rows), 640),
        column_config={
            "Order": st.column_config.LinkColumn(display_text=ORDER_IN_LINK),
            "Outcome": st.column_config.MultiselectColumn(options=list(OUTCOME_WORDS.values()), color=[
                tones.pill("late" if name == "failed" else "on_time") for name in OUTCOME_WORDS]),
            "Second witness": st.column_config.MultiselectColumn(options=list(VERDICT_WORDS.values()), color=[
                tones.pill(VERDICT_SIGNS[name]) for name in VERDICT_WORDS]),
            "Why": st.column_config.TextColumn(width="large"),
        },
    )  # fmt: skip


def exception_list(zones: Mapping[UUID, ZoneInfo], now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
        text = st.text_input("Search", key="exceptions_text", placeholder="Van, trip, driver, zone or rule",
                             on_change=first_page, width=320)  # fmt: skip
        kind = st.selectbox("Kind", [None, *KIND_WORDS], key="exceptions_kind", width=280, on_change=first_page,
                            format_func=lambda one: "Any" if one is None else KIND_WORDS[one])  # fmt: skip
        everything = st.toggle("Explained ones too", key="exceptions_all", on_change=first_page)
    wanted = ExceptionFilter(text=text, kind=kind, everything=everything)
    rows, total = data.exceptions(wanted, PAGE_ROWS, (page_number(PAGE) - 1) * PAGE_ROWS)
    if not total:
        nothing(
            "Nothing waits for an explanation", "Stops, zones, check-ins and handoffs show nothing unexplained here."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("The one that waits longest comes first. Whoever knows why explains it:")
        st.code("waybill exceptions explain KEY 'why'", language="shell")
        page_number(PAGE, total, PAGE_ROWS)
    st.dataframe(
        custody_view.exception_table(rows, zones, now), hide_index=True, height=min(38 + 35 * len(rows), 640),
        column_config={"What": st.column_config.TextColumn(width="large")},
    )  # fmt: skip


def show(fleet: Fleet) -> None:
    zones = {row.id: ZoneInfo(row.tz) for row in fleet.premises}
    tz, now = zones[fleet.premises[0].id], data.now()
    head("Handoffs", ", ".join(row.name for row in fleet.premises), f"Times in {fleet.premises[0].tz}")
    part = st.segmented_control("Show", PARTS, default=PARTS[0], key=PART, label_visibility="collapsed",
                                on_change=first_page)  # fmt: skip
    if part == "Exceptions":
        exception_list(zones, now)
    else:
        handoff_list(zones, tz, now)


def page() -> None:
    try:
        fleet = data.fleet()
        if fleet.premises:
            show(fleet)
        else:
            nothing("No premises yet", "Handoffs belong to premises. Make the first one.", "waybill init")
    except UnavailableError as problem:
        unavailable(problem)


page()
