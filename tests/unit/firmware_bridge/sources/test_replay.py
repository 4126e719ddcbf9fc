"""Replays: paced by the receiver's epochs, moved by one constant, never altered."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from contract.clock import Clock, true_now
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources.replay import ReplaySource, Shift
from firmware_bridge.sources.source import SourceError
from tests.unit.firmware_bridge.nmea.writing import drive, sentence

CAPTURED_AT = datetime(2014, 12, 31, 23, 59, 58, tzinfo=UTC)
SHOWN = datetime(2026, 11, 23, 9, tzinfo=UTC)


def fast_clock() -> Clock:
    """1000 s in a true second: a pace that can be measured without waiting."""
    return Clock(origin=SHOWN, wall=true_now(), rate=1000.0)


def play(source: ReplaySource, clock: Clock) -> list[tuple[datetime, Position]]:
    """(when it came by the clock, the position as it is reported)."""

    async def collect() -> list[tuple[datetime, Position]]:
        decoder, came = Decoder(), []
        async for chunk in source.chunks():
            positions = decoder.feed(chunk) if chunk else decoder.pause()
            came += [(clock.now(), source.retime(position)) for position in positions]
        return came + [(clock.now(), source.retime(position)) for position in decoder.flush()]

    return asyncio.run(collect())


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "drive.nmea"
    path.write_bytes(b"# a comment\n" + drive(60, CAPTURED_AT))
    return path


def test_first_fix_is_now_and_the_pace_is_the_receivers(capture: Path) -> None:
    clock = fast_clock()

    came = play(ReplaySource(capture, clock), clock)

    assert len(came) == 60
    assert timedelta(0) <= came[0][1].fixed_at - SHOWN < timedelta(seconds=100)
    steps = {b[1].fixed_at - a[1].fixed_at for a, b in pairwise(came)}
    assert steps == {timedelta(seconds=1)}
    assert came[-1][0] - came[0][0] >= timedelta(seconds=58)


@pytest.mark.parametrize("rate", [10.0, None])
def test_a_fast_replay_never_runs_into_the_future(capture: Path, rate: float | None) -> None:
    clock = fast_clock()

    came = play(ReplaySource(capture, clock, rate=rate), clock)

    assert len(came) == 60
    assert all(position.fixed_at <= at + timedelta(milliseconds=1) for at, position in came)


def test_without_a_shift_times_are_the_captures(capture: Path) -> None:
    clock = fast_clock()

    came = play(ReplaySource(capture, clock, rate=None, shift=Shift.NONE), clock)

    assert came[0][1].fixed_at == CAPTURED_AT


def test_a_capture_without_a_dated_fix_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.nmea"
    path.write_bytes(sentence("GPGGA,090000,6010.2000,N,02456.4000,E,1,08,1.1,12.3,M,17.0,M,,"))
    clock = fast_clock()

    with pytest.raises(SourceError, match="holds no fix with a date"):
        play(ReplaySource(path, clock), clock)


def test_a_file_without_line_ends_is_played_through(tmp_path: Path) -> None:
    path = tmp_path / "binary.nmea"
    path.write_bytes(b"\x00" * 300_000 + b"\n" + drive(3, CAPTURED_AT))
    clock = fast_clock()

    assert len(play(ReplaySource(path, clock, rate=None), clock)) == 3
