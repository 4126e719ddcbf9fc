"""Decodes captures of real receivers and compares them with gpsd, epoch by epoch. Says nothing of speed."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.times import format_instant
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position

FOLDER = Path(__file__).parent
CAPTURES = sorted(FOLDER.glob("*.nmea"))
# gpsd believes in a week roll-over here and adds 1024 weeks.
ROLLED_OVER = {"neo-m8n": timedelta(weeks=1024), "tcp-torture": timedelta(weeks=1024)}
# gpsd keeps a speed from RMC into an epoch that has none, and takes altitudes from PASH, PGRMZ and garbled GGA.
SPEED_FROM_ELSEWHERE = {"garmin48", "triton400"}
ALTITUDE_FROM_ELSEWHERE = {"ac12_binary", "garmin48", "tcp-torture"}


def decode(capture: Path) -> dict[str, Position]:
    data = re.sub(rb"(?m)^#.*\n", b"", capture.read_bytes())
    decoder = Decoder()
    positions = decoder.feed(data) + decoder.flush()
    by_time = {format_instant(p.fixed_at + ROLLED_OVER.get(capture.stem, timedelta())): p for p in positions}
    assert len(by_time) == len(positions), "two positions for one instant"
    return by_time


def expected(capture: Path) -> list[dict[str, Any]]:
    lines = capture.with_suffix(".expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_epoch_has_gpsds_position_or_none(capture: Path) -> None:
    ours = decode(capture)

    for tpv in expected(capture):
        position = ours.get(tpv["time"])
        if tpv["mode"] < 2 or "lat" not in tpv:
            assert position is None, tpv
        else:
            assert position is not None, tpv
            assert abs(position.lat_e7 / 1e7 - tpv["lat"]) <= 6e-8, (position, tpv)  # gpsd prints nine decimals
            assert abs(position.lon_e7 / 1e7 - tpv["lon"]) <= 6e-8, (position, tpv)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_speed_course_and_altitude_are_gpsds(capture: Path) -> None:
    ours = decode(capture)

    for tpv in expected(capture):
        position = ours.get(tpv["time"])
        if position is None:
            continue
        if capture.stem not in SPEED_FROM_ELSEWHERE:
            assert close(position.speed_mps, tpv.get("speed"), 0.002), (position, tpv)
        if capture.stem not in ALTITUDE_FROM_ELSEWHERE:
            assert close(position.altitude_m, tpv.get("altMSL"), 0.006), (position, tpv)
        assert close(position.course_deg, tpv.get("track"), 0.006), (position, tpv)


def close(ours: float | None, theirs: float | None, tolerance: float) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= tolerance


def test_captures_are_there() -> None:
    assert len(CAPTURES) == 18
