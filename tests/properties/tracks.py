"""Tracks of any kind for the engine: driving, standing, noise, silence, wild fixes. Asserts nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from hypothesis import strategies as st

from contract.fix import Fix
from contract.places import ZoneKind
from gateway.tracking.engine import State, step
from gateway.tracking.events import Event, Tick
from gateway.tracking.plan import Plan, PlannedTrip
from gateway.tracking.policy import Policy
from gateway.tracking.route import Route
from gateway.tracking.shapes import Area, Circle, Corridor, Zone
from gateway.tracking.zones import ZoneSet
from tests.unit.gateway.tracking.worlds import HOME, METRE_E7, NINE, drop

_LON_METRE_E7 = 2 * METRE_E7  # at 60 degrees north, about
# A piece of a track: seconds, metres north and east that it leads, seconds between fixes, whether speeds come along.
_piece = st.tuples(
    st.sampled_from([8, 40, 60, 150]),
    st.sampled_from([0, 0, 0, 50, 300, 900, -300, -900]),
    st.sampled_from([0, 0, 30, -30, 200]),
    st.sampled_from([1, 1, 5, 30]),
    st.booleans(),
)
_noise = st.lists(st.tuples(st.integers(-15, 15), st.integers(-15, 15)), min_size=1, max_size=7)


def at(north_m: float, east_m: float) -> tuple[int, int]:
    return HOME[0] + round(north_m * METRE_E7), HOME[1] + round(east_m * _LON_METRE_E7)


@st.composite
def tracks(draw: st.DrawFn) -> list[Fix]:
    """Fixes of one device in order of time."""
    noise = draw(_noise)
    fixes: list[Fix] = []
    second, north, east = 0, 0.0, 0.0
    for lasts_s, north_m, east_m, every_s, speeds in draw(st.lists(_piece, min_size=1, max_size=5)):
        silent = draw(st.sampled_from([0, 0, 0, 0, 150, 700]))
        wild = draw(st.sampled_from([None, None, None, 3]))
        speed = (north_m**2 + east_m**2) ** 0.5 / lasts_s
        second += silent
        for number, offset in enumerate(range(0, lasts_s, every_s)):
            off_n, off_e = noise[len(fixes) % len(noise)]
            ignition = draw(st.booleans()) if number == 0 else None
            if number == wild:
                off_n, off_e = 140, 90
            share = offset / lasts_s
            lat_e7, lon_e7 = at(north + north_m * share + off_n / 3, east + east_m * share + off_e / 3)
            fixes.append(
                Fix(
                    device="gps-01", spool_id="s", seq=len(fixes) + 1, boot_id=1,
                    fixed_at=NINE + timedelta(seconds=second + offset), lat_e7=lat_e7, lon_e7=lon_e7,
                    speed_mps=round(speed, 3) if speeds else None, ignition=ignition,
                )
            )  # fmt: skip
        second, north, east = second + lasts_s, north + north_m, east + east_m
    return fixes


def world(shift_e7: int = 0, *, without_trips: bool = False) -> Plan:
    """Premises, three zones and a trip with two doors and a way; all moved east by so much."""

    def moved(north_m: float, east_m: float) -> tuple[int, int]:
        lat_e7, lon_e7 = at(north_m, east_m)
        return lat_e7, lon_e7 + shift_e7

    centre = moved(0, 0)
    square = tuple(moved(*corner) for corner in [(-200, -50), (-200, 150), (400, 150), (400, -50)])
    hole = tuple(moved(*corner) for corner in [(50, 0), (50, 60), (150, 60), (150, 0)])
    road = (moved(-900, 0), moved(900, 10))
    zones = ZoneSet((
        Zone(zone_id="circle", kind=ZoneKind.PREMISES, shape=Circle(lat_e7=centre[0], lon_e7=centre[1], radius_m=120)),
        Zone(zone_id="ring", kind=ZoneKind.PROHIBITED, shape=Area(polygons=((square, hole),))),
        Zone(zone_id="road", kind=ZoneKind.OTHER, shape=Corridor(line=road, half_width_m=40)),
    ))  # fmt: skip
    doors = tuple(
        drop(number, metres).__class__(
            drop_id=f"drop-{number}", order_id=f"order-{number}", seq=number, lat_e7=moved(metres, 0)[0],
            lon_e7=moved(metres, 0)[1], arrived_at=None, left_at=None, closed=False,
        )
        for number, metres in enumerate((300.0, 900.0), 1)
    )  # fmt: skip
    trip = PlannedTrip(
        trip_id="trip-1", planned_departure_at=NINE + timedelta(minutes=2), departed_at=None, drops=doors,
        route=Route((moved(0, 0), moved(500, 10), moved(1000, 0))),
    )  # fmt: skip
    return Plan(
        vehicle_id="van-1", premises_id="shop", premises_lat_e7=centre[0], premises_lon_e7=centre[1], zones=zones,
        trips=() if without_trips else (trip,), report_interval_s=5, heartbeat_s=30, without_trips=without_trips,
    )  # fmt: skip


def at_another_time(plan: Plan, shift: timedelta) -> Plan:
    """The same plan, for so much later."""
    trips = [
        msgspec.structs.replace(trip, planned_departure_at=trip.planned_departure_at + shift) for trip in plan.trips
    ]
    return msgspec.structs.replace(plan, trips=tuple(trips))


def declared(plan: Plan, departed_at: datetime, ended_at: datetime) -> Plan:
    """The same plan, its trip said to have left and ended then, all of whose fixes are stepped through."""
    trip = msgspec.structs.replace(plan.trips[0], departed_at=departed_at, ended_at=ended_at)
    return msgspec.structs.replace(plan, trips=(trip,), from_departure=True)


def run(fixes: list[Fix], plan: Plan, *, ticks: bool = False) -> tuple[State, list[Event], bool]:
    """State, events, and whether any fix was late; with ticks between the fixes when asked for."""
    state, events, late = State(), [], False
    for one in fixes:
        outcome = step(state, one, plan, Policy())
        state, late = outcome.state, late or outcome.late
        events.extend(outcome.events)
        if ticks:
            outcome = step(state, Tick(watermark=one.fixed_at + timedelta(seconds=100)), plan, Policy())
            state = outcome.state
            events.extend(outcome.events)
    return state, events, late
