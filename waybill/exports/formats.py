"""History as CSV, JSON, GeoJSON or GPX, written as it is read. Reads nothing and knows no file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

import msgspec

from contract.geo import degrees_text
from contract.times import format_instant
from storage.reading_rows import HistoryRow
from waybill.exports.rows import COLUMNS, facts


class Format(StrEnum):
    """What `waybill history` writes."""

    CSV = "csv"
    JSON = "json"
    GEOJSON = "geojson"
    GPX = "gpx"


def write(rows: Iterable[HistoryRow], vehicle: str, form: Format, out: TextIO) -> int:
    """Writes every row to `out` and gives their number; memory does not grow with it."""
    return _WRITERS[form](rows, vehicle, out)


def _csv(rows: Iterable[HistoryRow], _vehicle: str, out: TextIO) -> int:
    # RFC 4180 wants CRLF; spreadsheets and scripts take LF, and a line of text stays a line of text.
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    count = 0
    for row in rows:
        count += 1
        cells = {**facts(row), "lat": degrees_text(row.lat_e7), "lon": degrees_text(row.lon_e7)}
        lines.writerow([_cell(cells[name]) for name in COLUMNS])
    return count


def _cell(value: object) -> object:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _json(rows: Iterable[HistoryRow], _vehicle: str, out: TextIO) -> int:
    """An array with one object per line; degrees are numbers of 7 decimals, as in CSV."""
    return _lines(rows, out, "[", "]", _json_object)


def _json_object(row: HistoryRow) -> str:
    known = facts(row)
    pairs = [
        f'"{name}":{degrees_text(row.lat_e7) if name == "lat" else degrees_text(row.lon_e7)}'
        if name in ("lat", "lon")
        else f'"{name}":{_text(known[name])}'
        for name in COLUMNS
    ]
    return "{" + ",".join(pairs) + "}"


def _geojson(rows: Iterable[HistoryRow], vehicle: str, out: TextIO) -> int:
    """RFC 7946: a point per fix; `vehicle` is a foreign member of the collection (6.1)."""
    head = f'{{"type":"FeatureCollection","vehicle":{_text(vehicle)},"features":['
    return _lines(rows, out, head, "]}", _feature)


def _feature(row: HistoryRow) -> str:
    place = f"[{degrees_text(row.lon_e7)},{degrees_text(row.lat_e7)}]"
    properties = _text(facts(row))
    return f'{{"type":"Feature","geometry":{{"type":"Point","coordinates":{place}}},"properties":{properties}}}'


def _lines(rows: Iterable[HistoryRow], out: TextIO, head: str, tail: str, line: Callable[[HistoryRow], str]) -> int:
    out.write(head)
    count = 0
    for row in rows:
        out.write((",\n" if count else "\n") + line(row))
        count += 1
    out.write(f"\n{tail}\n")
    return count


def _gpx(rows: Iterable[HistoryRow], vehicle: str, out: TextIO) -> int:
    """GPX 1.1: one track; speed and course, which 1.1 has no place for, stand in an extension of our own."""
    out.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Waybill" xmlns="http://www.topografix.com/GPX/1/1" xmlns:w="urn:waybill:gpx:1">\n'
        f"<trk><name>{escape(vehicle)}</name><trkseg>\n"
    )
    count = 0
    for row in rows:
        count += 1
        out.write(_track_point(row))
    out.write("</trkseg></trk>\n</gpx>\n")
    return count


def _track_point(row: HistoryRow) -> str:
    known = facts(row)
    # In the order that the schema of GPX 1.1 (wptType) demands.
    inner = "" if known["altitude_m"] is None else f"<ele>{known['altitude_m']}</ele>"
    inner += f"<time>{format_instant(row.fixed_at)}</time>"
    inner += "" if row.satellites is None else f"<sat>{row.satellites}</sat>"
    inner += "" if known["hdop"] is None else f"<hdop>{known['hdop']}</hdop>"
    names = ("speed_mps", "course_deg", "accuracy_m", "ignition", "device", "seq", "replayed", "refused_by")
    words = " ".join(f"{name}={quoteattr(str(_cell(known[name])))}" for name in names if known[name] is not None)
    inner += f"<extensions><w:fix {words}/></extensions>"
    return f'<trkpt lat="{degrees_text(row.lat_e7)}" lon="{degrees_text(row.lon_e7)}">{inner}</trkpt>\n'


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


_WRITERS: dict[Format, Callable[[Iterable[HistoryRow], str, TextIO], int]] = {
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.GEOJSON: _geojson,
    Format.GPX: _gpx,
}
