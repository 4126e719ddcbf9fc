"""What one round costs for many vans: computed in memory, without the database. Grades nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from random import Random
from uuid import UUID

import msgspec

from benchmarks.eta.journeys import FAR, Point
from gateway.eta.forecasting import compute
from gateway.eta.network import Network
from gateway.eta.street_ways import FleetWays, Knowledge, Streets
from storage.eta import DropToForecast, TripToForecast

DROPS = 10
NOON = datetime(2026, 3, 2, 10, tzinfo=UTC)


def cycle_times(vans: int) -> dict[str, float]:
    """Seconds for the first round, for one in which all vans have moved, and for one after all was learned anew."""
    network = Network.from_bytes(files("waybill.demo").joinpath("map", "streets.json.gz").read_bytes())
    draw = Random(3)
    lat_e7, lon_e7 = network.middles_e7()
    places = list(zip(lat_e7.tolist(), lon_e7.tolist(), strict=True))
    home = Random("premises").choice(places)
    trips = [_trip(number, home, *draw.choice(places)) for number in range(vans)]
    drops = {trip.id: [_drop(trip, seq, *draw.choice(places)) for seq in range(DROPS)] for trip in trips}
    streets = Streets(network)
    found: dict[str, float] = {}
    many = f"{vans} vans with {DROPS} drops each on {network.node_count} junctions"

    def round_(name: str, now: datetime, version: int) -> None:
        ways = FleetWays(Knowledge(tz="Europe/Helsinki", version=version), streets)
        began = time.perf_counter()
        compute(trips, drops, lambda _premises, _tz: ways, {}, now)
        found[f"{many}, {name}"] = time.perf_counter() - began

    round_("first round", NOON, 1)
    moved = [draw.choice(places) for _ in trips]
    trips = [msgspec.structs.replace(trip, lat_e7=lat, lon_e7=lon, fixed_at=NOON + timedelta(seconds=5))
             for trip, (lat, lon) in zip(trips, moved, strict=True)]  # fmt: skip
    round_("all vans moved", NOON + timedelta(seconds=5), 1)
    round_("everything learned anew", NOON + timedelta(seconds=10), 2)
    return found


def _trip(number: int, home: Point, lat_e7: int, lon_e7: int) -> TripToForecast:
    key = UUID(int=number + 1)
    return TripToForecast(
        key, UUID(int=1), key, f"T-{number}", NOON, NOON - timedelta(hours=1), *home, "Europe/Helsinki",
        NOON, lat_e7, lon_e7, 8.0, 90.0,
    )  # fmt: skip


def _drop(trip: TripToForecast, seq: int, lat_e7: int, lon_e7: int) -> DropToForecast:
    key = UUID(int=trip.id.int * 1000 + seq)
    return DropToForecast(trip.id, key, seq, str(seq), "bench", str(seq), lat_e7, lon_e7, NOON - FAR, NOON + FAR,
                          "out_for_delivery", None, None)  # fmt: skip
