"""The address index of a map: how it is stored, and what it knows of an address. Knows no order."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from gateway.places.normalise import Address, comparable, folded, house_numbers, plain_number, take_apart, words

Point = tuple[int, int]  # lat, lon in 1e-7 degree
Door = tuple[str, str, str]  # street, house number, town ("" when the map does not say)

FILE = "addresses.sqlite"
_MARGIN_E7 = 50_000  # 500 m: a map does not end at its last house
_DEMO_FILE = "addresses.json"  # what the demo's map has in its place
_SCHEMA = """
CREATE TABLE about (attribution TEXT NOT NULL);
CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL,
                     lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL);
CREATE TABLE address (street_id INTEGER NOT NULL REFERENCES street, number TEXT NOT NULL,
                      lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL, town TEXT NOT NULL,
                      PRIMARY KEY (street_id, number, town)) WITHOUT ROWID;
CREATE INDEX street_folded ON street (folded);
"""


class Found(msgspec.Struct, frozen=True):
    """A place by its address; number is None when the street is known and the house is not."""

    street: str
    number: str | None
    lat_e7: int
    lon_e7: int
    town: str = ""

    @property
    def label(self) -> str:
        line = self.street if self.number is None else f"{self.street} {self.number}"
        return f"{line}, {self.town}" if self.town else line


class Extent(msgspec.Struct, frozen=True):
    """What the index covers, in 1e-7 degree."""

    south: int
    north: int
    west: int
    east: int

    def holds(self, lat_e7: int, lon_e7: int) -> bool:
        """Whether a point is on the map, or hardly beside its outermost houses."""
        is_between = self.south - _MARGIN_E7 <= lat_e7 <= self.north + _MARGIN_E7
        return is_between and self.west - _MARGIN_E7 <= lon_e7 <= self.east + _MARGIN_E7


class AddressIndex:
    """One map's addresses. Names of streets are kept in memory, houses are read when they are asked for."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._lock = threading.Lock()
        # Maps of before had no towns.
        columns = {row[1] for row in file.execute("PRAGMA table_info(address)")}
        self._town = "town" if "town" in columns else "''"
        self._streets: defaultdict[str, list[tuple[int, str, int, int]]] = defaultdict(list)
        for row in file.execute("SELECT id, name, lat_e7, lon_e7 FROM street ORDER BY name"):
            self._streets[comparable(row[1])].append(row)
        self.extent = _extent(file)

    def houses(self, address: Address) -> list[Found]:
        """The houses with this street and number, or nearly this number; those of another town are left out."""
        for number in house_numbers(address.number or ""):
            found = [house for house in self._houses(address.street, number) if _same_town(house.town, address.rest)]
            if found:
                # A house whose town is named is surer than one of which the map does not say where it is.
                named = [house for house in found if house.town and address.rest]
                return named or found
        return []

    def elsewhere(self, address: Address) -> list[Found]:
        """Houses with this street and number in a town that the address does not name."""
        found = self._houses(address.street, address.number or "")
        return [house for house in found if not _same_town(house.town, address.rest)]

    def streets(self, address: Address) -> list[Found]:
        """The streets of this name; none with another town's house only is told apart."""
        return [Found(name, None, lat_e7, lon_e7) for _, name, lat_e7, lon_e7 in self._streets.get(address.street, ())]

    def search(self, text: str, limit: int = 8) -> list[Found]:
        """Places that the words may mean, best first: the house, else its street, else streets with such words."""
        address = take_apart(text)
        exact = self.houses(address) if address.number else []
        streets = [] if exact else self.streets(address)
        with self._lock:
            like = self._file.execute(
                "SELECT id, name, lat_e7, lon_e7 FROM street WHERE folded = ?1 OR folded GLOB ?2 OR folded GLOB ?3"
                " ORDER BY folded <> ?1, NOT folded GLOB ?2, length(folded), folded, name LIMIT ?4",
                (folded(_words_of_street(text)), *_patterns(_words_of_street(text)), limit),
            ).fetchall()
        more = [self._best(row, address.number) for row in like]
        found = {(one.street, one.number, one.town): one for one in [*exact, *streets, *more]}
        numbered = {one.street for one in found.values() if one.number is not None}
        return [one for one in found.values() if one.number is not None or one.street not in numbered][:limit]

    def _best(self, street: tuple[int, str, int, int], number: str | None) -> Found:
        id_, name, lat_e7, lon_e7 = street
        houses = self._rows(id_, name, number) if number else []
        return houses[0] if houses else Found(name, None, lat_e7, lon_e7)

    def _houses(self, street: str, number: str) -> list[Found]:
        return [house for id_, name, *_ in self._streets.get(street, ()) for house in self._rows(id_, name, number)]

    def _rows(self, street_id: int, name: str, number: str) -> list[Found]:
        statement = f"SELECT lat_e7, lon_e7, {self._town} FROM address WHERE street_id = ? AND number = ?"  # noqa: S608
        with self._lock:
            rows = self._file.execute(statement, (street_id, number)).fetchall()
        return [Found(name, number, lat_e7, lon_e7, town) for lat_e7, lon_e7, town in rows]


