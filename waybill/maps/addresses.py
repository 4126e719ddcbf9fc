"""House numbers and streets of a map in one SQLite file, and the search in it. Knows no orders."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from waybill.maps.geometry import Point
from waybill.maps.notice import ATTRIBUTION

_SCHEMA = """
CREATE TABLE about (attribution TEXT NOT NULL);
CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL,
                     lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL);
CREATE TABLE address (street_id INTEGER NOT NULL REFERENCES street, number TEXT NOT NULL,
                      lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL, PRIMARY KEY (street_id, number)) WITHOUT ROWID;
CREATE INDEX street_folded ON street (folded);
"""
_NUMBERED = re.compile(r"^(?P<street>.*?)[\s,]+(?P<number>\d+\s?[^\W\d_]{0,3}(?:[-/]\d+\s?[^\W\d_]?)?)$")
_NUMBER_FIRST = re.compile(r"^(?P<number>\d+[^\W\d_]{0,3})[\s,]+(?P<street>\D.*)$")


@dataclass(frozen=True, slots=True)
class Found:
    """A place by its address; number is None when the street is known and the house is not."""

    street: str
    number: str | None
    lat_e7: int
    lon_e7: int


def write_addresses(path: Path, doors: dict[tuple[str, str], Point], streets: dict[str, Point]) -> tuple[int, int]:
    """How many streets and house numbers were written. Streets without a house are in it too."""
    houses: defaultdict[str, list[tuple[str, Point]]] = defaultdict(list)
    for (street, number), place in doors.items():
        houses[street].append((number, place))
    names = sorted({*houses, *(name for name in streets if name)})
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(_SCHEMA)
        file.execute("INSERT INTO about VALUES (?)", (ATTRIBUTION,))
        for id_, name in enumerate(names, 1):
            middle = streets.get(name) or _middle(place for _, place in houses[name])
            file.execute("INSERT INTO street VALUES (?, ?, ?, ?, ?)", (id_, name, folded(name), *middle))
        rows = [(id_, *row) for id_, name in enumerate(names, 1) for row in _rows(houses[name])]
        file.executemany("INSERT INTO address VALUES (?, ?, ?, ?)", rows)
    return len(names), len(rows)


def find_address(path: Path, text: str, limit: int = 8) -> list[Found]:
    """Places that the words may mean, best first: the house, else its street, else streets with such words."""
    found = _NUMBERED.match(text.strip()) or _NUMBER_FIRST.match(text.strip())
    street, number = (found["street"], _number(found["number"])) if found else (text.strip(), None)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        rows = file.execute(
            "SELECT id, name, lat_e7, lon_e7 FROM street WHERE folded = ?1 OR folded GLOB ?2 OR folded GLOB ?3"
            " ORDER BY folded <> ?1, NOT folded GLOB ?2, length(folded), folded, name LIMIT ?4",
            (folded(street), _pattern("", street), _pattern("* ", street), limit),
        ).fetchall()
        return [_best(file, row, number) for row in rows]


def folded(text: str) -> str:
    """Without accents, case and punctuation, so that `Rue de l'Eglise` finds `Rue de l'Église`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain).split())


def _best(file: sqlite3.Connection, street: tuple[int, str, int, int], number: str | None) -> Found:
    id_, name, lat_e7, lon_e7 = street
    house = file.execute(
        "SELECT number, lat_e7, lon_e7 FROM address WHERE street_id = ? AND number = ?", (id_, number or "")
    ).fetchone()
    return Found(name, None, lat_e7, lon_e7) if house is None else Found(name, *house)


def _rows(houses: Iterable[tuple[str, Point]]) -> Iterator[tuple[str, int, int]]:
    unique = {_number(number): place for number, place in sorted(houses, reverse=True)}
    return ((number, *place) for number, place in sorted(unique.items()))


def _number(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()


def _pattern(before: str, street: str) -> str:
    """For names that go on like this; folded text holds none of GLOB's own signs."""
    return f"{before}{folded(street)}*" if folded(street) else ""


def _middle(places: Iterable[Point]) -> Point:
    """The house in the middle, which, unlike a mean, is on the street."""
    ordered = sorted(places)
    return ordered[len(ordered) // 2]
