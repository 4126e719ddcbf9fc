"""How times and words read. Needs no database."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from contract.milestones import Milestone
from contract.reasons import FailureReason
from dashboard import wording
from tests.fixtures.examples import HELSINKI, MINUTE, NOON


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min"),
     (86_400, "1 d 0 h"), (-5, "0 s")],
)  # fmt: skip
def test_span(seconds: float, words: str) -> None:
    assert wording.span(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(None, "never"), (0.4, "now"), (2, "2 s ago"), (240, "4 min ago")])
def test_age(seconds: float | None, words: str) -> None:
    assert wording.age(seconds) == words


def test_every_time_has_its_zone_and_other_days_their_date() -> None:
    assert wording.time_of_day(NOON, HELSINKI, NOON) == "14:00 EET"
    assert wording.time_of_day(NOON - timedelta(days=1), HELSINKI, NOON) == "Sun 22 Nov, 14:00 EET"
    assert wording.time_of_day(NOON, ZoneInfo("America/Sao_Paulo"), NOON) == "09:00 -03"
    assert wording.moment(NOON, HELSINKI, NOON) == "14:00:00 EET"
    assert wording.moment(NOON - timedelta(days=1), HELSINKI, NOON) == "Sun 22 Nov, 14:00:00 EET"


def test_the_day_is_the_premises_day() -> None:
    late_evening = NOON.replace(hour=22, minute=30)  # half past midnight in Helsinki

    assert wording.time_of_day(late_evening, HELSINKI, NOON) == "Tue 24 Nov, 00:30 EET"


def test_window() -> None:
    assert wording.window(NOON, NOON + 90 * MINUTE, HELSINKI, NOON) == "14:00–15:30 EET"


def test_speed_and_money() -> None:
    assert wording.speed(10.0) == "36 km/h"
    assert wording.speed(None) == ""
    assert wording.money(123450, "EUR") == "1,234.50 EUR"
    assert wording.money(None, "EUR") == ""
    assert wording.money(123450, None) == "1,234.50"
    assert (wording.money(4590, "JPY"), wording.money(4590, "KWD")) == ("4,590 JPY", "4.590 KWD")


def test_every_milestone_and_reason_has_words() -> None:
    assert set(wording.MILESTONE_WORDS) == set(Milestone)
    assert set(wording.REASON_WORDS) == set(FailureReason)
    assert wording.milestone_words("from_a_newer_version") == "from_a_newer_version"
