"""One checked sentence -> what it says about our position (a Report). Knows nothing of other sentences.

pynmea2 splits and names the fields; every value goes through fields.py, because pynmea2 invents where it cannot read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pynmea2

from contract.fix import Quality
from firmware_bridge.nmea import fields
from firmware_bridge.nmea.fields import BadFieldError


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one sentence says. None = says nothing of it. `has_fix` False = the receiver says that it has none."""

    kind: str
    time_ms: int | None = None
    day: date | None = None
    has_fix: bool | None = None
    lat_e7: int | None = None
    lon_e7: int | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    hdop: float | None = None
    satellites: int | None = None
    quality: Quality | None = None


# GGA field 6; gpsd's names for the same numbers are in its STATUS_ list.
_GGA_QUALITY = {
    "1": Quality.GPS,
    "2": Quality.DGPS,
    "3": Quality.PPS,
    "4": Quality.RTK,
    "5": Quality.RTK_FLOAT,
    "6": Quality.ESTIMATED,
    "7": Quality.MANUAL,
    "8": Quality.SIMULATED,
    "9": Quality.DGPS,  # not in the standard: NovAtel's SBAS with reduced accuracy
}
# With 00 satellites these say nothing: Hemisphere's Crescent sends "1,00" while it only starts up (gpsd's hemi.log),
# Furuno's GL/GA and Garmin's Foretrex on good fixes, which their RMC or GNS confirms.
_NEEDS_SATELLITES = "123459"
# The mode indicator of RMC, GLL, VTG (one letter) and GNS (one per satellite system).
_MODE_QUALITY = {
    "A": Quality.GPS,
    "D": Quality.DGPS,
    "P": Quality.PPS,
    "R": Quality.RTK,
    "F": Quality.RTK_FLOAT,
    "E": Quality.ESTIMATED,
    "M": Quality.MANUAL,
    "S": Quality.SIMULATED,
}
# Of several systems in one GNS the best counts, in this order, as gpsd does; simulated anywhere is simulated.
_BEST_FIRST = "SRFPDAEM"
MAX_SPEED_KN = 1900.0  # contract: 1000 m/s
MAX_ALTITUDE_M = 100_000.0


class _Fields:
    """pynmea2's fields by name, as text; empty when the sentence is shorter than the name's place."""

    def __init__(self, sentence: Any) -> None:
        self._data: list[str] = sentence.data
        self._place: dict[str, int] = type(sentence).name_to_idx

    def __call__(self, name: str) -> str:
        place = self._place[name]
        return self._data[place] if place < len(self._data) else ""


def _position(text: _Fields) -> tuple[int | None, int | None]:
    lat_e7 = fields.latitude_e7(text("lat"), text("lat_dir"))
    lon_e7 = fields.longitude_e7(text("lon"), text("lon_dir"))
    if (lat_e7 is None) != (lon_e7 is None):
        raise BadFieldError("half a coordinate")
    return lat_e7, lon_e7


def _course(text: str) -> float | None:
    course = fields.number(text, -360, 360)  # some receivers send -170 for 190 (gpsd's garmin logs do not, SiRF does)
    return None if course is None else course % 360


def _speed_mps(knots: str) -> float | None:
    speed = fields.number(knots, 0, MAX_SPEED_KN)
    return None if speed is None else speed * fields.KNOT_MPS


def _hdop(text: str) -> float | None:
    """99.9 and 99.99 are how receivers write "no geometry"."""
    hdop = fields.number(text, 0, 1000)
    return None if hdop is None or hdop >= 99 or hdop == 0 else hdop


def _status(letter: str, mode: str) -> bool:
    """A and not N. RMC's newer nav status field is ignored: u-blox M8 and later always send V there."""
    if letter not in ("A", "V", "D"):
        raise BadFieldError(f"status {letter!r}")
    return letter == "A" and mode != "N"


def _mode(letter: str) -> Quality | None:
    if letter and letter not in _MODE_QUALITY and letter != "N":
        raise BadFieldError(f"mode {letter!r}")
    return _MODE_QUALITY.get(letter)


