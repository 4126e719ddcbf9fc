"""A simulated day of true and false handoffs, with tunnels and a van out of reach, judged as the truth file says."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.fix import Fix
from contract.geo import distance_m
from contract.milestones import Milestone
from firmware_bridge.sim.fault_plan import parse_kinds
from firmware_bridge.sim.fleet_plan import FleetWish
from firmware_bridge.sim.streets import Streets
from gateway.custody.handoffs import Handoff
from gateway.orders.service import declare
from gateway.worker.witness import judge_due
from tests.fixtures.database import Database
from tests.fixtures.seed import MAP_DIR
from tests.integration.gateway.derive.test_simulated_day import ACCEPTING, DISPATCHER, OFFLINE, STARTS_AT, Day, Truth
from waybill.simulation.fleet import Simulated
from waybill.simulation.record import record_fleet

WITHIN = timedelta(seconds=ACCEPTING.witness_within_s)
# What the truth says must not hang on a metre or a second.
SLACK, SLACK_M = timedelta(seconds=30), 25.0
NEVER = datetime.max.replace(tzinfo=STARTS_AT.tzinfo)
KINDS = ("true", "time", "street", "tunnel")
VERDICTS = (
    "SELECT h.order_id::text, w.verdict, w.no_data, w.nearest_m, w.off_s FROM waybill.handoff h"
    " JOIN waybill.witness w ON w.handoff_id = h.id ORDER BY w.version"
)


class Stood(msgspec.Struct, frozen=True):
    """A true standstill at a door, a light or the premises."""

    from_at: datetime
    to_at: datetime
    place: tuple[int, int]

    def is_at(self, door: tuple[int, int], at: datetime, spare: timedelta, spare_m: float) -> bool:
        """Whether it lies near the door and near the time, with so much to spare (negative: so much is missing)."""
        near = distance_m(*self.place, *door) <= ACCEPTING.witness_radius_m - spare_m
        return near and self.from_at <= at + WITHIN - spare and at - WITHIN + spare <= self.to_at


class Said(msgspec.Struct, frozen=True):
    """A handoff that somebody told: at which door, at what time, and what is wrong with it."""

    order_id: str
    vehicle: str
    door: tuple[int, int]
    at: datetime
    kind: str


class Judged(msgspec.Struct, frozen=True):
    order_id: str
    verdict: str
    no_data: str | None
    nearest_m: float | None
    off_s: float | None


@pytest.mark.parametrize(
    ("vehicles", "hours"), [pytest.param(3, 2.0, id="short"), pytest.param(6, 8.0, id="full", marks=pytest.mark.long)]
)
def test_every_handoff_of_a_day_is_judged_as_the_truth_says(
    database: Database, owner: psycopg.Connection, tmp_path: Path, vehicles: int, hours: float
) -> None:
    streets = Streets.from_bytes((MAP_DIR / "streets.json.gz").read_bytes())
    fleet = Simulated(
        wish=FleetWish(vehicles=vehicles, seed=11, starts_at=STARTS_AT, hours=hours),
        kinds=parse_kinds("tunnels,silence"), streets=streets, streets_file=None, device_prefix="sim-",
    )  # fmt: skip
    record_fleet(fleet, tmp_path / "day", lambda _: None)
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        day = Day(connection, owner, tmp_path / "day")
        whole = dict(day.fixes)
        day.fixes = {vehicle: fixes for vehicle, fixes in whole.items() if vehicle != OFFLINE}
        day.run(disturbed=False)
        said = [*_tell(day, whole)]
        while judge_due(connection, day.grounds, Clock(origin=day.ends_at + timedelta(hours=1), wall=true_now())):
            pass
        early = {one.order_id: one for one in _judged(connection)}
        assert {early[one.order_id].no_data for one in said if one.vehicle == OFFLINE} == {"not_heard"}

        day.fixes = {OFFLINE: whole[OFFLINE]}
        day.run(disturbed=True)

        day.fixes = whole
        _grade(day, said, {one.order_id: one for one in _judged(connection)})


def _judged(connection: psycopg.Connection) -> list[Judged]:
    return [Judged(*row) for row in connection.execute(VERDICTS)]


def _tell(day: Day, fixes: dict[str, list[Fix]]) -> list[Said]:
    """A handoff of every order: in turn a true one, at another time, on another street, and in a tunnel."""
    told: list[Said] = []
    orders = {name: order_id for order_id, name in day.orders.items()}
    for vehicle, trips in day.trips.items():
        for trip_id, trip in trips:
            for stop in _doors(day, vehicle, trip):
                order_id, kind = orders[stop["order"]], KINDS[len(told) % len(KINDS)]
                door, at = (stop["lat_e7"], stop["lon_e7"]), stop["starts_at"] + timedelta(seconds=40)
                if kind == "time":
                    at += timedelta(minutes=17)
                elif kind == "street":
                    door = (door[0] + 150_000, door[1])  # 1.7 km to the north
                elif kind == "tunnel":
                    door, at = _unseen(fixes[vehicle], trip) or (door, at)
                day.owner.execute("UPDATE waybill.orders SET lat_e7 = %s, lon_e7 = %s WHERE id = %s", [*door, order_id])
                if vehicle == OFFLINE:
                    declare(day.connection, UUID(order_id), Milestone.OUT_FOR_DELIVERY, trip["departed_at"], DISPATCHER)
                declare(
                    day.connection, UUID(order_id), Milestone.DELIVERED, at, DISPATCHER,
                    handoff=Handoff(trip_id=trip_id),
                )  # fmt: skip
                told.append(Said(order_id, vehicle, door, at, kind))
    return told


def _doors(day: Day, vehicle: str, trip: dict[str, Any]) -> Truth:
    """True stands at the doors of a trip that ended while it was recorded."""
    return [
        one for one in day.truth[vehicle]
        if one["type"] == "stop" and one["reason"] == "door" and one.get("ends_at") is not None
        and trip["departed_at"] < one["starts_at"] < trip["ended_at"]
    ]  # fmt: skip


def _unseen(fixes: list[Fix], trip: dict[str, Any]) -> tuple[tuple[int, int], datetime] | None:
    """The middle of the longest time of the trip without fixes, and a place on the way over it."""
    driven = [one for one in fixes if trip["departed_at"] <= one.fixed_at <= trip["ended_at"]]
    pairs = [(after.fixed_at - before.fixed_at, before, after) for before, after in pairwise(driven)]
    lasted, before, after = max(pairs, key=lambda pair: pair[0])
    if lasted.total_seconds() <= ACCEPTING.gap_min_s:
        return None
    middle = ((before.lat_e7 + after.lat_e7) // 2, (before.lon_e7 + after.lon_e7) // 2)
    return middle, before.fixed_at + lasted / 2


def _grade(day: Day, said: list[Said], judged: dict[str, Judged]) -> None:
    wrong: list[object] = []
    seen: Counter[tuple[str, str]] = Counter()
    for one in said:
        found, stands = judged[one.order_id], _stands(day, one.vehicle)
        surely = any(
            stand.is_at(one.door, one.at, SLACK, SLACK_M) and stand.to_at - stand.from_at >= SLACK for stand in stands
        )
        perhaps = any(stand.is_at(one.door, one.at, -SLACK, -SLACK_M) for stand in stands)
        hidden = _hidden(day, one)
        if surely and not hidden:
            right = found.verdict == "corroborated"
        elif not perhaps and not hidden:
            right = found.verdict == "contradicted" and _numbers_are_true(one, found, stands)
        elif not perhaps:
            right = found.verdict in ("no_data", "contradicted")
        else:
            right = True  # a light near the door, a metre more or less: the truth itself is not plain
            seen["not plain", found.verdict] += 1
        if not right:
            wrong.append((one, found, surely, perhaps, hidden))
        if found.verdict == "no_data" and not hidden:
            wrong.append((one, found, "nothing hid it"))
        seen[one.kind, found.verdict] += 1
    assert wrong == []
    assert {kind for kind, _ in seen} >= {"true", "time", "street"}, seen
    assert seen["true", "corroborated"] >= 2, seen
    assert seen["true", "contradicted"] == 0, seen
    assert seen["street", "contradicted"] >= 1, seen
    assert seen["time", "contradicted"] >= 1, seen
    assert sum(count for (kind, _), count in seen.items() if kind == "not plain") <= len(said) / 3, seen


def _stands(day: Day, vehicle: str) -> list[Stood]:
    return [
        Stood(one["starts_at"], one.get("ends_at") or NEVER, (one["lat_e7"], one["lon_e7"]))
        for one in day.truth[vehicle] if one["type"] == "stop"
    ]  # fmt: skip


def _hidden(day: Day, one: Said) -> bool:
    """Whether the unit gave no fixes for a gap's time somewhere around, or the recording begins or ends there."""
    from_at, to_at = one.at - WITHIN, one.at + WITHIN
    fixes = day.fixes[one.vehicle]
    return (
        from_at < fixes[0].fixed_at or fixes[-1].fixed_at < to_at
        or any(
            (after.fixed_at - before.fixed_at).total_seconds() > ACCEPTING.gap_min_s
            and before.fixed_at < to_at and from_at < after.fixed_at for before, after in pairwise(fixes)
        )
    )  # fmt: skip


def _numbers_are_true(one: Said, found: Judged, stands: list[Stood]) -> bool:
    """By how many metres and minutes: no farther than where it truly stood meanwhile, and when it stood at the door."""
    meanwhile = [
        distance_m(*stand.place, *one.door) for stand in stands
        if stand.from_at <= one.at + WITHIN and one.at - WITHIN <= stand.to_at
    ]  # fmt: skip
    if found.nearest_m is None or found.nearest_m > min(meanwhile, default=found.nearest_m) + SLACK_M:
        return False
    if one.kind != "time" or found.off_s is None:
        return one.kind != "time"
    # It stood at this door from 40 s before the word's 17 minutes; a light near by may be nearer in time.
    there = [stand for stand in stands if distance_m(*stand.place, *one.door) <= ACCEPTING.witness_radius_m + SLACK_M]
    off_s = [
        min(0.0, (stand.to_at - one.at).total_seconds()) or (stand.from_at - one.at).total_seconds() for stand in there
    ]
    return any(abs(found.off_s - off) <= 60 for off in off_s)
