"""Tracks of real vehicles, said as a receiver would have said them, come back from the decoder. Sends nothing."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sim.nmea_writer import epoch
from firmware_bridge.sim.receiver import Sensed
from tests.golden.traces.sentences import Track, nmea, posmo, track

HERE = Path(__file__).parent
# What ../nmea's oracle allows too: 2e-6 degree is 0.2 m.
ALLOWED_DEG = 2e-6

TRACKS = {"bus304": track(HERE / "bus304_limerick.gpx"), "posmo": posmo()}
tracks = pytest.mark.parametrize("points", TRACKS.values(), ids=TRACKS.keys())


def as_the_simulator_writes(points: Track) -> bytes:
    return b"".join(epoch(at, Sensed(lat, lon, 20.0, 8.0, 90.0, 1.0, 9)) for at, lat, lon in points)


def assert_same(points: Track, back: list[Position]) -> None:
    assert len(back) == len(points)
    for (at, lat_deg, lon_deg), position in zip(points, back, strict=True):
        # Receivers say hundredths of a second.
        assert timedelta(0) <= at - position.fixed_at < timedelta(milliseconds=10)
        assert abs(position.lat_e7 / 1e7 - lat_deg) < ALLOWED_DEG
        assert abs(position.lon_e7 / 1e7 - lon_deg) < ALLOWED_DEG


@tracks
@pytest.mark.parametrize("write", [nmea, as_the_simulator_writes], ids=["receiver", "simulator"])
def test_every_point_comes_back_where_it_was(points: Track, write: object) -> None:
    assert callable(write)
    decoder = Decoder()

    back = decoder.feed(write(points)) + decoder.flush()

    assert_same(points, back)
    assert not any(decoder.counts.values())


@tracks
def test_bytes_cut_anywhere_give_the_same_track(points: Track) -> None:
    data, decoder, chance = nmea(points), Decoder(), random.Random(7)

    back: list[Position] = []
    at = 0
    while at < len(data):
        size = chance.randint(1, 97)
        back += decoder.feed(data[at : at + size])
        at += size

    assert_same(points, back + decoder.flush())
