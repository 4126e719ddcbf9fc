"""The recorded traffic simulation of Porto as tours: 14 vans with the stops they made, 8 cars with one way each.

Read from a folder of the recording (positions.csv.gz, stops_truth.csv, trips_truth.csv, deviation_positions.csv.gz).
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.eta.journeys import Fix, Journey, Visit

TZ = "Europe/Lisbon"
_EVERY_S = 10  # of the recording's fixes, one a second


def vans(folder: Path) -> list[Journey]:
    """Each van's tour from stop to stop, with the noisy positions."""
    fixes: defaultdict[str, list[Fix]] = defaultdict(list)
    for row in _rows(folder / "positions.csv.gz"):
        at = datetime.fromisoformat(row["time"])
        if at.second % _EVERY_S == 0:
            fixes[row["vehicle"]].append(
                _fix(at, row["lat_noisy"], row["lon_noisy"], row["speed_ms_true"], row["course_true"])
            )
    visits: defaultdict[str, list[Visit]] = defaultdict(list)
    for row in _rows(folder / "stops_truth.csv"):
        visits[row["vehicle"]].append(
            Visit(_point(row["lat"], row["lon"]), datetime.fromisoformat(row["start"]),
                  datetime.fromisoformat(row["end"]))
        )  # fmt: skip
    return [
        Journey(name, name, TZ, (own[0].lat_e7, own[0].lon_e7), own[0].at, own, sorted(visits[name], key=_arrived))
        for name, own in sorted(fixes.items())
        if visits[name]
    ]


def cars(folder: Path) -> list[Journey]:
    """Each car's one way, whose true remaining time is recorded."""
    rows: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows(folder / "deviation_positions.csv.gz"):
        rows[row["vehicle"]].append(row)
    found = []
    for name, own in sorted(rows.items()):
        last = own[-1]
        arrived_at = datetime.fromisoformat(last["time"]) + timedelta(seconds=float(last["remaining_s"]))
        seen = [_fix(datetime.fromisoformat(row["time"]), row["lat"], row["lon"], row["speed_ms"], row["course"])
                for row in own[::_EVERY_S]]  # fmt: skip
        visit = Visit(_point(last["lat"], last["lon"]), arrived_at, arrived_at)
        found.append(Journey(name, name, TZ, (seen[0].lat_e7, seen[0].lon_e7), seen[0].at, seen, [visit]))
    return found


def _arrived(visit: Visit) -> datetime:
    return visit.arrived_at


def _fix(at: datetime, lat: str, lon: str, speed_mps: str, course_deg: str) -> Fix:
    return Fix(at, *_point(lat, lon), float(speed_mps), float(course_deg))


def _point(lat: str, lon: str) -> tuple[int, int]:
    return round(float(lat) * 1e7), round(float(lon) * 1e7)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(raw.decode().splitlines())
