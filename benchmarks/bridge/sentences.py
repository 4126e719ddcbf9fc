"""Decoding speed: ours, pynmea2 with its values read, and gpsdecode, over the same bytes in turns. Checks no result."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pynmea2

from firmware_bridge.nmea.decoder import Decoder
from tests.unit.firmware_bridge.nmea.writing import sentence

_BLOCK = 4096  # what a serial port or a socket gives at a time


def drive(seconds: int) -> bytes:
    """RMC and GGA once a second, as most receivers send them."""
    lines = []
    for second in range(seconds):
        clock = f"{second // 3600 % 24:02}{second // 60 % 60:02}{second % 60:02}.00"
        lat, lon = f"60{10 + second % 3000 / 100:07.4f},N", f"024{20 + second % 3000 / 100:07.4f},E"
        lines.append(sentence(f"GPRMC,{clock},A,{lat},{lon},19.44,{second % 360}.0,{23 + second // 86400:02}1126,,,A"))
        lines.append(sentence(f"GPGGA,{clock},{lat},{lon},1,09,0.9,12.4,M,18.1,M,,"))
    return b"".join(lines)


def captures(folder: Path) -> bytes:
    """All real captures one after another: many kinds of sentences, of which most say nothing of a position."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.nmea")))


def compare(data: bytes, rounds: int, gpsdecode: Path | None) -> dict[str, float]:
    """Sentences a second by each way: the median of interleaved rounds."""
    lines = data.count(b"\n")
    ways: dict[str, Callable[[], object]] = {"ours": lambda: _ours(data), "pynmea2": lambda: _pynmea2(data)}
    if gpsdecode is not None:
        ways["gpsdecode"] = lambda: subprocess.run(
            [gpsdecode, "-j"], input=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
        )
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began_s = time.perf_counter()
            way()
            took[name].append(time.perf_counter() - began_s)
    return {name: lines / statistics.median(seconds) for name, seconds in took.items()}


def _ours(data: bytes) -> int:
    decoder = Decoder()
    return sum(len(decoder.feed(block)) for block in _blocks(data)) + len(decoder.flush())


def _blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _BLOCK):
        yield data[start : start + _BLOCK]


# What a fix needs of each kind, so that pynmea2 is asked for nothing that its sentence does not have.
_VALUES = {
    "RMC": ("status", "datetime", "latitude", "longitude", "spd_over_grnd", "true_course"),
    "GGA": ("timestamp", "latitude", "longitude", "gps_qual", "num_sats", "horizontal_dil", "altitude"),
    "GNS": ("timestamp", "latitude", "longitude", "mode_indicator", "num_sats", "hdop", "altitude"),
    "GLL": ("timestamp", "latitude", "longitude", "status"),
    "ZDA": ("timestamp", "day", "month", "year"),
    "VTG": ("true_track", "spd_over_grnd_kts"),
    "GSA": ("mode_fix_type", "hdop"),
}


def _pynmea2(data: bytes) -> int:
    """Its own way: text lines, checksum checked, the values that a fix needs read as properties."""
    read = 0
    for line in data.decode("latin-1").splitlines():
        try:
            parsed = pynmea2.parse(line, check=True)
            for name in _VALUES.get(getattr(parsed, "sentence_type", ""), ()):
                getattr(parsed, name)
        except (pynmea2.ParseError, AttributeError, TypeError, ValueError):
            continue
        read += 1
    return read
