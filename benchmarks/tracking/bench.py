"""What the engine costs per fix, and how good it is, beside movingpandas and trackintel where they are installed.

.venv/bin/python -m benchmarks.tracking.bench [--json FILE] [--peers PYTHON]

The recording is tests/golden/porto: 14 vans, 81,329 fixes, 4 m of noise. --peers names the Python of a throw-away
environment, made with
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install movingpandas==0.23.* trackintel==1.4.*
Both find stops only, without speeds; so does the engine in that line.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.tracking.scores import Stand, score_stops
from contract.places import ZoneKind
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import StopEnded
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy
from gateway.tracking.shapes import Area, Circle, Corridor, Shape, Zone
from gateway.tracking.zones import ZoneSet
from tests.golden.porto.truth import fixes, instant, plan, true_stops

VANS = "vans.csv.gz"
ZONES = (0, 1, 20, 200)
PEERS = Path(__file__).with_name("peers.py")


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str


def zones(count: int, seed: int = 1) -> ZoneSet | None:
    """So many zones over the streets that the vans drive: a third circles, a third polygons, a third corridors."""
    draw = random.Random(seed)

    def near(lat_e7: int, lon_e7: int, reach_e7: int) -> tuple[int, int]:
        return lat_e7 + draw.randint(-reach_e7, reach_e7), lon_e7 + draw.randint(-reach_e7, reach_e7)

    def shape(number: int) -> Shape:
        middle = near(411_400_000, -86_100_000, 350_000)
        if number % 3 == 0:
            return Circle(lat_e7=middle[0], lon_e7=middle[1], radius_m=draw.uniform(50, 500))
        if number % 3 == 1:
            south, west = near(*middle, 20_000)
            side = draw.randint(10_000, 60_000)
            ring = ((south, west), (south, west + side), (south + side, west + side), (south + side, west))
            return Area(polygons=((ring,),))
        return Corridor(line=(middle, near(*middle, 60_000), near(*middle, 60_000)), half_width_m=60)

    made = (Zone(zone_id=str(number), kind=ZoneKind.OTHER, shape=shape(number)) for number in range(count))
    return ZoneSet(tuple(made)) if count else None


def cost_us(planned: Plan) -> float:
    """Microseconds per fix, the median of three runs over the whole recording."""
    vans, policy = fixes(VANS), Policy()
    runs = []
    for _ in range(3):
        began_s = time.perf_counter()
        for track in vans.values():
            state = State()
            for fix in track:
                state = step(state, fix, planned, policy).state
        runs.append((time.perf_counter() - began_s) / sum(map(len, vans.values())) * 1e6)
    return statistics.median(runs)


def own_stops() -> tuple[list[Stand], float]:
    """The engine's stops without speeds, and points a second."""
    found, began_s, count = [], time.perf_counter(), 0
    for van, track in fixes(VANS, speeds=False).items():
        state, planned, events = State(), plan(van), []
        for fix in track:
            outcome = step(state, fix, planned, Policy())
            state = outcome.state
            events += outcome.events
        events += finish(state, planned, Policy())
        found += [Stand(van, event.began_at, event.at) for event in events if isinstance(event, StopEnded)]
        count += len(track)
    return found, count / (time.perf_counter() - began_s)


def figures_of(name: str, found: list[Stand], points_per_s: float) -> list[Figure]:
    """Quality and speed of one detector."""
    made = [Figure(f"{name}: points", round(points_per_s), "1/s")]
    for least_s in (45, 120, 300):
        score = score_stops(true_stops(), found, least_s)
        made += [
            Figure(f"{name}: stops >= {least_s} s, recall", round(score.recall, 3), ""),
            Figure(f"{name}: stops >= {least_s} s, precision", round(score.precision, 3), ""),
            Figure(f"{name}: stops >= {least_s} s, split", score.split, ""),
            Figure(f"{name}: stops >= {least_s} s, start off, median", score.start_median_s or 0.0, "s"),
            Figure(f"{name}: stops >= {least_s} s, end off, median", score.end_median_s or 0.0, "s"),
        ]
    return made


def peers(python: str) -> list[Figure]:
    """The same recording by the peers of another environment; each says (vehicle, start, end) and its seconds."""
    vans = fixes(VANS, speeds=False)
    rows = [[fix.fixed_at.isoformat(), van, fix.lat_e7 / 1e7, fix.lon_e7 / 1e7] for van in vans for fix in vans[van]]
    done = subprocess.run([python, str(PEERS)], input=json.dumps(rows), capture_output=True, text=True, check=True)
    made = []
    for name, answer in json.loads(done.stdout).items():
        found = [Stand(van, instant(start), instant(end)) for van, start, end in answer["stops"]]
        made += figures_of(name, found, len(rows) / answer["seconds"])
    return made


def main() -> None:
    """Prints every figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peers")
    options = parser.parse_args()
    made = [
        Figure(f"one fix, {count} zones", round(cost_us(plan("van", zones=zones(count))), 1), "µs") for count in ZONES
    ]
    made += figures_of("waybill", *own_stops())
    if options.peers:
        made += peers(options.peers)
    for figure in made:
        print(f"{figure.name:<60}{figure.value:>12} {figure.unit}")
    if options.json:
        found = {"python": platform.python_version(), "figures": [asdict(figure) for figure in made]}
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
