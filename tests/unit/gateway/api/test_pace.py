"""Everybody has a share of their own, and gets it back in time."""

from __future__ import annotations

from gateway.api import pace as module
from gateway.api.pace import Pace


def test_who_is_too_fast_waits_and_others_do_not() -> None:
    pace = Pace(2, 60.0)

    assert [pace.take("a", 0.0), pace.take("a", 1.0), pace.take("a", 20.5)] == [0, 0, 40]
    assert pace.is_full("a", 20.5)
    assert pace.take("b", 20.5) == 0
    assert pace.take("a", 60.0) == 0


def test_a_refused_request_does_not_prolong_the_wait() -> None:
    pace = Pace(1, 60.0)
    pace.take("a", 0.0)
    for second in range(1, 60):
        assert pace.take("a", float(second)) == 60 - second

    assert not pace.is_full("a", 60.0)


def test_what_is_remembered_is_bounded() -> None:
    pace = Pace(1, 60.0)
    for number in range(module._MOST_KEYS + 10):
        pace.take(str(number), 0.0)

    assert len(pace._used) == module._MOST_KEYS
    assert pace.is_full(str(module._MOST_KEYS + 9), 1.0)
    assert not pace.is_full("0", 1.0)
