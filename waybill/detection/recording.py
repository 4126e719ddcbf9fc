"""A recording as fixes per vehicle: CSV with a heading, or one JSON object a line. Judges no position."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from contract.faults import printable
from contract.fix import Fix, normal_course, stepped, utc_ms
from contract.geo import to_e7
from contract.times import parse_instant
from waybill.invocation import CommandError

NEEDED = ("time", "vehicle", "lat", "lon")
OPTIONAL = ("speed_mps", "course_deg", "accuracy_m", "hdop", "ignition")
_SPOOL = "recording"


class _Row(msgspec.Struct, kw_only=True):
    time: str
    vehicle: Annotated[str, Meta(min_length=1)]
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    speed_mps: Annotated[float, Meta(ge=0, le=1000)] | None = None
    course_deg: Annotated[float, Meta(ge=0, le=360)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    hdop: Annotated[float, Meta(ge=0, le=1000)] | None = None
    ignition: bool | None = None


class Recording(msgspec.Struct):
    """What a file holds; `bad` is (line number, why) of the lines of which no fix could be made."""

    fixes: dict[str, list[Fix]]  # by vehicle, in order of time
    bad: list[tuple[int, str]]
    unknown: list[str]  # columns that are not read


def read(path: Path) -> Recording:
    """Reads a recording. Raises CommandError when the file cannot be read or lacks a column."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            return _read(path, lines)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; give the path of a .csv or .jsonl file") from error


def _read(path: Path, lines: Iterable[str]) -> Recording:
    recording = Recording({}, [], [])
    json_lines = path.suffix in {".jsonl", ".ndjson"}
    rows = _json_rows(lines, recording) if json_lines else _csv_rows(path, lines, recording)
    for number, row in rows:
        try:
            checked = msgspec.convert(row, _Row, strict=False)
            fix = _fix(checked, number)
        except (msgspec.ValidationError, ValueError) as error:
            recording.bad.append((number, _why(error)))
            continue
        recording.fixes.setdefault(checked.vehicle, []).append(fix)
    for fixes in recording.fixes.values():
        fixes.sort(key=lambda fix: (fix.fixed_at, fix.seq))
    return recording


def _csv_rows(path: Path, lines: Iterable[str], recording: Recording) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(lines)
    try:
        heading = [name.strip() for name in next(reader, [])]
        missing = [name for name in NEEDED if name not in heading]
        if missing:
            raise CommandError(
                f"{path}: no column {', '.join(missing)}; the first line names them: {', '.join(NEEDED)}, "
                f"and if there are any {', '.join(OPTIONAL)}. This one names {shown(heading)}"
            )
        recording.unknown = [name for name in heading if name not in (*NEEDED, *OPTIONAL)]
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(heading):
                recording.bad.append((reader.line_num, f"{len(cells)} columns instead of {len(heading)}"))
                continue
            pairs = zip(heading, (cell.strip() for cell in cells), strict=True)
            yield reader.line_num, {name: cell for name, cell in pairs if cell or name in NEEDED}
    except csv.Error as error:
        raise CommandError(f"{path}, line {reader.line_num}: {error}") from error


def _json_rows(lines: Iterable[str], recording: Recording) -> Iterator[tuple[int, dict[str, str]]]:
    unknown: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            recording.bad.append((number, _why(error)))
            continue
        unknown.update(dict.fromkeys(name for name in row if name not in (*NEEDED, *OPTIONAL)))
        recording.unknown = list(unknown)
        yield number, row  # type: ignore[misc]  # checked by convert


def _fix(row: _Row, number: int) -> Fix:
    if not (math.isfinite(row.lat) and math.isfinite(row.lon)):
        raise ValueError("lat and lon must be numbers")
    return Fix(
        device=_SPOOL,
        spool_id=_SPOOL,
        seq=number,
        fixed_at=utc_ms(parse_instant(row.time)),
        lat_e7=to_e7(row.lat),
        lon_e7=to_e7(row.lon),
        speed_mps=stepped(row.speed_mps, 1000),
        course_deg=normal_course(row.course_deg),
        accuracy_m=stepped(row.accuracy_m, 100),
        hdop=stepped(row.hdop, 100),
        ignition=row.ignition,
    )


def shown(names: list[str]) -> str:
    """What a file has for a heading: it may be anything, and goes to a terminal."""
    return printable(", ".join(names)[:120]) or "none"


def _why(error: Exception) -> str:
    return " ".join(str(error).split())
