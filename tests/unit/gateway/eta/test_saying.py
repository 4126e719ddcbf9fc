"""What is said anew and what is not: no jitter, one alarm per episode."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from gateway.eta.saying import risks_begun, risks_over, say
from gateway.eta.situation import Outcome
from gateway.eta.spread import Outlook
from storage.eta import DropToForecast, Forecast, OpenEpisode, TripToForecast
from tests.fixtures.gateway import NOON

MINUTE = timedelta(minutes=1)
ORDER, TRIP = UUID(int=1), UUID(int=2)
WINDOW_TO = NOON + 60 * MINUTE


def outcome(minutes: float = 30, *, risk: float = 0.1, before: int = 0, trip: UUID = TRIP, wide: float = 8) -> Outcome:
    drop = DropToForecast(
        trip, ORDER, 1, "1001", "pos", "70041", 601709000, 249432000, NOON, WINDOW_TO, "out_for_delivery",
        None, None,
    )  # fmt: skip
    van = TripToForecast(
        trip, UUID(int=4), UUID(int=5), "T-0001", NOON, NOON, None, None, "Europe/Helsinki", None, None, None, None,
        None,
    )  # fmt: skip
    at = NOON + minutes * MINUTE
    return Outcome(drop, van, Outlook(at, 60.0, at, at + wide * MINUTE, risk), "street", NOON, before)


def first(minutes: float = 30, **more: float) -> Forecast:
    said = say(outcome(minutes, **more), None, NOON)  # type: ignore[arg-type]
    assert said.cause == "first"
    assert not said.tells
    return said.forecast


def test_a_change_that_nobody_minds_is_not_said() -> None:
    before = first()

    said = say(outcome(31.5), before, NOON + timedelta(seconds=5))

    assert said.cause is None
    assert said.forecast is before


def test_a_forecast_that_stands_is_noted_as_still_right_now_and_then() -> None:
    before = first()

    said = say(outcome(), before, NOON + MINUTE)

    assert said.cause is None
    assert (said.forecast.computed_at, said.forecast.published_at) == (NOON + MINUTE, NOON)


@pytest.mark.parametrize(
    ("now", "cause"),
    [
        (outcome(33), "later"),
        (outcome(27), "earlier"),
        (outcome(before=1), "drops"),
        (outcome(trip=UUID(int=9)), "plan"),
        (outcome(risk=0.5), "risk"),
        (outcome(wide=14), "spread"),
    ],
)
def test_what_matters_is_said(now: Outcome, cause: str) -> None:
    said = say(now, first(), NOON + timedelta(seconds=5))

    assert said.cause == cause
    assert said.forecast.p50_at == now.outlook.p50_at


def test_far_ahead_more_is_needed_to_matter() -> None:
    assert say(outcome(63), first(60), NOON).cause is None
    assert say(outcome(65), first(60), NOON).cause == "later"


def test_what_has_passed_is_said_again_once_a_minute() -> None:
    before = first(minutes=1)
    later = NOON + 2 * MINUTE

    said = say(outcome(2), before, later)
    again = say(outcome(2.2), said.forecast, later + timedelta(seconds=15))

    assert said.cause == "later"
    assert again.cause is None


def test_others_are_told_when_it_adds_up_to_ten_minutes() -> None:
    forecast = first()
    told = []
    for minutes in (34, 38, 42, 46):
        said = say(outcome(minutes), forecast, NOON)
        forecast = said.forecast
        told.append(said.tells)

    assert told == [False, False, True, False]


def episode(kind: str = "at_risk", arrived: datetime | None = None) -> OpenEpisode:
    return OpenEpisode(
        UUID(int=7), UUID(int=4), ORDER, "1001", "pos", "70041", TRIP, kind, NOON, 0.6, NOON + 62 * MINUTE, WINDOW_TO,
        "arrived" if arrived else "out_for_delivery", arrived,
    )  # fmt: skip


def test_a_risk_is_raised_once() -> None:
    risky = outcome(62, risk=0.6)

    assert [one.kind for one in risks_begun([risky], [], NOON)] == ["at_risk"]
    assert risks_begun([risky], [episode()], NOON) == []
    assert risks_begun([outcome()], [], NOON) == []


def test_after_the_window_it_is_late_whatever_was_raised_before() -> None:
    late = WINDOW_TO + MINUTE

    assert [one.kind for one in risks_begun([outcome(62, risk=1.0)], [episode()], late)] == ["late"]
    (over,) = risks_over([episode()], {ORDER: outcome(62, risk=1.0)}, late)
    assert (over.how, over.at) == ("late", late)


def test_a_window_that_ended_long_before_it_was_first_seen_is_history() -> None:
    much_later = WINDOW_TO + 31 * MINUTE

    assert risks_begun([outcome(120, risk=1.0)], [], much_later) == []
    assert [one.kind for one in risks_begun([outcome(120, risk=1.0)], [episode()], much_later)] == ["late"]


@pytest.mark.parametrize(
    ("held", "now", "how"),
    [
        (episode(), outcome(risk=0.4), None),
        (episode(), outcome(risk=0.2), "recovered"),
        (episode(), None, "over"),
        (episode("late"), outcome(risk=0.9), "recovered"),
        (episode(arrived=NOON + 50 * MINUTE), None, "arrived"),
    ],
)
def test_a_risk_ends_in_one_of_four_ways(held: OpenEpisode, now: Outcome | None, how: str | None) -> None:
    over = risks_over([held], {} if now is None else {ORDER: now}, NOON + 55 * MINUTE)

    assert [one.how for one in over] == ([] if how is None else [how])


def test_an_arrival_ends_a_risk_when_it_was_not_when_it_is_seen() -> None:
    (over,) = risks_over([episode(arrived=NOON + 50 * MINUTE)], {}, NOON + 55 * MINUTE)

    assert over.at == NOON + 50 * MINUTE
