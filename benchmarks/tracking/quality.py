"""What the engine finds in simulated days of any city, against their exact truth.

.venv/bin/waybill simulate --vehicles 8 --seed 7 --hours 4 --streets waybill/demo/map/streets.json.gz --record /tmp/day
.venv/bin/python -m benchmarks.tracking.quality /tmp/day [MORE …] [--json FILE]

Each day is read three times: every second, as a unit samples by default, and sampled without speeds.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.tracking.scores import Stand, score_stops
from benchmarks.tracking.simulated import arrivals_of, fixes_of, outages_of, plan_of, stands_of, trips_of, truth_of
from contract.reasons import StopReason
from gateway.tracking.events import Arrived, Departed, Event, Gap, Returned, StopEnded
from gateway.tracking.policy import Policy
from waybill.detection.run import events_of

WAYS = {"every second": (False, True), "sampled": (True, True), "sampled, no speeds": (True, False)}


@dataclass(frozen=True)
class Row:
    """One day read one way; times are medians of the error in seconds."""

    day: str
    way: str
    fixes: int
    true_stops: int
    recall: float
    precision: float
    split: int
    start_s: float | None
    end_s: float | None
    lights_called_delivery: int
    departed: str
    departed_s: float | None
    arrived: str
    arrived_s: float | None
    returned: str
    gaps: str  # of the times without a position that are longer than any limit for a gap
    gaps_invented: int


class Tally:
    """What was found over all vehicles of a day."""

    def __init__(self) -> None:
        self.fixes = self.gaps_invented = 0
        self.outages: list[bool] = []
        self.true_doors: list[Stand] = []
        self.true_waits: list[Stand] = []
        self.deliveries: list[Stand] = []
        self.departures: list[tuple[datetime, datetime | None]] = []
        self.returns: list[tuple[datetime, datetime | None]] = []
        self.arrivals: list[tuple[datetime, datetime | None]] = []

    def add(self, folder: Path, vehicle: str, truth: list[dict[str, object]], way: tuple[bool, bool]) -> None:
        fixes = fixes_of(folder, vehicle, sampled=way[0], speeds=way[1])
        policy = Policy(accept_simulated=True)
        events = [event for event, _ in events_of(fixes, plan_of(vehicle, truth), policy, Counter())]
        self.fixes += len(fixes)
        self._gaps(truth, [event for event in events if isinstance(event, Gap)])
        self.true_doors += stands_of(truth, vehicle, ("door",))
        self.true_waits += stands_of(truth, vehicle, ("light", "give_way", "held_up"))
        self.deliveries += [
            Stand(vehicle, event.began_at, event.at)
            for event in events
            if isinstance(event, StopEnded) and event.reason is StopReason.DELIVERY
        ]
        self._trips(truth, events)

    def _gaps(self, truth: list[dict[str, object]], gaps: list[Gap]) -> None:
        policy, heartbeat_s = Policy(), 30
        every, surely = outages_of(truth, max(policy.gap_min_s, policy.gap_intervals * heartbeat_s))
        self.outages += [any(gap.began_at < one.end and one.start < gap.at for gap in gaps) for one in surely]
        self.gaps_invented += sum(
            not any(gap.began_at < one.end and one.start < gap.at for one in every) for gap in gaps
        )

    def _trips(self, truth: list[dict[str, object]], events: list[Event]) -> None:
        departed = {event.trip_id: event.at for event in events if isinstance(event, Departed)}
        returned = {event.trip_id: event.at for event in events if isinstance(event, Returned)}
        arrived = {event.order_id: event.at for event in events if isinstance(event, Arrived)}
        for number, trip in enumerate(trips_of(truth), 1):
            self.departures.append((trip["departed_at"], departed.get(str(number))))
            if trip.get("ended_at"):
                self.returns.append((trip["ended_at"], returned.get(str(number))))
        self.arrivals += [(at, arrived.get(order)) for order, at in arrivals_of(truth).items()]

    def row(self, day: str, way: str) -> Row:
        score = score_stops(self.true_doors, self.deliveries, 45)
        waits = score_stops(self.true_waits, self.deliveries, 0)
        return Row(
            day, way, self.fixes, score.truth, round(score.recall, 4), round(score.precision, 4), score.split,
            score.start_median_s, score.end_median_s, waits.right, _found(self.departures), _error_s(self.departures),
            _found(self.arrivals), _error_s(self.arrivals), _found(self.returns),
            f"{sum(self.outages)}/{len(self.outages)}", self.gaps_invented,
        )  # fmt: skip


def _found(pairs: list[tuple[datetime, datetime | None]]) -> str:
    return f"{sum(found is not None for _, found in pairs)}/{len(pairs)}"


def _error_s(pairs: list[tuple[datetime, datetime | None]]) -> float | None:
    errors = [abs((found - true).total_seconds()) for true, found in pairs if found is not None]
    return round(statistics.median(errors), 1) if errors else None


def main() -> None:
    """Prints one line per day and way of reading it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for folder in options.days:
        truth = truth_of(folder)
        for way, how in WAYS.items():
            tally = Tally()
            for vehicle, records in truth.items():
                tally.add(folder, vehicle, records, how)
            rows.append(tally.row(folder.name, way))
            print(rows[-1])
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