def open_index(map_dir: Path) -> AddressIndex | None:
    """The index of the map in this folder; None when it has none."""
    if (map_dir / FILE).is_file():
        file = sqlite3.connect(f"file:{map_dir / FILE}?mode=ro", uri=True, check_same_thread=False)
        return AddressIndex(file)
    if not (map_dir / _DEMO_FILE).is_file():
        return None
    file = sqlite3.connect(":memory:", check_same_thread=False)
    rows = json.loads((map_dir / _DEMO_FILE).read_bytes())["addresses"]
    doors = {(row["street"], row["number"], ""): (round(row["lat"] * 1e7), round(row["lon"] * 1e7)) for row in rows}
    fill(file, doors, {}, "")
    return AddressIndex(file)


def version_of(map_dir: Path) -> float | None:
    """Another one whenever the folder's index is another; None: there is none."""
    for name in (FILE, _DEMO_FILE):
        try:
            return (map_dir / name).stat().st_mtime
        except OSError:
            continue
    return None


def write_index(
    path: Path, doors: Mapping[Door, Point], streets: Mapping[str, Point], attribution: str
) -> tuple[int, int]:
    """How many streets and house numbers were written. Streets without a house are in it too."""
    with closing(sqlite3.connect(path)) as file, file:
        return fill(file, doors, streets, attribution)


def fill(
    file: sqlite3.Connection, doors: Mapping[Door, Point], streets: Mapping[str, Point], attribution: str
) -> tuple[int, int]:
    """Makes and fills the tables of an index."""
    houses: defaultdict[str, list[tuple[str, str, Point]]] = defaultdict(list)
    for (street, number, town), place in doors.items():
        houses[street].append((number, town, place))
    names = sorted({*houses, *(name for name in streets if name)})
    file.executescript(_SCHEMA)
    file.execute("INSERT INTO about VALUES (?)", (attribution,))
    for id_, name in enumerate(names, 1):
        middle = streets.get(name) or _middle(place for *_, place in houses[name])
        file.execute("INSERT INTO street VALUES (?, ?, ?, ?, ?)", (id_, name, folded(name), *middle))
    rows = [(id_, *row) for id_, name in enumerate(names, 1) for row in _unique(houses[name])]
    file.executemany("INSERT INTO address VALUES (?, ?, ?, ?, ?)", rows)
    return len(names), len(rows)


def _unique(houses: Iterable[tuple[str, str, Point]]) -> Iterator[tuple[str, int, int, str]]:
    unique = {(plain_number(number), town): place for number, town, place in sorted(houses, reverse=True)}
    return ((number, *place, town) for (number, town), place in sorted(unique.items()))


def _same_town(town: str, rest: tuple[str, ...]) -> bool:
    """Whether a house of this town may be meant: one of the two does not say, or the address has the town's words."""
    return not town or not rest or set(words(town)) <= set(rest)


def _words_of_street(text: str) -> str:
    """What is searched for as the beginning of a name: the first part without its house number."""
    part = text.split(",", maxsplit=1)[0].strip()
    names = part.split()
    if len(names) > 1 and names[-1][0].isdigit():
        return " ".join(names[:-1])
    return " ".join(names[1:]) if len(names) > 1 and names[0][0].isdigit() else part


def _patterns(street: str) -> tuple[str, str]:
    """For names that go on like this; folded text holds none of GLOB's own signs."""
    plain = folded(street)
    return (f"{plain}*", f"* {plain}*") if plain else ("", "")


def _middle(places: Iterable[Point]) -> Point:
    """The house in the middle, which, unlike a mean, is on the street."""
    ordered = sorted(places)
    return ordered[len(ordered) // 2]


def _extent(file: sqlite3.Connection) -> Extent | None:
    row = file.execute(
        "SELECT min(lat_e7), max(lat_e7), min(lon_e7), max(lon_e7)"
        " FROM (SELECT lat_e7, lon_e7 FROM street UNION ALL SELECT lat_e7, lon_e7 FROM address)"
    ).fetchone()
    return None if row[0] is None else Extent(*row)
