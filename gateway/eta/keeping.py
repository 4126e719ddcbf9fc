"""Keeps at hand what forecasts are made with: the map's streets, what was learned, what holds now. Judges nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.estimate import Point, Ways, WaysFor
from gateway.eta.conditions import Condition
from gateway.eta.door_times import NO_VISITS, DoorTimes, Visits
from gateway.eta.live import USUAL
from gateway.eta.network import Network, NetworkError
from gateway.eta.paces import NOTHING, Driven, Paces
from gateway.eta.spread import HORIZONS_S, Spreads, learned
from gateway.eta.street_ways import FleetWays, Knowledge, Streets
from storage.eta_knowledge import ConditionRow, PaceSum, conditions_at, door_visits, forecast_errors, learned_paces

log = logging.getLogger(__name__)

STREETS_FILE = "streets.json.gz"
_LEARNED_FOR_S = 300.0
# Four weeks of errors change little in an hour, and take the longest to read.
_SPREADS_FOR_S = 3600.0
# Streets change by season, doors by tenant: older driving says less about today.
_PACES_OF = timedelta(days=60)
_VISITS_OF = timedelta(days=180)
_ERRORS_OF = timedelta(days=28)


class Learned(msgspec.Struct, frozen=True):
    """What the fleet's own history says of ways and doors at one time; another version has other paces."""

    version: int = 0
    sums: Sequence[PaceSum] = ()
    street_paces: Paces = NOTHING
    straight_paces: Paces = msgspec.field(default_factory=lambda: Paces((), 1.0))
    door_times: Mapping[UUID, DoorTimes] = {}


class Keeper:
    """One for each process that forecasts or shows what a change would do."""

    def __init__(self, map_dir: Path | None = None) -> None:
        self._file = None if map_dir is None else map_dir / STREETS_FILE
        self._turn = threading.Lock()
        self._read: tuple[float | None, Streets | None] = (None, None)
        self._learned = Learned()
        self._stale_at = 0.0
        self._spreads_turn = threading.Lock()
        self._spreads: Spreads = {}
        self._spreads_stale_at = 0.0
        self.live = USUAL  # what vans under way have just driven; set by whoever looks at them

    def ways_for(self, connection: psycopg.Connection, now: datetime) -> WaysFor:
        """Ways as everything stands now, by premises and their zone."""
        streets, known = self.streets(), self.learned(connection, now)
        held: defaultdict[UUID, list[Condition]] = defaultdict(list)
        for row in conditions_at(connection, None, now):
            held[row.premises_id].append(_condition(row))
        made: dict[UUID, Ways] = {}

        def of(premises_id: UUID, tz: str) -> Ways:
            if premises_id not in made:
                facts = Knowledge(
                    tz=tz, version=known.version, street_paces=known.street_paces,
                    straight_paces=known.straight_paces, conditions=tuple(held[premises_id]),
                    live=self.live,
                    door_times=known.door_times.get(premises_id, DoorTimes()),
                )  # fmt: skip
                made[premises_id] = FleetWays(facts, streets)
            return made[premises_id]

        return of

    def learned(self, connection: psycopg.Connection, now: datetime) -> Learned:
        """What was learned, read again every five minutes."""
        with self._turn:
            if time.monotonic() >= self._stale_at:
                self._learned = learn(connection, now, self._learned)
                self._stale_at = time.monotonic() + _LEARNED_FOR_S
            return self._learned

    def spreads(self, connection: psycopg.Connection, now: datetime) -> Spreads:
        """How far forecasts were off, read again every hour; for whoever makes some."""
        with self._spreads_turn:
            if time.monotonic() >= self._spreads_stale_at:
                self._spreads = _spreads(forecast_errors(connection, now - _ERRORS_OF, HORIZONS_S))
                self._spreads_stale_at = time.monotonic() + _SPREADS_FOR_S
            return self._spreads

    def streets(self) -> Streets | None:
        """The map's streets, read again when the file is another one; None: there is no map."""
        with self._turn:
            version = self._version()
            if version != self._read[0]:
                self._read = version, self._load()
            return self._read[1]

    @property
    def network(self) -> Network | None:
        streets = self.streets()
        return None if streets is None else streets.network

    def _version(self) -> float | None:
        try:
            return None if self._file is None else self._file.stat().st_mtime
        except OSError:
            return None

    def _load(self) -> Streets | None:
        assert self._file is not None, "only a file has a version"
        try:
            return Streets(Network.from_bytes(self._file.read_bytes()))
        except (OSError, NetworkError) as error:
            extra = {"action": "streets_failed", "file": str(self._file), "error": str(error)}
            log.warning("forecasts go by straight lines: the map's streets cannot be read", extra=extra)
            return None


def learn(connection: psycopg.Connection, now: datetime, before: Learned) -> Learned:
    """Reads what the fleet's history says. While no trip taught anything, what was computed with its paces holds."""
    sums, door_times = learned_paces(connection, now - _PACES_OF), _door_times(connection, now - _VISITS_OF)
    if sums == before.sums:
        return msgspec.structs.replace(before, door_times=door_times)
    return Learned(
        version=before.version + 1,
        sums=sums,
        street_paces=Paces(_rows(sums, on_map=True)),
        straight_paces=Paces(_rows(sums, on_map=False), 1.0),
        door_times=door_times,
    )


def _rows(sums: Sequence[PaceSum], *, on_map: bool) -> list[Driven]:
    return [
        Driven(one.cell_lat, one.cell_lon, one.hour, one.driven_on_map_s if on_map else one.driven_s,
               one.street_s if on_map else one.straight_s)
        for one in sums
    ]  # fmt: skip


def _door_times(connection: psycopg.Connection, since: datetime) -> dict[UUID, DoorTimes]:
    of_premises, of_doors = door_visits(connection, since)
    doors: defaultdict[UUID, dict[Point, Visits]] = defaultdict(dict)
    for one in of_doors:
        doors[one.premises_id][one.lat_e7, one.lon_e7] = Visits(one.count, one.mean_s)
    whole = {one.premises_id: Visits(one.count, one.mean_s) for one in of_premises}
    return {key: DoorTimes(whole.get(key, NO_VISITS), doors[key]) for key in whole.keys() | doors.keys()}


def _spreads(errors: Sequence[tuple[UUID, int, float]]) -> Spreads:
    by: defaultdict[UUID, defaultdict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for premises_id, horizon, error in errors:
        by[premises_id][max(0, horizon)].append(error)
    # One error for each drop and horizon: as many errors as drops.
    return {key: {horizon: learned(found, len(found)) for horizon, found in some.items()} for key, some in by.items()}


def _condition(row: ConditionRow) -> Condition:
    return Condition(
        id=row.id, from_at=row.from_at, to_at=row.to_at, speed_share=row.speed_share, road=row.road,
        geometry=row.geometry, radius_m=row.radius_m,
    )  # fmt: skip
