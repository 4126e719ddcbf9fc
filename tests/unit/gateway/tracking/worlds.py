"""Small worlds for the engine: a premises, a street to the north, doors on it. Asserts nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from contract.fix import Fix, Quality
from gateway.tracking.engine import State, step
from gateway.tracking.events import Event
from gateway.tracking.plan import Plan, PlannedDrop, PlannedTrip
from gateway.tracking.policy import Policy

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOME = (601_700_000, 249_400_000)
METRE_E7 = 89.93  # 1e-7 degrees of latitude in a metre, about
POLICY = Policy()


def north(metres: float) -> tuple[int, int]:
    """The point so many metres north of the premises."""
    return HOME[0] + round(metres * METRE_E7), HOME[1]


def fix(seconds: float, at: tuple[int, int], *, speed_mps: float | None = None, hdop: float | None = None,
        quality: Quality | None = None, replayed: bool = False) -> Fix:  # fmt: skip
    """A fix so many seconds after nine o'clock."""
    return Fix(
        device="gps-01", spool_id="0123456789abcdef", seq=round(seconds) + 1,
        fixed_at=NINE + timedelta(seconds=seconds),
        lat_e7=at[0], lon_e7=at[1], speed_mps=speed_mps, hdop=hdop, quality=quality, replayed=replayed,
    )  # fmt: skip


def drop(seq: int, metres: float) -> PlannedDrop:
    lat_e7, lon_e7 = north(metres)
    return PlannedDrop(
        drop_id=f"drop-{seq}", order_id=f"order-{seq}", seq=seq, lat_e7=lat_e7, lon_e7=lon_e7,
        arrived_at=None, left_at=None, closed=False,
    )  # fmt: skip


def plan(*drops: PlannedDrop, departed_at: datetime | None = None) -> Plan:
    trip = PlannedTrip(
        trip_id="trip-1", planned_departure_at=NINE + timedelta(minutes=2), departed_at=departed_at, drops=drops
    )
    return Plan(vehicle_id="van-1", premises_id="shop", premises_lat_e7=HOME[0], premises_lon_e7=HOME[1], trips=(trip,))


def drive(*stretches: tuple[float, float, float]) -> list[Fix]:
    """Fixes each second: per stretch (seconds it lasts, metres north at its begin, metres at its end)."""
    fixes: list[Fix] = []
    at_s = 0.0
    for lasts_s, begin_m, end_m in stretches:
        for second in range(int(lasts_s)):
            metres = begin_m + (end_m - begin_m) * second / lasts_s
            fixes.append(fix(at_s + second, north(metres), speed_mps=abs(end_m - begin_m) / lasts_s))
        at_s += lasts_s
    return fixes


def run(fixes: list[Fix], world: Plan | None, policy: Policy = POLICY) -> tuple[State, list[Event]]:
    state, events = State(), []
    for one in fixes:
        outcome = step(state, one, world, policy)
        state = outcome.state
        events.extend(outcome.events)
    return state, events


# Out of the yard, 700 m north, two minutes at a door, on to the next at 1,200 m, and home again.
ROUND = drive(
    (60, 0, 0), (70, 0, 700), (120, 700, 700), (50, 700, 1200), (90, 1200, 1200), (120, 1200, 0), (60, 0, 0)
)  # fmt: skip
