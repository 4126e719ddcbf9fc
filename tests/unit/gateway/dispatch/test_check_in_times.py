"""When a crew's word is due, and where it was not there in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.dispatch.check_in_times import Overdue, due_at, overdue

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("said", "ended", "now", "wanted"),
    [
        ((), None, 30, []),  # at the very time nothing is overdue yet
        ((), None, 31, [Overdue(at(30), None)]),
        ((30, 60), None, 90, []),
        ((29, 60), None, 61, [Overdue(at(59), at(60))]),
        ((95,), None, 100, [Overdue(at(30), at(95))]),
        ((10,), 35, 300, []),
        ((10,), 45, 300, [Overdue(at(40), None, at(45))]),
        ((40, 5, 20), None, 41, []),  # in the order of recording
    ],
)
def test_every_word_that_was_not_there_in_time_is_found(
    said: tuple[int, ...], ended: int | None, now: int, wanted: list[Overdue]
) -> None:
    ended_at = None if ended is None else at(ended)

    assert overdue(NOON, ended_at, [at(one) for one in said], HALF_AN_HOUR, at(now)) == wanted


def test_the_next_word_is_due_an_interval_after_the_last_one_or_after_the_departure() -> None:
    assert due_at(NOON, [], HALF_AN_HOUR) == at(30)
    assert due_at(NOON, [at(40), at(10)], HALF_AN_HOUR) == at(70)
