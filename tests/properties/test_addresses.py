"""Laws of comparing addresses: any text is taken apart, and writing it in another way leaves the door what it is."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from gateway.places.learned import middle_of
from gateway.places.normalise import comparable, take_apart

STREETS = ("Mannerheimintie", "Main Street", "Rue de l'Église", "Hauptstraße", "Prinsengracht", "Calle Mayor",
           "St James Road", "Elm Avenue North", "Müllergasse", "Østergade")  # fmt: skip
TOWNS = ("Helsinki", "Springfield", "Sankt Pölten", "Den Haag", "Ålesund")
UNITS = ("", "Apt 4", "#12", "Flat B", "Suite 200", "Whg. 3")
SHORT = {"Street": "St.", "Avenue": "Ave", "Road": "Rd", "straße": "str.", "North": "N"}
numbers = st.builds(lambda n, letter: f"{n}{letter}", st.integers(1, 999), st.sampled_from(("", "a", "B", "c")))
points = st.tuples(st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))


@given(st.text(max_size=200))
def test_any_text_is_taken_apart_the_same_way_whatever_its_case(text: str) -> None:
    parts = take_apart(text)

    assert parts == take_apart(text)
    assert comparable(parts.street) == comparable(comparable(parts.street))
    assert all(word == word.strip() for word in parts.rest)


@given(st.sampled_from(STREETS), numbers, st.sampled_from(TOWNS), st.sampled_from(UNITS), st.data())
def test_the_order_of_parts_case_accents_abbreviations_and_the_unit_are_nothing_to_the_door(
    street: str, number: str, town: str, unit: str, data: st.DataObject
) -> None:
    plain = take_apart(f"{street} {number}, {town}")
    assert plain.number == number.casefold()

    line = data.draw(st.sampled_from((f"{street} {number}", f"{number} {street}")))
    for long, short in SHORT.items():
        if data.draw(st.booleans()):
            line = line.replace(long, short)
    parts = data.draw(st.permutations([part for part in (line, town, unit) if part]))
    text = data.draw(st.sampled_from((", ", ",", " ,\n"))).join(parts)
    text = data.draw(st.sampled_from((str.upper, str.lower, str)))(text)
    if data.draw(st.booleans()):
        text = unicodedata.normalize("NFD", text)

    assert take_apart(text).key == plain.key


@given(st.sampled_from(STREETS), numbers, numbers, st.sampled_from(STREETS))
def test_doors_of_other_streets_or_numbers_are_never_one(street: str, number: str, other: str, street2: str) -> None:
    same = (street, number.casefold()) == (street2, other.casefold())

    assert (take_apart(f"{street} {number}").key == take_apart(f"{street2} {other}").key) == same


@given(st.lists(points, min_size=1, max_size=30))
def test_the_middle_is_a_place_on_earth_and_of_equal_points_the_point_itself(some: list[tuple[int, int]]) -> None:
    middle = middle_of(some)

    assert middle is not None
    assert -900_000_000 <= middle.lat_e7 <= 900_000_000
    assert -1_800_000_000 <= middle.lon_e7 <= 1_800_000_000
    assert middle.spread_m >= 0
    same = middle_of([some[0]] * 3)
    assert same is not None
    assert same.lat_e7 == some[0][0]
    assert (same.lon_e7 - some[0][1]) % 3_600_000_000 == 0
