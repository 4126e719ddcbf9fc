"""Lateness by cause: each cause by itself, and parts that add up whatever happened."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dispatch.estimate import POLICY
from gateway.eta.causes import Lateness, Stand, lateness
from tests.fixtures.gateway import NOON

MINUTE = timedelta(minutes=1)
USUAL = POLICY.at_door_s / 60  # minutes at a door


def at(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


def stand(seq: int, planned: float, came: float | None, left: float | None = None, *, ready: float = -10,
          handed: float | None = None) -> Stand:  # fmt: skip
    return Stand(seq, at(planned), at(ready), None if came is None else at(came), None if left is None else at(left),
                 None if handed is None else at(handed))  # fmt: skip


# Planned: away at 0, at the first door at 10, at the second at 25 (five minutes at the door, ten of way).
def second(first: Stand, own: Stand, departed: float = 0, stops: tuple[tuple[float, float], ...] = ()) -> Lateness:
    pauses = [(at(since), at(to)) for since, to in stops]
    found = lateness(NOON, at(departed), [first, own], pauses, 2)
    assert found is not None
    return found


ON_TIME = stand(1, 10, 10, 10 + USUAL)


def parts(found: Lateness) -> dict[str, float]:
    return {
        name: round(getattr(found, name) / 60, 3)
        for name in Lateness.__struct_fields__
        if name != "whole_s" and abs(getattr(found, name)) > 0.5
    }


def test_in_time_there_is_nothing_to_explain() -> None:
    found = second(ON_TIME, stand(2, 25, 25, 30, handed=25 + USUAL))

    assert (found.whole_s, parts(found)) == (0.0, {})


@pytest.mark.parametrize(
    ("found", "cause", "minutes"),
    [
        (second(stand(1, 10, 15, 20), stand(2, 25, 30), departed=5), "departed_late_s", 5),
        (second(stand(1, 10, 15, 20), stand(2, 25, 30, ready=5), departed=5), "ready_late_s", 5),
        (second(stand(1, 10, 10, 22), stand(2, 25, 32)), "earlier_drops_s", 7),
        (second(ON_TIME, stand(2, 25, 33), stops=((17, 25),)), "unplanned_stops_s", 8),
        (second(ON_TIME, stand(2, 25, 36)), "slow_road_s", 11),
        (second(ON_TIME, stand(2, 25, 25, 45, handed=25 + USUAL + 9)), "waiting_at_door_s", 9),
    ],
)
def test_each_cause_by_itself_is_all_of_it(found: Lateness, cause: str, minutes: float) -> None:
    assert parts(found) == {cause: minutes}
    assert found.whole_s == pytest.approx(minutes * 60)


def test_goods_that_were_late_explain_no_more_than_the_departure() -> None:
    found = second(stand(1, 10, 15, 20), stand(2, 25, 30, ready=90), departed=5)

    assert parts(found) == {"ready_late_s": 5}


def test_a_stop_at_a_door_is_the_doors_and_not_a_stop_of_its_own() -> None:
    found = second(stand(1, 10, 10, 22), stand(2, 25, 32), stops=((9.5, 21), (14, 30)))

    assert parts(found) == {"earlier_drops_s": 7, "unplanned_stops_s": 8.5, "slow_road_s": -8.5}


def test_who_was_not_there_has_no_lateness_yet() -> None:
    assert lateness(NOON, NOON, [ON_TIME, stand(2, 25, None)], [], 2) is None


_MINUTES = st.floats(0, 300, allow_nan=False).map(lambda one: round(one, 2))

_MAYBE = st.none() | _MINUTES


@given(
    st.lists(st.tuples(_MINUTES, _MINUTES, _MAYBE, _MAYBE, _MINUTES), min_size=1, max_size=7),
    st.lists(st.tuples(_MINUTES, _MINUTES), max_size=5), st.floats(-60, 120, allow_nan=False), st.data(),
)  # fmt: skip
def test_the_parts_add_up_to_the_whole_whatever_happened(
    doors: list[tuple[float, float, float | None, float | None, float]], stops: list[tuple[float, float]],
    departed: float, data: st.DataObject,
) -> None:  # fmt: skip
    """Doors out of sequence, visits that overlap, stops within visits, times that contradict one another."""
    stands = [
        stand(seq, planned, came, None if stays is None else came + stays, ready=ready,
              handed=None if handed is None else came + handed)
        for seq, (planned, came, stays, handed, ready) in enumerate(doors)
    ]  # fmt: skip
    pauses = [(at(since), at(since + lasts)) for since, lasts in stops]
    seq = data.draw(st.integers(0, len(stands) - 1))

    found = lateness(NOON, at(departed), stands, pauses, seq)

    assert found is not None
    causes = [getattr(found, name) for name in Lateness.__struct_fields__ if name != "whole_s"]
    assert sum(causes) == pytest.approx(found.whole_s, abs=1e-6)
    assert found.ready_late_s >= 0
    assert found.unplanned_stops_s >= 0
