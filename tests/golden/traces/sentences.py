"""Reads tracks of real vehicles and says them as a receiver would have: RMC and GGA per point. Reads no sentences."""

from __future__ import annotations

import csv
from datetime import datetime
from functools import reduce
from operator import xor
from pathlib import Path
from xml.etree import ElementTree as ET

from contract.times import parse_instant

Track = list[tuple[datetime, float, float]]
_GPX = "{http://www.topografix.com/GPX/1/1}"


def track(path: Path) -> Track:
    """(time, latitude, longitude) of every point, the last of each second only, as a receiver has one epoch each."""
    points: dict[datetime, tuple[float, float]] = {}
    for point in ET.parse(path).iter(f"{_GPX}trkpt"):
        at = parse_instant(point.findtext(f"{_GPX}time") or "")
        points[at] = (float(point.attrib["lat"]), float(point.attrib["lon"]))
    return [(at, lat, lon) for at, (lat, lon) in sorted(points.items())]


def posmo() -> Track:
    """The van of posmo.csv."""
    with Path(__file__).with_name("posmo.csv").open(newline="", encoding="utf-8") as file:
        return [
            (parse_instant(row["tracked_at"]), float(row["latitude"]), float(row["longitude"]))
            for row in csv.DictReader(file)
        ]


def nmea(points: Track) -> bytes:
    """The sentences of a receiver with a good fix (quality 1, status A) at every point."""
    return b"".join(_epoch(*point) for point in points)


def _epoch(at: datetime, lat_deg: float, lon_deg: float) -> bytes:
    time = f"{at:%H%M%S}.{at.microsecond // 10_000:02d}"
    where = f"{_angle(lat_deg, 2, 'NS')},{_angle(lon_deg, 3, 'EW')}"
    return _sentence(f"GPRMC,{time},A,{where},,,{at:%d%m%y},,,A") + _sentence(
        f"GPGGA,{time},{where},1,09,1.0,20.0,M,,M,,"
    )


def _angle(degrees: float, digits: int, signs: str) -> str:
    # Through whole 1e-6 minutes, so that rounding never gives 60 minutes.
    whole, micro = divmod(round(abs(degrees) * 60_000_000), 60_000_000)
    return f"{whole:0{digits}d}{micro // 1_000_000:02d}.{micro % 1_000_000:06d},{signs[degrees < 0]}"


def _sentence(text: str) -> bytes:
    return f"${text}*{reduce(xor, text.encode(), 0):02X}\r\n".encode()
