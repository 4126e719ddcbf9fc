"""Decodes captures of real receivers and compares them with gpsd, epoch by epoch. Says nothing of speed."""

import random
from pathlib import Path

import pytest

from firmware_bridge.nmea.decoder import Decoder
from tests.golden.nmea.agreement import CAPTURES, by_time, bytes_of, decode, expected, grade, report

PAGE = Path(__file__).parents[3] / "docs" / "nmea-agreement.md"
# An epoch without a speed of its own (Garmin's and Magellan's GLL under another time, a file that ends before the
# epoch's RMC): gpsd keeps the one before or reckons one from two positions; we say that we do not know.
SPEED_FROM_ELSEWHERE = {"garmin48", "triton400", "eXplorist210", "tr737A+", "ublox-lea-5h", "bundg_zeus_9"}
# gpsd takes altitudes from PASH, PGRMZ (feet) and a garbled GGA.
ALTITUDE_FROM_ELSEWHERE = {"ac12_binary", "garmin38", "garmin48", "tcp-torture", "bundg_zeus_9"}
# Two positions under one second (docs/nmea-agreement.md): gpsd's report is of the first, without course.
COURSE_FROM_ELSEWHERE = {"bundg_zeus_9"}


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_every_epoch_has_gpsds_position_or_none(capture: Path) -> None:
    graded = grade(capture)

    assert graded.unexplained == []
    assert graded.invented == []
    assert graded.agreed + len(graded.two_places) == graded.compared
    assert not graded.two_places or capture.stem == "bundg_zeus_9"


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_speed_course_and_altitude_are_gpsds(capture: Path) -> None:
    ours = by_time(capture)

    for tpv in expected(capture):
        position = ours.get(tpv["time"])
        if position is None:
            continue
        if capture.stem not in SPEED_FROM_ELSEWHERE:
            assert close(position.speed_mps, tpv.get("speed"), 0.002), (position, tpv)
        if capture.stem not in ALTITUDE_FROM_ELSEWHERE:
            assert close(position.altitude_m, tpv.get("altMSL"), 0.006), (position, tpv)
        if capture.stem not in COURSE_FROM_ELSEWHERE:
            assert close(position.course_deg, tpv.get("track"), 0.006), (position, tpv)


def close(ours: float | None, theirs: float | None, tolerance: float) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= tolerance


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_cut_at_random_bytes_a_capture_gives_the_same_fixes(capture: Path) -> None:
    data = bytes_of(capture)
    whole = decode(data)
    chance = random.Random(capture.stem)

    for longest in (1, 7, 100, 2000):
        decoder, positions, at = Decoder(), [], 0
        while at < len(data):
            step = chance.randint(1, longest)
            positions += decoder.feed(data[at : at + step])
            at += step
        assert positions + decoder.flush() == whole


def test_all_captures_are_there_and_the_page_tells_what_they_show() -> None:
    assert len(CAPTURES) == 71
    assert PAGE.read_text(encoding="utf-8") == report(), "write it anew: see its first lines"
