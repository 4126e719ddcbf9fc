"""Location history of a vehicle: every position with trip and driver, gaps told and never filled. Draws no map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from contract.geo import distance_m
from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row
from gateway.reports.definition import Definition
from storage.reports import report_rows

# In the order in which inspectors ask for them (4 CCR 15417(d)); what no rule asks for comes last.
COLUMNS = (
    Column("time", "time"), Column("lat", "degrees"), Column("lon", "degrees"),
    Column("accuracy_m", "number", 2), Column("speed_mps", "number", 3), Column("heading_deg", "number", 2),
    Column("ignition", "flag"), Column("device_serial"), Column("trip_no"), Column("driver"), Column("gap", "flag"),
    Column("gap_s", "number", 3), Column("source"), Column("gap_cause"),
)  # fmt: skip


class _Trip(msgspec.Struct, frozen=True):
    trip_no: str
    departed_at: datetime
    ended_at: datetime | None
    crew: str | None


class _Fix(msgspec.Struct, frozen=True):
    at: datetime
    lat_e7: int
    lon_e7: int


class LocationHistory:
    """Reads the fixes once, beside the trips and the gaps that were found on them."""

    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        assert chosen.from_at is not None
        assert chosen.to_at is not None
        self._connection, self._values, self._gap_s = connection, chosen.values(), chosen.gap_s
        self._from_at = chosen.from_at
        self._to_at = max(chosen.from_at, min(chosen.to_at, chosen.now))  # nobody was anywhere tomorrow
        trips = report_rows(connection, "trips_of_vehicle", self._values)
        self._trips = [_Trip(*row) for row in trips]
        gaps = report_rows(connection, "gaps_of_vehicle", self._values)
        self._causes = {ended_at: (began_at, cause) for began_at, ended_at, cause in gaps}
        self._refused: Counter[str] = Counter()
        self._first_at: datetime | None = None
        self._last: _Fix | None = None
        self._place = 0
        self._driven_m = self._unseen_m = self._unseen_s = self._unseen_on_trips_s = 0.0
        self._gaps = 0

    def rows(self) -> Iterator[Row]:
        for row in report_rows(self._connection, "fixes", self._values):
            at, lat_e7, lon_e7, accuracy_m, speed_mps, course_deg, ignition, serial_no, source, refused_by = row
            if refused_by is not None:
                self._refused[refused_by] += 1
                continue
            fix = _Fix(at, lat_e7, lon_e7)
            gap_s, cause = self._step(fix)
            trip = self._trip_at(at)
            yield (
                at, lat_e7, lon_e7, accuracy_m, speed_mps, course_deg, ignition, serial_no,
                None if trip is None else trip.trip_no, None if trip is None else trip.crew,
                gap_s is not None, gap_s, source, cause,
            )  # fmt: skip
        self._end()

    def _step(self, fix: _Fix) -> tuple[float | None, str | None]:
        """How long nothing was known before this fix, and why; None: it follows on the one before."""
        last, self._last = self._last, fix
        found = self._causes.get(fix.at)
        if last is None:
            self._first_at = fix.at
            if (fix.at - self._from_at).total_seconds() > self._gap_s:
                self._unseen(self._from_at, fix.at)
            return (None, None) if found is None else ((fix.at - found[0]).total_seconds(), found[1])
        seconds = (fix.at - last.at).total_seconds()
        metres = distance_m(last.lat_e7, last.lon_e7, fix.lat_e7, fix.lon_e7)
        if found is None and seconds <= self._gap_s:
            self._driven_m += metres
            return None, None
        began_at = last.at if found is None else found[0]
        self._gaps += 1
        self._unseen_m += metres
        self._unseen(began_at, fix.at)
        return (fix.at - began_at).total_seconds(), None if found is None else found[1]

    def _end(self) -> None:
        last_at = self._from_at if self._last is None else self._last.at
        if self._last is None or (self._to_at - last_at).total_seconds() > self._gap_s:
            self._unseen(last_at, self._to_at)

    def _unseen(self, from_at: datetime, to_at: datetime) -> None:
        from_at = max(from_at, self._from_at)
        self._unseen_s += max(0.0, (to_at - from_at).total_seconds())
        self._unseen_on_trips_s += sum(_common_s(one, from_at, to_at) for one in self._trips)

    def _trip_at(self, at: datetime) -> _Trip | None:
        """The trip under way; fixes come in order of time, so the place in the list only grows."""
        while self._place < len(self._trips):
            ended_at = self._trips[self._place].ended_at
            if ended_at is None or at < ended_at:
                break
            self._place += 1
        trip = self._trips[self._place] if self._place < len(self._trips) else None
        return trip if trip is not None and trip.departed_at <= at else None

    def summary(self) -> Mapping[str, Any]:
        asked_s = (self._to_at - self._from_at).total_seconds()
        on_trips_s = sum(_common_s(one, self._from_at, self._to_at) for one in self._trips)
        return {
            "first_fix_at": self._first_at,
            "last_fix_at": None if self._last is None else self._last.at,
            "driven_km": round(self._driven_m / 1000, 3),
            "straight_km_over_gaps": round(self._unseen_m / 1000, 3),
            "gaps": self._gaps,
            "unseen_s": round(self._unseen_s, 3),
            "covered_pct": _covered(asked_s, self._unseen_s),
            "on_trips_s": round(on_trips_s, 3),
            "covered_on_trips_pct": _covered(on_trips_s, self._unseen_on_trips_s),
            "refused_fixes_left_out": sum(self._refused.values()),
            "refused_by": ", ".join(f"{rule} {count}" for rule, count in sorted(self._refused.items())) or None,
        }


def _common_s(trip: _Trip, from_at: datetime, to_at: datetime) -> float:
    ended_at = to_at if trip.ended_at is None else trip.ended_at
    return max(0.0, (min(ended_at, to_at) - max(trip.departed_at, from_at)).total_seconds())


def _covered(whole_s: float, unseen_s: float) -> float | None:
    """Percent of the time; None: there was none."""
    return None if whole_s <= 0 else round(100 * (1 - unseen_s / whole_s), 3)


LOCATION_HISTORY = Definition(
    name="location-history",
    title="Location history of a vehicle",
    rule="4 CCR 15417(d)",
    columns=COLUMNS,
    takes=frozenset({"vehicle", "period", "gap"}),
    needs=(frozenset({"vehicle"}), frozenset({"period"})),
    read=LocationHistory,
)
