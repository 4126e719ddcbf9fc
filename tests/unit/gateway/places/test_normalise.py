"""Addresses as people write them: what is the same door, and what is not."""

from __future__ import annotations

import pytest

from gateway.places.normalise import comparable, folded, house_numbers, take_apart

SAME = [
    ("Mannerheimintie 12, Helsinki", "helsinki,  MANNERHEIMINTIE 12", "12 Mannerheimintie, Helsinki"),
    ("Mannerheimintie 12a, 00100 Helsinki", "00100 Helsinki, Mannerheimintie 12 A 5",
     "Mannerheimintie 12 A, 00100 Helsinki"),
    ("Mannerheimintie 12 00100 Helsinki", "Mannerheimintie 12, 00100 Helsinki"),
    ("12 Main Street, Springfield, IL 62701", "12 Main St., Apt 4, Springfield, IL 62701",
     "12 main st #4, springfield il 62701", "12 Main Street Springfield IL 62701"),
    ("12345 Elm Street, Springfield, IL 62701", "62701 Springfield IL, 12345 Elm St"),
    ("10 Downing Street, London SW1A 2AA", "Flat 3, 10 Downing St, London, SW1A 2AA",
     "London SW1A 2AA, 10 Downing St."),
    ("350 5th Ave, New York", "350 Fifth Avenue, Suite 200, New York", "350 Fifth Ave., 2nd floor, New York"),
    ("1234 NE 5th Avenue, Portland", "1234 Northeast Fifth Ave, Portland"),
    ("Müllerstraße 3b, Berlin", "Muellerstr. 3 B, Berlin", "Berlin, MULLERSTRASSE 3B", "Müllerstr. 3b, 2. OG, Berlin"),
    ("Stephansplatz 1/3, 1010 Wien", "1010 Wien, Stephansplatz 1/3"),
    ("Prinsengracht 1023, 1015 KN Amsterdam", "Prinsengracht 1023 ,Amsterdam 1015 KN"),
    ("Via Roma, 5, Milano", "Via Roma 5, Milano", "Milano, via roma 5"),
    ("5, rue de l'Église, Paris", "5 r. de l'Eglise, Paris", "Rue de l-Église 5, Paris"),
    ("12-14 High Street", "High St 12–14"),
    ("Østergade 5, København", "ostergade 5, Kobenhavn"),
    ("Avenida Brasil 7, Lisboa", "Av. Brasil 7, Lisboa"),
    ("Mannerheimintie 12\nHelsinki", "Mannerheimintie 12; Helsinki"),
]  # fmt: skip
OTHERS = [
    ("Main Street 5", "Main Street 6"),
    ("Main Street 5", "Main Street 5a"),
    ("Main Street 5, Oberdorf", "Main Street 5, Unterdorf"),
    ("Main Street 5", "Main Road 5"),
    ("Main Street North 5", "Main Street South 5"),
    ("Main Street 5", "Maine Street 5"),
    ("5th Avenue 12", "6th Avenue 12"),
    ("Calle 5 7", "Calle 7 5"),
]


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_one_door_has_one_key(texts: tuple[str, ...]) -> None:
    assert len({take_apart(text).key for text in texts}) == 1, [take_apart(text).key for text in texts]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_doors_have_other_keys(one: str, other: str) -> None:
    assert take_apart(one).key != take_apart(other).key


@pytest.mark.parametrize(
    ("text", "street", "number", "unit"),
    [
        ("Mannerheimintie 12 A 5", "mannerheimintie", "12a", "5"),
        ("12 Main St Apt 4B", "main st", "12", "4b"),
        ("St James Street 4", "st james st", "4", None),
        ("5th Avenue 350", "5th av", "350", None),
        ("Calle 5 7", "cl 5", "7", None),
        ("Market Square, Helsinki", "market sq", None, None),
        ("Mannerheimintie", "mannerheimintie", None, None),
        ("", "", None, None),
        (" ,;, ", "", None, None),
    ],
)
def test_the_parts_of_an_address(text: str, street: str, number: str | None, unit: str | None) -> None:
    parts = take_apart(text)

    assert (parts.street, parts.number, parts.unit) == (street, number, unit)


def test_nearly_the_same_numbers() -> None:
    assert house_numbers("12a") == ("12a", "12")
    assert house_numbers("12-14") == ("12-14", "12")
    assert house_numbers("1/3") == ("1/3", "1")
    assert house_numbers("12") == ("12",)
    assert house_numbers("") == ("",)


def test_folding() -> None:
    assert folded("  ÅNGSTRÖM-Straße ") == "angstrom strasse"
    assert comparable("Hauptstraße") == comparable("HAUPTSTRASSE") == comparable("Hauptstr.")
