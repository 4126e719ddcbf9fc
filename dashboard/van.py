"""One vehicle as the live map and list show it: position, signs and words. Draws nothing and reads no clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from contract.geo import from_e7
from dashboard import wording
from dashboard.connectivity import Connectivity, Movement, Signal, signal
from dashboard.lateness import Outlook, Risk, outlook
from storage.reading_rows import FleetRow

HEARD = (Connectivity.LIVE, Connectivity.QUIET)


class Van(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle's row with what was concluded from it; three signs that never stand for one another."""

    row: FleetRow
    signal: Signal
    outlook: Outlook
    state: str  # order state in words
    eta: str  # at the next door, in words; empty: not known, or there
    tz: ZoneInfo

    @property
    def name(self) -> str:
        return self.row.vehicle_name

    @property
    def risk(self) -> Risk:
        return self.outlook.risk

    @property
    def position_deg(self) -> tuple[float, float] | None:
        """Longitude and latitude, in the order that maps want."""
        if self.row.lat_e7 is None or self.row.lon_e7 is None:
            return None
        return from_e7(self.row.lon_e7), from_e7(self.row.lat_e7)

    @property
    def silent(self) -> bool:
        return self.signal.connectivity is Connectivity.SILENT

    @property
    def heading_deg(self) -> float | None:
        """Where the front points, while it moves and we hear it."""
        return self.row.course_deg if self.signal.movement is Movement.MOVING else None


class Counts(msgspec.Struct, frozen=True):
    """How many vehicles there are, and how many of each kind that wants attention."""

    all: int
    late: int
    at_risk: int
    silent: int


def van(row: FleetRow, tz: ZoneInfo, now: datetime, rate: float = 1.0) -> Van:
    """What is to be shown of a vehicle now."""
    heard = signal(row, now, rate)
    seen = outlook(
        window_to=row.next_window_to,
        planned_arrival_at=row.next_planned_arrival_at,
        arrived_at=row.next_arrived_at,
        planned_departure_at=row.planned_departure_at,
        departed_at=row.departed_at,
        now=now,
        p50_at=row.next_p50_at,
        at_risk=row.next_at_risk,
    )
    return Van(
        row=row, signal=heard, outlook=seen, state=state_words(row, seen, tz, now), eta=eta_words(row, tz, now), tz=tz
    )  # fmt: skip


def state_words(row: FleetRow, seen: Outlook, tz: ZoneInfo, now: datetime) -> str:
    """The order state in a few words; the risk stands in them, so that colour never carries it alone."""
    if row.trip_id is None or row.planned_departure_at is None:
        return "No trip"
    if seen.risk is Risk.LATE and seen.over_s is not None:
        return f"Late {wording.span(seen.over_s)}"
    if seen.risk is Risk.AT_RISK and row.next_late_risk is not None:
        return f"At risk, {wording.percent(row.next_late_risk)}"
    if row.departed_at is None:
        behind_s = (now - row.planned_departure_at).total_seconds()
        if behind_s > 60:
            return f"Leaving {wording.span(behind_s)} late"
        return f"Leaves {wording.time_of_day(row.planned_departure_at, tz, now)}"
    if row.next_order_id is None:
        return "Returning"
    if row.next_arrived_at is not None:
        return "At the door"
    return "At risk" if seen.risk is Risk.AT_RISK else "On time"


def eta_words(row: FleetRow, tz: ZoneInfo, now: datetime) -> str:
    if row.next_p50_at is None or row.next_p90_at is None or row.next_arrived_at is not None:
        return ""
    return wording.eta(row.next_p50_at, row.next_p90_at, tz, now)


def counts(vans: Iterable[Van]) -> Counts:
    seen = list(vans)
    return Counts(
        all=len(seen),
        late=sum(entry.risk is Risk.LATE for entry in seen),
        at_risk=sum(entry.risk is Risk.AT_RISK for entry in seen),
        silent=sum(entry.silent for entry in seen),
    )


def matches(entry: Van, only: str) -> bool:
    """Whether a vehicle passes the filter `only`: all, late, at_risk or silent."""
    if only == "late":
        return entry.risk is Risk.LATE
    if only == "at_risk":
        return entry.risk is Risk.AT_RISK
    if only == "silent":
        return entry.silent
    return True


_URGENCY = {Risk.LATE: 0, Risk.AT_RISK: 1, Risk.ON_TIME: 3, Risk.NONE: 4}


def by_urgency(vans: Iterable[Van]) -> list[Van]:
    """Late first, then at risk, then silent; within each as the fleet is ordered."""
    return sorted(vans, key=lambda entry: 2 if entry.silent and _URGENCY[entry.risk] > 2 else _URGENCY[entry.risk])
