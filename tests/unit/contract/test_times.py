"""Instants on the wire: an offset is never guessed, milliseconds are cut and not rounded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contract.times import format_instant, parse_instant, truncate_to_ms


def test_an_instant_is_utc_whatever_its_offset() -> None:
    assert parse_instant("2026-11-23T11:00:00+02:00") == parse_instant("2026-11-23T09:00:00Z")
    assert parse_instant("2026-11-23T11:00:00+02:00").tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-11-23T09:00:00", "2026-11-23", "soon", "", "0001-01-01T00:00:00+14:00"])
def test_a_wrong_time_is_refused_with_its_own_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has no offset|lies outside") as caught:
        parse_instant(text)

    assert repr(text) in str(caught.value)


def test_the_wire_shows_milliseconds_and_never_a_time_that_is_yet_to_come() -> None:
    late = datetime(2026, 11, 23, 9, 0, 0, 999_999, tzinfo=UTC)

    assert format_instant(late) == "2026-11-23T09:00:00.999Z"
    assert truncate_to_ms(late).microsecond == 999_000
