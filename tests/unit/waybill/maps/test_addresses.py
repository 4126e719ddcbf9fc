"""The address index: what people type finds the house, the street, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from waybill.maps.addresses import Found, find_address, folded, write_addresses

DOORS = {
    ("Rue de l'Église", "3"): (437_000_000, 74_000_000),
    ("Rue de l'Église", "3 bis"): (437_000_100, 74_000_100),
    ("Mannerheimintie", "12A"): (601_700_000, 249_300_000),
    ("Calle 5", "7"): (1_000, 2_000),
}
STREETS = {"Rue de l'Église": (437_000_050, 74_000_050), "Rue Haute": (437_100_000, 74_100_000), "": (0, 0)}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "addresses.sqlite"
    assert write_addresses(path, DOORS, STREETS) == (4, 4)
    return path


@pytest.mark.parametrize(
    ("typed", "street", "number"),
    [
        ("rue de l'eglise 3", "Rue de l'Église", "3"),
        ("Rue de l-Église, 3bis", "Rue de l'Église", "3bis"),
        ("mannerheimintie 12 a", "Mannerheimintie", "12a"),
        ("12a Mannerheimintie", "Mannerheimintie", "12a"),
        ("Rue Haute", "Rue Haute", None),
        ("rue haute 99", "Rue Haute", None),
        ("eglise 3", "Rue de l'Église", "3"),
        ("mannerh", "Mannerheimintie", None),
    ],
)
def test_address_is_found_as_people_type_it(index: Path, typed: str, street: str, number: str | None) -> None:
    best = find_address(index, typed)[0]

    assert (best.street, best.number) == (street, number)


def test_house_has_its_own_place_and_a_street_its_middle(index: Path) -> None:
    assert find_address(index, "rue de l'eglise 3bis") == [Found("Rue de l'Église", "3bis", 437_000_100, 74_000_100)]
    assert find_address(index, "rue de l'eglise 4") == [Found("Rue de l'Église", None, 437_000_050, 74_000_050)]


def test_what_is_not_there_is_nothing(index: Path) -> None:
    assert find_address(index, "Nowhere 1") == []
    assert find_address(index, "*") == []
    assert find_address(index, "") == []


def test_street_whose_name_ends_in_a_number_is_found(index: Path) -> None:
    assert find_address(index, "calle 5 7")[0] == Found("Calle 5", "7", 1_000, 2_000)
    assert find_address(index, "Calle 5")[0].street == "Calle 5"


def test_same_doors_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_addresses(tmp_path / name, dict(reversed(DOORS.items())) if name == "b" else DOORS, STREETS)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_folding() -> None:
    assert folded("  ÅNGSTRÖM-Straße ") == "angstrom strasse"
