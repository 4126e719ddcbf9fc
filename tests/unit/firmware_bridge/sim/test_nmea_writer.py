"""Sentences of the simulated receiver, read back by pynmea2 and by hand. No vehicle drives here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import xor

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.sim.nmea_writer import KNOT_MPS, epoch, epoch_without_fix, sentence
from firmware_bridge.sim.receiver import Sensed

NOON_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SENSED = st.builds(
    Sensed,
    lat_deg=st.floats(-90, 90),
    lon_deg=st.floats(-180, 180),
    altitude_m=st.floats(-400, 8000),
    speed_mps=st.floats(0, 60),
    course_deg=st.none() | st.floats(0, 359.9999),
    hdop=st.floats(0.5, 20),
    satellites=st.integers(0, 24),
)
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2068, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive


@given(INSTANTS, SENSED)
def test_every_epoch_reads_back(instant: datetime, sensed: Sensed) -> None:
    rmc, gga = (pynmea2.parse(line, check=True) for line in epoch(instant, sensed).decode().splitlines())

    for read in (rmc, gga):
        assert read.latitude == pytest.approx(sensed.lat_deg, abs=1e-7)
        assert read.longitude == pytest.approx(sensed.lon_deg, abs=1e-7)
    assert abs(rmc.datetime - instant) < timedelta(milliseconds=10)
    assert rmc.status == "A"
    assert rmc.mode_indicator == "S"
    assert rmc.spd_over_grnd * KNOT_MPS == pytest.approx(sensed.speed_mps, abs=3e-4)
    assert gga.gps_qual == 8
    assert int(gga.num_sats) == sensed.satellites
    assert float(gga.horizontal_dil) == pytest.approx(sensed.hdop, abs=0.006)
    assert gga.altitude == pytest.approx(sensed.altitude_m, abs=0.06)
    if sensed.course_deg is None:
        assert rmc.true_course is None
    else:
        assert 0 <= rmc.true_course < 360


@given(INSTANTS, SENSED)
def test_checksum_is_the_xor_between_dollar_and_star(instant: datetime, sensed: Sensed) -> None:
    for line in (epoch(instant, sensed) + epoch_without_fix(instant)).splitlines(keepends=True):
        assert line.startswith(b"$")
        assert line.endswith(b"\r\n")
        assert len(line) <= 82  # NMEA 0183's longest sentence
        body, told = line[1:-2].split(b"*")
        assert int(told, 16) == reduce(xor, body)


def test_minutes_that_round_to_sixty_are_the_next_degree() -> None:
    data = epoch(NOON_AT, Sensed(59.99999999, -24.999999999, 1.0, 0.0, None, 1.0, 9))

    assert b",6000.00000,N,02500.00000,W," in data


def test_course_that_rounds_to_360_is_north() -> None:
    assert b",0.000,0.0,231126," in epoch(NOON_AT, Sensed(60.0, 25.0, 1.0, 0.0, 359.97, 1.0, 9))


def test_time_is_written_in_utc() -> None:
    helsinki_at = NOON_AT.astimezone(timezone(timedelta(hours=2)))

    assert epoch_without_fix(helsinki_at) == epoch_without_fix(NOON_AT)
    assert epoch_without_fix(NOON_AT).startswith(b"$GPRMC,100000.00,V,,,,,,,231126,,,N*")


def test_checksum_of_a_known_sentence() -> None:
    # The example of the NMEA 0183 FAQ (gpsd's NMEA page, section RMC).
    body = "GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E"

    assert sentence(body) == b"$" + body.encode() + b"*68\r\n"
