"""Compares the decoder with gpsd over all captures, epoch by epoch, and writes docs/nmea-agreement.md. Judges nothing.

python -m tests.golden.nmea.agreement > docs/nmea-agreement.md
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

from contract.times import format_instant
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position

FOLDER = Path(__file__).parent
CAPTURES = sorted(FOLDER.glob("*.nmea"))
# gpsd believes in a week roll-over here and adds 1024 weeks.
ROLLED_OVER = {"neo-m8n": timedelta(weeks=1024), "tcp-torture": timedelta(weeks=1024)}
TOLERANCE_DEG = 6e-8  # we keep seven decimals, gpsd prints nine

_TEXT = re.compile(rb"\$([^$*\r\n]*)\*([0-9A-Fa-f]{2})")
# Fields: time, latitude with hemisphere, longitude with hemisphere.
_PLACED = {
    "RMC": (1, 3, 5),
    "GGA": (1, 2, 4),
    "GNS": (1, 2, 4),
    "GLL": (5, 1, 3),
}


@dataclass
class Graded:
    """One capture: how many of gpsd's reports were compared, and what became of each that did not agree."""

    capture: str
    compared: int = 0
    agreed: int = 0
    two_places: list[str] = field(default_factory=list)  # the stream itself holds both positions under this time
    unexplained: list[str] = field(default_factory=list)
    only_ours: int = 0  # epochs of which gpsd reported nothing, although the stream holds them
    invented: list[str] = field(default_factory=list)  # ours, and the stream holds no such position


def decode(data: bytes) -> list[Position]:
    decoder = Decoder()
    return decoder.feed(data) + decoder.flush()


def bytes_of(capture: Path) -> bytes:
    """Without the comment lines, which gpsd's test harness leaves out as well."""
    return re.sub(rb"(?m)^#.*\n", b"", capture.read_bytes())


def expected(capture: Path) -> list[dict[str, Any]]:
    lines = capture.with_suffix(".expected.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def by_time(capture: Path) -> dict[str, Position]:
    positions = decode(bytes_of(capture))
    told = {format_instant(p.fixed_at + ROLLED_OVER.get(capture.stem, timedelta())): p for p in positions}
    assert len(told) == len(positions), "two positions for one instant"
    return told


def grade(capture: Path) -> Graded:
    ours, theirs = by_time(capture), expected(capture)
    said = list(_said(bytes_of(capture)))
    graded = Graded(capture.stem)
    for tpv in theirs:
        _compare(graded, tpv, ours.get(tpv["time"]), said)
    reported = {tpv["time"] for tpv in theirs}
    for time, position in ours.items():
        if time not in reported:
            graded.only_ours += 1
            if not _is_said(time, position.lat_e7 / 1e7, position.lon_e7 / 1e7, said):
                graded.invented.append(time)
    return graded


def _compare(
    graded: Graded, tpv: dict[str, Any], position: Position | None, said: list[tuple[str, float, float]]
) -> None:
    has_fix = tpv["mode"] >= 2 and "lat" in tpv
    if not has_fix and position is None:
        return  # both say nothing: no report to compare
    graded.compared += 1
    if not has_fix or position is None:
        graded.unexplained.append(tpv["time"])
    elif _near(position.lat_e7 / 1e7, tpv["lat"]) and _near(position.lon_e7 / 1e7, tpv["lon"]):
        graded.agreed += 1
    elif _is_said(tpv["time"], tpv["lat"], tpv["lon"], said) and _is_said(
        tpv["time"], position.lat_e7 / 1e7, position.lon_e7 / 1e7, said
    ):
        graded.two_places.append(tpv["time"])
    else:
        graded.unexplained.append(tpv["time"])


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE_DEG


def _is_said(time: str, lat: float, lon: float, said: list[tuple[str, float, float]]) -> bool:
    day_time = time[11:19].replace(":", "") + time[19:23]
    return any(each[0] == day_time and _near(each[1], lat) and _near(each[2], lon) for each in said)


def _said(data: bytes) -> Iterator[tuple[str, float, float]]:
    """(time of day, latitude, longitude) of every sentence with a right checksum; shares no code with the decoder."""
    for found in _TEXT.finditer(data):
        if reduce(lambda a, b: a ^ b, found[1], 0) != int(found[2], 16):
            continue
        fields = found[1].decode("latin-1").split(",")
        places = _PLACED.get(fields[0][2:])
        if places is None or len(fields) <= max(places) + 1:
            continue
        time, lat, lon = (fields[place] for place in places)
        if not (time and lat and lon):
            continue
        whole, _, part = time.partition(".")
        south, west = fields[places[1] + 1] == "S", fields[places[2] + 1] == "W"
        yield f"{whole}.{part[:3]:0<3}", _degrees(lat, 2) * (-1 if south else 1), _degrees(lon, 3) * (-1 if west else 1)


def _degrees(text: str, digits: int) -> float:
    try:
        return int(text[:digits]) + float(text[digits:]) / 60
    except ValueError:
        return 999.0


def report() -> str:
    """The page: totals, what was left out of the comparison and why, one row a capture."""
    graded = [grade(capture) for capture in CAPTURES]
    compared, agreed = sum(g.compared for g in graded), sum(g.agreed for g in graded)
    two, ours = sum(len(g.two_places) for g in graded), sum(g.only_ours for g in graded)
    rows = [
        f"| {g.capture} | {g.compared} | {g.agreed} | {len(g.two_places) or ''} | {g.only_ours or ''} |" for g in graded
    ]
    text = (FOLDER / "agreement.template.md").read_text(encoding="utf-8")
    return text.format(
        captures=len(graded),
        compared=compared,
        agreed=agreed,
        two_places=two,
        comparable=compared - two,
        percent=f"{100 * agreed / (compared - two):.2f}",
        only_ours=ours,
        unexplained=sum(len(g.unexplained) for g in graded),
        invented=sum(len(g.invented) for g in graded),
        rows="\n".join(rows),
    )


if __name__ == "__main__":
    sys.stdout.write(report())
