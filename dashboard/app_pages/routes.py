"""Page: where a vehicle was on a day and what was found on its way; who was near a place. Changes nothing."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import data, order_view, route_view
from dashboard.components.downloads import download
from dashboard.components.frame import current_tones, head, nothing, unavailable
from dashboard.components.ground import attribution
from dashboard.components.route_map import route_map, speed_graph
from dashboard.data import Fleet, UnavailableError
from dashboard.environment import environment
from storage.reading_rows import FleetRow, TrailRow
from storage.route_reads import RouteEvent

PARTS = ("A vehicle's day", "Who was here")
PART, MOMENT = "routes_part", "routes_moment"
RADII_M = (50, 100, 250, 500, 1000)


def one_day(fleet: Fleet, tz: ZoneInfo, now: datetime) -> None:
    names = [row.vehicle_name for row in fleet.rows]
    asked = st.query_params.get("van")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
        index = names.index(asked) if asked in names else 0
        name = st.selectbox("Vehicle", names, index, key="routes_van", width=220)
        today = now.astimezone(tz).date()
        day = st.date_input("Day", today, key="routes_day", max_value=today, width=150)
    row = next(row for row in fleet.rows if row.vehicle_name == name)
    from_at, to_at = order_view.day_bounds(day, tz)
    trail, events = data.way(row.vehicle_id, from_at, to_at)
    if not trail and not events:
        kept = "Choose another day. Fixes outside of trips are kept for a shorter time: this shows for how long."
        nothing(f"{name} has no fixes of {day}", kept, "waybill retention plan")
        return
    player(row, trail, events, tz)
    st.subheader("Stops, gaps, zones and deviations", anchor=False)
    if not events:
        st.caption("Nothing was found: it was on no trip, or has not stopped.")
        return
    table = route_view.event_table(events, tz)
    degrees = st.column_config.NumberColumn(format="%.6f")
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 460),
                 column_config={"Latitude": degrees, "Longitude": degrees})  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        download("Table as CSV", f"{name}-{day}.csv", table)
        st.caption("Why a stop or gap was found, in words and numbers: `waybill explain stop KEY`, `waybill explain gap"
                   f" KEY`. Every fix: `waybill history --vehicle {name} --from {day} --format csv`.")  # fmt: skip


def player(row: FleetRow, trail: list[TrailRow], events: list[RouteEvent], tz: ZoneInfo) -> None:
    """The map with a moment to move along the day, and the speed in step with it."""
    tones = current_tones()
    if not trail:
        st.caption("No valid fix is kept of this day.")
        return
    first, last = (one.fixed_at.astimezone(tz).replace(tzinfo=None, microsecond=0) for one in (trail[0], trail[-1]))
    local = last
    if last - first > timedelta(minutes=1):
        local = st.slider("Moment", first, last, last, timedelta(seconds=10), "HH:mm:ss",
                          key=f"{MOMENT}_{row.vehicle_name}_{first:%Y%m%d}", label_visibility="collapsed")  # fmt: skip
    # The whole of the second that is shown: fixes have parts of it.
    moment = local.replace(tzinfo=tz, microsecond=999_999)
    st.caption(route_view.standing_words(trail, events, moment, tz))
    here = route_view.at(trail, moment)
    deck = route_map(trail, events, here, tones, basemap=environment().basemap is not None)
    if deck is not None:
        with st.container(key="wb-route"):
            st.pydeck_chart(deck, height=480, key="routes_map", alt=f"Map of where {row.vehicle_name} was")
            st.html(attribution(tones))
    values = route_view.speeds(trail, tz)
    if values:
        st.altair_chart(speed_graph(values, f"{local:%Y-%m-%dT%H:%M:%S}", tones), width="stretch",
                        alt=f"Speed of {row.vehicle_name} over the day")  # fmt: skip


def who_was_here(tz: ZoneInfo, now: datetime) -> None:
    local = now.astimezone(tz)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="wb-filter"):
        text = st.text_input("Latitude, longitude", key="routes_place", placeholder="60.1709, 24.9432", width=220)
        radius_m = st.selectbox("Within", RADII_M, 1, key="routes_radius", width=120, format_func=lambda m: f"{m} m")
        day = st.date_input("Day", local.date(), key="routes_near_day", max_value=local.date(), width=150)
        began = st.time_input("From", (local - timedelta(hours=1)).time(), key="routes_from", width=120, step=300)
        ended = st.time_input("To", local.time(), key="routes_to", width=120, step=300)
    place = route_view.place_of(text)
    if not text:
        st.caption("Copy a place from a map: degrees with a point, latitude first.")
        return
    if place is None:
        st.warning(f"“{text}” is no place. Write latitude and longitude in degrees, such as 60.1709, 24.9432.")
        return
    from_at, to_at = instant(day, began, tz), instant(day, ended, tz)
    if to_at <= from_at:
        st.warning(f"{ended:%H:%M} is not after {began:%H:%M}.")
        return
    rows = data.who_was_near(*place, float(radius_m), from_at, to_at)
    if not rows:
        way_out = (
            "Take a wider circle or a longer time. In a gap there are no fixes: look at the vehicle's day for those."
        )
        nothing(f"No vehicle had a valid fix within {radius_m} m then", way_out)
        return
    table = route_view.near_table(rows, tz)
    st.dataframe(table, hide_index=True, height="content")
    download("Table as CSV", f"near-{text.replace(' ', '')}-{day}.csv", table)


def instant(day: object, hour: time, tz: ZoneInfo) -> datetime:
    return order_view.day_bounds(day, tz)[0].replace(hour=hour.hour, minute=hour.minute)


def page() -> None:
    try:
        fleet = data.fleet()
        if not fleet.rows:
            nothing("No vehicles yet", "Ways belong to vehicles.", "waybill init", "waybill vehicle add van-1")
            return
        tz, now = ZoneInfo(fleet.premises[0].tz), data.now()
        head("Routes", ", ".join(row.name for row in fleet.premises), f"Times in {fleet.premises[0].tz}")
        part = st.segmented_control("Show", PARTS, default=PARTS[0], key=PART, label_visibility="collapsed")
        if part == PARTS[1]:
            who_was_here(tz, now)
        else:
            one_day(fleet, tz, now)
    except UnavailableError as problem:
        unavailable(problem)


page()
