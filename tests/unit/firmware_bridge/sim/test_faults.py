"""Faults of a simulated unit: what they do to its bytes, how they are drawn, and that nothing else changes."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from firmware_bridge.nmea.counts import Dropped
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sim.day import PlannedDrop, PlannedTrip, VehicleDay, plan
from firmware_bridge.sim.fault_plan import CLOCK_OFFSETS_S, random_faults
from firmware_bridge.sim.faults import (
    BadChecksums,
    ClockError,
    Fault,
    FaultKind,
    Jump,
    PowerLoss,
    Schedule,
    Silence,
    Tunnel,
)
from firmware_bridge.sim.feed import nmea, trips
from firmware_bridge.sim.polyline import Place, distance_m
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.tunnels import Zone, zone_tunnels
from firmware_bridge.sim.vehicle import Run
from tests.unit.firmware_bridge.sim.days import DEPARTS_AT, SECOND, STREETS, a_day

START_AT = DEPARTS_AT + timedelta(minutes=1)


def with_faults(*faults: Fault) -> VehicleDay:
    return msgspec.structs.replace(a_day(), faults=faults)


def heard(day: VehicleDay, seconds: int, start_at: datetime = START_AT) -> list[bytes]:
    return [data for _, data in nmea(day, STREETS, 1, start_at, start_at + seconds * SECOND)]


def decoded(epochs: list[bytes]) -> tuple[list[Position], Decoder]:
    decoder = Decoder()
    return decoder.feed(b"".join(epochs)) + decoder.flush(), decoder


def span(first: int, last: int) -> dict[str, Any]:
    return {"starts_at": START_AT + first * SECOND, "ends_at": START_AT + last * SECOND}


def metres_apart(a: Position, b: Position) -> float:
    return distance_m(Place(a.lat_e7 / 1e7, a.lon_e7 / 1e7), Place(b.lat_e7 / 1e7, b.lon_e7 / 1e7))


def test_tunnel_takes_the_fix_and_gives_it_back_beside_the_road() -> None:
    day = with_faults(Tunnel(**span(10, 20), east_m=30.0, north_m=-40.0))

    with_tunnel, without = heard(day, 100), heard(a_day(), 100)
    inside, _ = decoded(with_tunnel[10:20])
    after, _ = decoded(with_tunnel[20:])
    true_after, _ = decoded(without[20:])

    assert inside == []
    assert with_tunnel[:10] == without[:10]
    off_m = [metres_apart(a, b) for a, b in zip(after, true_after, strict=True)]
    assert off_m[0] == pytest.approx(50.0, abs=0.1)
    assert off_m[12] == pytest.approx(50.0 / math.e, abs=0.1)
    assert with_tunnel[80:] == without[80:]


def test_jump_is_one_wild_fix() -> None:
    day = with_faults(Jump(**span(5, 6), east_m=3000.0, north_m=4000.0))

    wild, _ = decoded(heard(day, 10))
    usual, _ = decoded(heard(a_day(), 10))

    off_m = [metres_apart(a, b) for a, b in zip(wild, usual, strict=True)]
    assert off_m[5] == pytest.approx(5000.0, abs=5.0)
    assert off_m[:5] + off_m[6:] == [0.0] * 9
    assert wild[5].speed_mps == usual[5].speed_mps


def test_clock_steps_away_and_back() -> None:
    day = with_faults(ClockError(**span(3, 6), offset_s=-3600.0))

    fixes, _ = decoded(heard(day, 9))

    late_s = [(START_AT + k * SECOND - fix.fixed_at).total_seconds() for k, fix in enumerate(fixes)]
    assert late_s == [0.0] * 3 + [3600.0] * 3 + [0.0] * 3


def test_every_damaged_sentence_is_refused_for_its_checksum() -> None:
    day = with_faults(BadChecksums(**span(0, 400), share=0.5))

    noisy, usual = heard(day, 400), heard(a_day(), 400)
    fixes, decoder = decoded(noisy)

    pairs = zip(b"".join(noisy).splitlines(), b"".join(usual).splitlines(), strict=True)
    damaged = sum(a != b for a, b in pairs)
    assert 300 < damaged < 500
    assert decoder.counts[Dropped.BAD_CHECKSUM] == damaged
    assert 0 < len(fixes) < 400


def test_silence_is_not_a_byte() -> None:
    day = with_faults(Silence(**span(2, 4)))

    assert [bool(data) for data in heard(day, 6)] == [True, True, False, False, True, True]


def test_unit_that_was_off_boots_without_time_then_without_fix() -> None:
    day = with_faults(PowerLoss(**span(2, 5), fix_at=START_AT + 11 * SECOND, east_m=20.0, north_m=0.0))

    said = heard(day, 90)
    fixes, _ = decoded(said)

    assert said[2:5] == [b""] * 3
    assert all(data.startswith(b"$GPRMC,,V,") for data in said[5:8])
    assert all(b",V," in data and not data.startswith(b"$GPRMC,,") for data in said[8:11])
    assert [fix.fixed_at for fix in fixes[:3]] == [START_AT, START_AT + SECOND, START_AT + 11 * SECOND]
    assert said[75:] == heard(a_day(), 90)[75:]


def test_faults_do_not_depend_on_where_the_feed_is_resumed() -> None:
    day = msgspec.structs.replace(a_day(), faults=random_faults(a_day(), STREETS, 1, FaultKind))
    trip = trips(day, STREETS, 1)[0]

    whole = dict(nmea(day, STREETS, 1, trip.departed_at, trip.ended_at))
    middle_at = trip.departed_at + (trip.ended_at - trip.departed_at) / 2
    resumed = dict(nmea(day, STREETS, 1, middle_at, trip.ended_at))

    assert resumed == {instant: whole[instant] for instant in resumed}


@pytest.mark.parametrize("seed", range(5))
def test_drawn_faults_lie_in_the_trips_and_every_kind_is_there(seed: int) -> None:
    drawn = random_faults(a_day(), STREETS, seed, FaultKind)

    for trip in trips(a_day(), STREETS, seed):
        inside = [fault for fault in drawn if trip.departed_at <= fault.starts_at < trip.ended_at]
        assert {type(fault) for fault in inside} == {Tunnel, Jump, ClockError, BadChecksums, Silence, PowerLoss}
    assert {fault.offset_s for fault in drawn if isinstance(fault, ClockError)} <= set(CLOCK_OFFSETS_S)


def test_one_kind_more_does_not_move_the_others() -> None:
    jumps = random_faults(a_day(), STREETS, 1, [FaultKind.JUMPS])
    both = random_faults(a_day(), STREETS, 1, [FaultKind.SILENCE, FaultKind.JUMPS])

    assert jumps
    assert tuple(fault for fault in both if isinstance(fault, Jump)) == jumps


def test_faults_change_neither_the_way_nor_its_times() -> None:
    day = msgspec.structs.replace(a_day(), faults=random_faults(a_day(), STREETS, 1, FaultKind))

    assert plan(day, STREETS, 1) is plan(a_day(), STREETS, 1)


def test_zone_without_sky_is_a_tunnel_whenever_the_vehicle_drives_through_it() -> None:
    run = next(part for *_, part in plan(a_day(), STREETS, 1).spans() if isinstance(part, Run))
    lat_deg, lon_deg, _ = run.line.at(run.line.length_m / 2)
    zone = Zone((Place(lat_deg, lon_deg),), 40.0)

    tunnels = zone_tunnels(a_day(), STREETS, 1, [zone])

    assert tunnels
    truth = plan(a_day(), STREETS, 1)
    for tunnel in tunnels:
        middle = truth.at(tunnel.starts_at + (tunnel.ends_at - tunnel.starts_at) / 2)
        assert zone.covers(Place(middle.lat_deg, middle.lon_deg))


def test_tunnel_that_the_streets_know_is_one_on_every_way_through_it() -> None:
    graph = {
        "v": 1, "nodes": [[600_000_000, 250_000_000 + k * 100_000] for k in range(5)], "lights": [],
        "streets": [[k, k + 1, 55.6, 8.0, 1, 0, []] for k in range(4)], "tunnels": [1, 2],
    }  # fmt: skip
    streets = Streets.from_bytes(msgspec.json.encode(graph))
    drop = PlannedDrop(order="o-1", place=Place(60.0, 25.04), service_s=60.0)
    trip = PlannedTrip(departs_at=DEPARTS_AT, drops=(drop,))
    day = VehicleDay(vehicle="van-1", premises=Place(60.0, 25.0), trips=(trip,))

    drawn = random_faults(day, streets, 1, [FaultKind.TUNNELS])

    truth = plan(day, streets, 1)
    ends = [truth.at(at).lon_deg for tunnel in drawn for at in (tunnel.starts_at, tunnel.ends_at)]
    assert ends == pytest.approx([25.01, 25.03, 25.03, 25.01], abs=1e-4)


def test_line_shaped_zone_covers_what_is_close_to_it() -> None:
    zone = Zone((Place(60.0, 25.0), Place(60.001, 25.0)), 10.0)

    assert zone.covers(Place(60.0005, 25.0001))
    assert not zone.covers(Place(60.0005, 25.001))


def test_schedule_is_half_open() -> None:
    schedule = Schedule([Silence(**span(1, 2)), BadChecksums(**span(1, 3), share=1.0)])

    counts = [len(schedule.felt(START_AT + k * SECOND)) for k in range(5)]

    assert counts == [0, 2, 1, 0, 0]
