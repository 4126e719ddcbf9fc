"""Page: where every van is now, who is late, and the chosen van's trip. Changes nothing."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from contract.geo import from_e7
from dashboard import data
from dashboard.components.fleet_list import fleet_list
from dashboard.components.fleet_map import TARGETS, fleet_map
from dashboard.components.frame import current_tones, freshness, head, nothing, unavailable
from dashboard.components.ground import attribution
from dashboard.components.journey import Journey
from dashboard.components.view import View, fit
from dashboard.data import Fleet, UnavailableError
from dashboard.environment import environment
from dashboard.van import Van, by_urgency, counts, matches, van

REFRESH_S = 2
LINK_ZOOM = 15.0
FILTERS = ("all", "late", "at_risk", "silent")
LIST, MAP, FILTER, VIEW = "fleet_list", "fleet_map", "fleet_filter", "fleet_view"
CLICKS, CHOSEN = "fleet_clicks", "fleet_chosen"
# Off a trip there is no beginning to draw the trail from.
TRAIL_WITHOUT_TRIP = timedelta(hours=1)


def choose(name: str | None) -> None:
    """Opens a van, or closes it when it is open; the address keeps it, so that a link shows the same."""
    if name is None or st.session_state[CHOSEN] == name:
        st.session_state[CHOSEN] = None
        st.query_params.pop("van", None)
    else:
        st.session_state[CHOSEN] = st.query_params["van"] = name


def chosen_in_list() -> None:
    clicked = st.session_state.get(LIST)
    if clicked is None:
        # The page was left while the click was on its way.
        return
    choose(clicked.chosen)
    st.session_state["fleet_go_to"] = st.session_state[CHOSEN]


def chosen_on_map() -> None:
    clicked = st.session_state.get(MAP)
    objects = {} if clicked is None else clicked.selection.objects
    picked = [rows[0] for layer, rows in objects.items() if layer.startswith(TARGETS)]
    if not picked:
        return
    st.session_state[CLICKS] = st.session_state.get(CLICKS, 0) + 1
    if st.session_state[CHOSEN] != picked[0]["name"]:
        choose(picked[0]["name"])


def journey_of(entry: Van) -> Journey:
    row = entry.row
    found = None if row.trip_id is None else data.trip(row.trip_id)
    from_at = row.departed_at
    if from_at is None and row.fixed_at is not None:
        from_at = row.fixed_at - TRAIL_WITHOUT_TRIP
        from_at = from_at.replace(second=0, microsecond=0)
    trail = [] if from_at is None else data.trail(row.vehicle_id, from_at)
    return Journey(trip=found[0] if found else None, drops=found[1] if found else [], trail=trail)


def whole_fleet(fleet: Fleet, vans: list[Van]) -> View | None:
    places = [entry.position_deg for entry in vans if entry.position_deg is not None]
    places += [
        (from_e7(row.lon_e7), from_e7(row.lat_e7))
        for row in fleet.premises
        if row.lat_e7 is not None and row.lon_e7 is not None
    ]
    return fit(places)


def view_of(fleet: Fleet, vans: list[Van], chosen: Van | None) -> View:
    """The view to send: kept as it was, unless somebody asked to go elsewhere."""
    going_to = st.session_state.pop("fleet_go_to", None)
    if going_to is not None and chosen is not None and chosen.position_deg is not None:
        lon, lat = chosen.position_deg
        st.session_state[VIEW] = View(lat, lon, 16.0)
    first = VIEW not in st.session_state
    if st.session_state.pop("fleet_fit", False) or first:
        st.session_state[VIEW] = whole_fleet(fleet, vans)
    if first and chosen is not None and chosen.position_deg is not None:
        # A link to a van: as near as the fleet would be seen, with the van in the middle.
        lon, lat = chosen.position_deg
        st.session_state[VIEW] = View(lat, lon, max(st.session_state[VIEW].zoom, LINK_ZOOM))
    return st.session_state[VIEW] or View(0.0, 0.0, 1.0)


def filter_bar(vans: list[Van]) -> str:
    seen = counts(vans)
    words = {
        "all": f"All {seen.all}",
        "late": f"Late {seen.late}",
        "at_risk": f"At risk {seen.at_risk}",
        "silent": f"Silent {seen.silent}",
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        only = st.segmented_control(
            "Show", FILTERS, format_func=words.__getitem__, default="all", key=FILTER, label_visibility="collapsed"
        )
        if st.button("Fit fleet", help="Show all vans on the map"):
            st.session_state["fleet_fit"] = True
    return only or "all"


def what_is_missing(fleet: Fleet) -> bool:
    """Says what a new installation lacks; whether something was said that leaves nothing to show."""
    if not fleet.premises:
        nothing("No premises yet", "Waybill needs to know where vans start and when they deliver.", "waybill init")
    elif not fleet.rows:
        nothing("No vehicles yet", "Add each vehicle once, then fit a device in it.", "waybill vehicle add van-1")
    elif all(row.device_name is None for row in fleet.rows):
        nothing(
            "No device is fitted in any vehicle",
            "A vehicle is seen through the GPS unit fitted in it. Register the unit and fit it; the command prints its"
            " password once.",
            f"waybill device add gps-01 --fit {fleet.rows[0].vehicle_name}",
        )
    elif fleet.newest_fix_at is None:
        nothing(
            "No fixes yet",
            "Devices are fitted, and none has reported a position so far. Check that each unit has the broker's"
            " address, its own name and password; what was refused is listed by the second command.",
            "waybill status", "waybill rejects list",
        )  # fmt: skip
    else:
        return False
    return True


@st.fragment(run_every=REFRESH_S)
def live() -> None:
    fleet = latest()
    if fleet is not None:
        show(fleet)


def latest() -> Fleet | None:
    """The fleet now; when the database is away, a notice and the fleet as it was last seen."""
    try:
        st.session_state["fleet_last"] = data.fleet()
    except UnavailableError as problem:
        unavailable(problem)
    last: Fleet | None = st.session_state.get("fleet_last")
    return last


def show(fleet: Fleet) -> None:
    now, zones = data.now(), {row.id: ZoneInfo(row.tz) for row in fleet.premises}
    vans = [van(row, zones[row.premises_id], now, data.clock().rate) for row in fleet.rows]
    tz = next(iter(zones.values()), ZoneInfo("UTC"))
    note, stale = freshness(fleet.newest_fix_at, tz, now)
    head("Live fleet", ", ".join(row.name for row in fleet.premises), note, stale=stale)
    if what_is_missing(fleet):
        return
    only = filter_bar(vans)
    listed = [entry for entry in by_urgency(vans) if matches(entry, only)]
    chosen = next((entry for entry in vans if entry.name == st.session_state[CHOSEN]), None)
    try:
        journey = None if chosen is None else journey_of(chosen)
    except UnavailableError:
        journey = None
    left, right = st.columns([13, 7], gap="small")
    tones = current_tones()
    with left, st.container(key="wb-map"):
        deck = fleet_map(
            vans, fleet.premises, tones, view_of(fleet, vans, chosen), shown={entry.name for entry in listed},
            chosen=chosen, journey=journey, basemap=environment().basemap is not None,
            clicks=st.session_state.get(CLICKS, 0),
        )  # fmt: skip
        st.pydeck_chart(deck, height=640, key=MAP, on_select=chosen_on_map, alt="Map of all vans, listed beside it")
        st.html(attribution(tones))
    with right:
        fleet_list(
            listed, tones, chosen=chosen, journey=journey, now=now, none="No van is in this state now.",
            on_choose=chosen_in_list, key=LIST,
        )  # fmt: skip


# The address is read when the page is opened or gone back to, not with every refresh: one that was under way when the
# address changed still carries the old one, and would close the van again.
st.session_state[CHOSEN] = st.query_params.get("van")
live()
