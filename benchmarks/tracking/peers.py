"""Stops as movingpandas and trackintel find them; runs in an environment of their own (see bench.py).

Standard input: [[time, vehicle, lat, lon], …].
Standard output: {name: {"seconds": …, "stops": [[vehicle, start, end], …]}}.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from datetime import timedelta

warnings.simplefilter("ignore")


def by_movingpandas(rows: list[list], lasts_s: int, within_m: int) -> list[list[str]]:  # type: ignore[type-arg]
    """TrajectoryStopDetector."""
    import geopandas
    import movingpandas
    import pandas as pd

    frame = pd.DataFrame(rows, columns=["t", "vehicle", "lat", "lon"])
    frame["t"] = pd.to_datetime(frame["t"], utc=True).dt.tz_localize(None)
    points = geopandas.GeoDataFrame(frame, geometry=geopandas.points_from_xy(frame.lon, frame.lat), crs=4326)
    tracks = movingpandas.TrajectoryCollection(points, traj_id_col="vehicle", t="t")
    stops = movingpandas.TrajectoryStopDetector(tracks).get_stop_points(
        min_duration=timedelta(seconds=lasts_s), max_diameter=within_m
    )
    return [[row.traj_id, f"{row.start_time}+00:00", f"{row.end_time}+00:00"] for row in stops.itertuples()]


def by_trackintel(rows: list[list], lasts_s: int, within_m: int) -> list[list[str]]:  # type: ignore[type-arg]
    """Sliding window of generate_staypoints."""
    import geopandas
    import pandas as pd
    import trackintel

    frame = pd.DataFrame(rows, columns=["tracked_at", "user_id", "lat", "lon"])
    frame["tracked_at"] = pd.to_datetime(frame["tracked_at"], utc=True)
    points = geopandas.GeoDataFrame(
        frame[["tracked_at", "user_id"]], geometry=geopandas.points_from_xy(frame.lon, frame.lat), crs=4326
    )
    fixes = trackintel.Positionfixes(points)
    _, stays = fixes.generate_staypoints(dist_threshold=within_m, time_threshold=lasts_s / 60, include_last=True)
    return [[row.user_id, row.started_at.isoformat(), row.finished_at.isoformat()] for row in stays.itertuples()]


def main() -> None:
    """Each peer with each pair of parameters of which its stored results were made."""
    rows = json.load(sys.stdin)
    answers = {}
    for name, find, lasts_s, within_m in (
        ("trackintel 2 min 50 m", by_trackintel, 120, 50),
        ("trackintel 5 min 100 m", by_trackintel, 300, 100),
        ("movingpandas 60 s 50 m", by_movingpandas, 60, 50),
        ("movingpandas 120 s 100 m", by_movingpandas, 120, 100),
    ):
        began_s = time.perf_counter()
        stops = find(rows, lasts_s, within_m)
        answers[name] = {"seconds": time.perf_counter() - began_s, "stops": stops}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
