"""Writes one second of a receiver as RMC and GGA sentences that say "simulated". Reads no sentences."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from operator import xor

from firmware_bridge.sim.receiver import Sensed

KNOT_MPS = 1852 / 3600
# Mode S and quality 8: NMEA 0183's own marks for a simulator. No vehicle's record can be mistaken for a real one.
MODE_SIMULATED = "S"
QUALITY_SIMULATED = 8


def epoch(instant: datetime, sensed: Sensed) -> bytes:
    """RMC, then GGA, of one second."""
    utc = instant.astimezone(UTC)
    time = f"{utc.hour:02d}{utc.minute:02d}{utc.second:02d}.{utc.microsecond // 10000:02d}"
    where = f"{_angle(sensed.lat_deg, 2, 'N', 'S')},{_angle(sensed.lon_deg, 3, 'E', 'W')}"
    # 360.0 after rounding is north like 0.0, and some readers refuse it.
    course = "" if sensed.course_deg is None else f"{round(sensed.course_deg, 1) % 360.0:.1f}"
    rmc = (
        f"GPRMC,{time},A,{where},{sensed.speed_mps / KNOT_MPS:.3f},{course},"
        f"{utc.day:02d}{utc.month:02d}{utc.year % 100:02d},,,{MODE_SIMULATED}"
    )
    gga = (
        f"GPGGA,{time},{where},{QUALITY_SIMULATED},{sensed.satellites:02d},{sensed.hdop:.2f},"
        f"{sensed.altitude_m:.1f},M,,M,,"
    )
    return sentence(rmc) + sentence(gga)


def epoch_without_fix(instant: datetime) -> bytes:
    """What a receiver says that knows the time and sees no sky."""
    utc = instant.astimezone(UTC)
    time = f"{utc.hour:02d}{utc.minute:02d}{utc.second:02d}.{utc.microsecond // 10000:02d}"
    date = f"{utc.day:02d}{utc.month:02d}{utc.year % 100:02d}"
    return sentence(f"GPRMC,{time},V,,,,,,,{date},,,N") + sentence(f"GPGGA,{time},,,,,0,00,99.99,,M,,M,,")


def epoch_without_time() -> bytes:
    """What a receiver says that has just been switched on."""
    return sentence("GPRMC,,V,,,,,,,,,,N") + sentence("GPGGA,,,,,,0,00,99.99,,M,,M,,")


def sentence(body: str) -> bytes:
    """With its $, checksum and line end."""
    data = body.encode("ascii")
    return b"$%b*%02X\r\n" % (data, reduce(xor, data))


def _angle(value_deg: float, width: int, positive: str, negative: str) -> str:
    """Degrees and minutes to 1e-5 of a minute, rounded once, in integers: 59.999996' becomes the next degree."""
    minutes_e5 = round(abs(value_deg) * 6_000_000)
    degrees, rest = divmod(minutes_e5, 6_000_000)
    return f"{degrees:0{width}d}{rest // 100_000:02d}.{rest % 100_000:05d},{positive if value_deg >= 0 else negative}"