def _rmc(text: _Fields) -> Report:
    lat_e7, lon_e7 = _position(text)
    return Report(
        kind="RMC",
        time_ms=fields.time_ms(text("timestamp")),
        day=fields.date_ddmmyy(text("datestamp")),
        has_fix=_status(text("status"), text("mode_indicator")),
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        speed_mps=_speed_mps(text("spd_over_grnd")),
        course_deg=_course(text("true_course")),
        quality=_mode(text("mode_indicator")),
    )


def _gga(text: _Fields) -> Report:
    lat_e7, lon_e7 = _position(text)
    quality = text("gps_qual")
    if quality not in _GGA_QUALITY and quality not in ("0", ""):
        raise BadFieldError(f"quality {quality!r}")
    satellites = fields.count(text("num_sats"), 200)
    return Report(
        kind="GGA",
        time_ms=fields.time_ms(text("timestamp")),
        has_fix=None if quality in _NEEDS_SATELLITES and satellites == 0 else quality not in ("0", ""),
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        altitude_m=fields.number(text("altitude"), -1000, MAX_ALTITUDE_M),
        hdop=_hdop(text("horizontal_dil")),
        satellites=satellites,
        quality=_GGA_QUALITY.get(quality),
    )


def _gns(text: _Fields) -> Report:
    lat_e7, lon_e7 = _position(text)
    modes = text("mode_indicator")
    for letter in modes:
        _mode(letter)
    best = next((letter for letter in _BEST_FIRST if letter in modes), None)
    return Report(
        kind="GNS",
        time_ms=fields.time_ms(text("timestamp")),
        has_fix=best is not None,
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        altitude_m=fields.number(text("altitude"), -1000, MAX_ALTITUDE_M),
        hdop=_hdop(text("hdop")),
        satellites=fields.count(text("num_sats"), 200),
        quality=None if best is None else _MODE_QUALITY[best],
    )


def _gll(text: _Fields) -> Report:
    lat_e7, lon_e7 = _position(text)
    status = text("status") or "A"  # before NMEA 2.0 GLL had no status and was sent only with a fix
    return Report(
        kind="GLL",
        time_ms=fields.time_ms(text("timestamp")),
        has_fix=_status(status, text("faa_mode")),
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        quality=_mode(text("faa_mode")),
    )


def _vtg(text: _Fields) -> Report:
    if text("true_track_sym") not in ("T", ""):
        raise BadFieldError("VTG of the time before NMEA 2.0: four fields without units")
    return Report(
        kind="VTG",
        speed_mps=_speed_mps(text("spd_over_grnd_kts")),
        course_deg=_course(text("true_track")),
    )


def _zda(text: _Fields) -> Report:
    return Report(
        kind="ZDA",
        time_ms=fields.time_ms(text("timestamp")),
        day=fields.date_of_parts(text("day"), text("month"), text("year")),
    )


def _gsa(text: _Fields) -> Report:
    mode = text("mode_fix_type")
    if mode not in ("1", "2", "3", ""):
        raise BadFieldError(f"fix type {mode!r}")
    return Report(kind="GSA", has_fix=None if mode == "" else mode != "1", hdop=_hdop(text("hdop")))


READERS: dict[str, Callable[[_Fields], Report]] = {
    "RMC": _rmc,
    "GGA": _gga,
    "GNS": _gns,
    "GLL": _gll,
    "VTG": _vtg,
    "ZDA": _zda,
    "GSA": _gsa,
}


def read(sentence: str) -> Report | None:
    """The report of one sentence (text between `$` and `*`), or None when its kind tells us nothing.

    Raises BadFieldError, or ValueError when pynmea2 cannot read it.
    """
    kind = sentence[2:5]
    reader = READERS.get(kind)
    if reader is None or sentence[5:6] != "," or sentence[0] == "P":
        return None
    return reader(_Fields(pynmea2.parse(f"${sentence}")))
