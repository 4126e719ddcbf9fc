"""How good forecasts are 5, 15 and 30 minutes ahead, beside two baselines, and what a round for 500 vans costs.

.venv/bin/python -m benchmarks.eta.bench [--porto FOLDER --streets FILE] [--learn-days N] [--grade-days N] [--json FILE]

Simulated days need nothing. --porto names a folder with the recorded traffic simulation of Porto, --streets the
streets.json.gz of a map of that city (waybill map build porto.osm.pbf). What is learned from and what is graded are
different days, or different vehicles, and are printed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from benchmarks.eta import porto
from benchmarks.eta.city_days import City, Day
from benchmarks.eta.cycle import cycle_times
from benchmarks.eta.forecasters import Forecasts, FreeFlow, StraightLine, taught, untaught
from benchmarks.eta.journeys import Journey
from firmware_bridge.sim.streets import Streets
from gateway.eta.network import Network

AHEAD_MIN = (5, 15, 30)
TARGET = 0.70  # of the better baseline's error
COVERAGE = (0.85, 0.95)


@dataclass(frozen=True)
class Grade:
    """Errors of one way of forecasting, so many minutes before the van really came."""

    where: str
    name: str
    ahead_min: int
    count: int
    mae_s: float
    bias_s: float  # positive: it came later than was said
    p90_share: float  # that came by the p90


def grade(where: str, journeys: Sequence[Journey], forecasts: Forecasts, ahead_min: int) -> Grade:
    """One forecast for each drop that was awaited so long before the van came to it."""
    errors, held = list[float](), 0
    for journey in journeys:
        for seq, visit in enumerate(journey.visits):
            now = visit.arrived_at - timedelta(minutes=ahead_min)
            if now <= journey.departed_at:
                continue
            seen = next(one for one in forecasts.of(journey, now) if one.drop.seq == seq).outlook
            errors.append((visit.arrived_at - seen.p50_at).total_seconds())
            held += visit.arrived_at <= seen.p90_at
    count = max(len(errors), 1)
    return Grade(where, forecasts.name, ahead_min, len(errors), statistics.fmean(map(abs, errors)) if errors else 0.0,
                 statistics.fmean(errors) if errors else 0.0, held / count)  # fmt: skip


def compare(where: str, learn: Sequence[Journey], test: Sequence[Journey], network: Network) -> list[Grade]:
    """All ways of forecasting on the same drops."""
    ours = taught(learn, network, seed=1, graded=test)
    ways = [
        Forecasts("straight line 35 km/h", StraightLine(), {}), Forecasts("free flow", FreeFlow(network), {}),
        untaught(network, test[0].tz), *ours,
    ]  # fmt: skip
    return [grade(where, test, one, ahead) for ahead in AHEAD_MIN for one in ways]


def city(learn_days: int, grade_days: int) -> list[Grade]:
    data = files("waybill.demo").joinpath("map", "streets.json.gz").read_bytes()
    town = City(Streets.from_bytes(data))
    learn = [one for day in range(learn_days) for one in Day(town, day).journeys()]
    test = [one for day in range(1000, 1000 + grade_days) for one in Day(town, day).journeys()]
    print(f"Helsinki, simulated: learned from days 0..{learn_days - 1} ({len(learn)} tours), "
          f"graded on days 1000..{999 + grade_days} ({len(test)} tours)")  # fmt: skip
    return compare("helsinki", learn, test, Network.from_bytes(data))


def recorded(folder: Path, streets: Path) -> list[Grade]:
    network = Network.from_bytes(streets.read_bytes())
    tours, ways = porto.vans(folder), porto.cars(folder)
    learn, test = tours[::2], tours[1::2]
    print(f"Porto, recorded: learned from {', '.join(one.name for one in learn)}; graded on "
          f"{', '.join(one.name for one in test)} and on the cars")  # fmt: skip
    return compare("porto vans", learn, test, network) + compare("porto cars", learn, ways, network)


def show(grades: Sequence[Grade]) -> None:
    print(f"\n{'':12} {'ahead':>6} {'forecast':24} {'drops':>6} {'MAE':>8} {'bias':>8} {'by p90':>7}")
    for one in grades:
        if one.count:
            print(f"{one.where:12} {one.ahead_min:4} m {one.name:24} {one.count:6} {one.mae_s:6.0f} s"
                  f" {one.bias_s:6.0f} s {one.p90_share:6.1%}")  # fmt: skip
    print()
    for where in dict.fromkeys(one.where for one in grades):
        for ahead in AHEAD_MIN:
            some = {one.name: one for one in grades if (one.where, one.ahead_min) == (where, ahead) and one.count}
            if some:
                _verdict(where, ahead, some)


def _verdict(where: str, ahead: int, some: dict[str, Grade]) -> None:
    ours = some["waybill"]
    better = min(some["straight line 35 km/h"].mae_s, some["free flow"].mae_s)
    less = 1 - ours.mae_s / better
    error = "met" if ours.mae_s <= TARGET * better else "MISSED"
    spread = "met" if COVERAGE[0] <= ours.p90_share <= COVERAGE[1] else "MISSED"
    print(f"{where:12} {ahead:4} m  {less:+.0%} less error than the better baseline (target 30 %: {error}), "
          f"p90 covers {ours.p90_share:.1%} (target 85-95 %: {spread}), {ours.count} drops")  # fmt: skip


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--porto", type=Path)
    wanted.add_argument("--streets", type=Path)
    wanted.add_argument("--learn-days", type=int, default=20)
    wanted.add_argument("--grade-days", type=int, default=10)
    wanted.add_argument("--vans", type=int, default=500)
    wanted.add_argument("--json", type=Path)
    asked = wanted.parse_args()
    grades = city(asked.learn_days, asked.grade_days)
    if asked.porto is not None:
        grades += recorded(asked.porto, asked.streets)
    show(grades)
    cycle = cycle_times(asked.vans)
    for name, seconds in cycle.items():
        print(f"{name}: {seconds:.2f} s")
    if asked.json:
        asked.json.write_text(json.dumps({
            "python": platform.python_version(), "grades": [asdict(one) for one in grades], "cycle_s": cycle,
        }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
