"""The address index: what people type finds the house, the street, or nothing; and the right town's house."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.places.index import AddressIndex, Extent, Found, open_index, version_of, write_index
from gateway.places.normalise import take_apart

DOORS = {
    ("Rue de l'Église", "3", ""): (437_000_000, 74_000_000),
    ("Rue de l'Église", "3 bis", ""): (437_000_100, 74_000_100),
    ("Mannerheimintie", "12A", ""): (601_700_000, 249_300_000),
    ("Calle 5", "7", ""): (1_000, 2_000),
    ("Hauptstraße", "5", "Oberdorf"): (500_000_000, 100_000_000),
    ("Hauptstraße", "5", "Unterdorf"): (501_000_000, 101_000_000),
}
STREETS = {"Rue de l'Église": (437_000_050, 74_000_050), "Rue Haute": (437_100_000, 74_100_000), "": (0, 0)}


@pytest.fixture
def index(tmp_path: Path) -> AddressIndex:
    assert write_index(tmp_path / "addresses.sqlite", DOORS, STREETS, "© somebody") == (5, 6)
    found = open_index(tmp_path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("typed", "street", "number"),
    [
        ("rue de l'eglise 3", "Rue de l'Église", "3"),
        ("Rue de l-Église, 3bis", "Rue de l'Église", "3bis"),
        ("mannerheimintie 12 a", "Mannerheimintie", "12a"),
        ("12a Mannerheimintie", "Mannerheimintie", "12a"),
        ("Helsinki, Mannerheimintie 12 A 5", "Mannerheimintie", "12a"),
        ("Rue Haute", "Rue Haute", None),
        ("rue haute 99", "Rue Haute", None),
        ("r. haute 99", "Rue Haute", None),
        ("eglise 3", "Rue de l'Église", "3"),
        ("mannerh", "Mannerheimintie", None),
        ("calle 5 7", "Calle 5", "7"),
        ("Calle 5", "Calle 5", None),
    ],
)
def test_address_is_found_as_people_type_it(index: AddressIndex, typed: str, street: str, number: str | None) -> None:
    best = index.search(typed)[0]

    assert (best.street, best.number) == (street, number)


def test_house_has_its_own_place_and_a_street_its_middle(index: AddressIndex) -> None:
    assert index.search("rue de l'eglise 3bis") == [Found("Rue de l'Église", "3bis", 437_000_100, 74_000_100)]
    assert index.search("rue de l'eglise 4") == [Found("Rue de l'Église", None, 437_000_050, 74_000_050)]


@pytest.mark.parametrize("typed", ["Nowhere 1", "*", "", "?", "[a-z]", "'; DROP TABLE street; --"])
def test_what_is_not_there_is_nothing(index: AddressIndex, typed: str) -> None:
    assert index.search(typed) == []


@pytest.mark.parametrize(
    ("typed", "towns"),
    [
        ("Hauptstr. 5, Oberdorf", ["Oberdorf"]),
        ("5 Hauptstrasse, 12345 Unterdorf", ["Unterdorf"]),
        ("Hauptstraße 5", ["Oberdorf", "Unterdorf"]),
        ("Hauptstraße 5, Anderswo", []),
    ],
)
def test_the_town_tells_streets_of_one_name_apart(index: AddressIndex, typed: str, towns: list[str]) -> None:
    assert [house.town for house in index.houses(take_apart(typed))] == towns


def test_the_houses_of_other_towns_can_be_named(index: AddressIndex) -> None:
    assert {house.town for house in index.elsewhere(take_apart("Hauptstraße 5, Anderswo"))} == {"Oberdorf", "Unterdorf"}


def test_a_letter_or_range_that_the_map_lacks_leads_to_the_house_of_that_number(index: AddressIndex) -> None:
    assert [one.number for one in index.houses(take_apart("Rue de l'Église 3c"))] == ["3"]
    assert [one.number for one in index.houses(take_apart("Rue de l'Église 3-5"))] == ["3"]
    assert index.houses(take_apart("Rue de l'Église 33")) == []


def test_a_map_made_before_towns_were_kept_still_works(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "addresses.sqlite")) as file, file:
        file.executescript(
            "CREATE TABLE street (id INTEGER PRIMARY KEY, name TEXT, folded TEXT, lat_e7 INTEGER, lon_e7 INTEGER);"
            "CREATE TABLE address (street_id INTEGER, number TEXT, lat_e7 INTEGER, lon_e7 INTEGER);"
            "INSERT INTO street VALUES (1, 'High Street', 'high street', 10, 20);"
            "INSERT INTO address VALUES (1, '5', 11, 21);"
        )
    index = open_index(tmp_path)

    assert index is not None
    assert index.houses(take_apart("5 High St, London")) == [Found("High Street", "5", 11, 21)]
    assert index.extent == Extent(10, 11, 20, 21)


def test_a_folder_without_an_index_has_none(tmp_path: Path) -> None:
    assert open_index(tmp_path) is None
    assert version_of(tmp_path) is None


def test_same_doors_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        doors = dict(reversed(DOORS.items())) if name == "b" else DOORS
        write_index(tmp_path / name, doors, STREETS, "")

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
