"""The sentence that support reads out, for every milestone. Needs no database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contract.milestones import Milestone
from dashboard.sentence import sentence
from storage.reading_rows import MilestoneRow, OrderDetailRow
from tests.fixtures.examples import HELSINKI, MINUTE, NOON, forecast_row, milestone_row, on_trip, order_row

PROMISE = "It is promised for 14:00–15:00 EET"


def said(order: OrderDetailRow, *milestones: MilestoneRow, now: Any = NOON) -> str:
    return sentence(order, list(milestones), HELSINKI, now)


@pytest.mark.parametrize(
    ("milestone", "words"),
    [
        ("received", "has been received and waits to be accepted"),
        ("accepted", "has been accepted"),
        ("preparing", "is being prepared"),
        ("ready", "is ready and waits for a trip"),
    ],
)
def test_before_a_trip_it_says_what_is_done_in_the_store(milestone: str, words: str) -> None:
    assert said(order_row(milestone=milestone)) == f"Order 1042 for Elina Salo {words}. {PROMISE}."


def test_planned_names_drop_trip_and_van() -> None:
    assert said(on_trip(milestone="queued", departed_at=None)) == (
        "Order 1042 for Elina Salo is planned as drop 3 of trip T-0007 with van-7."
        f" {PROMISE}, and planned for 14:20 EET."
    )


def test_on_the_way_says_when_it_left_and_how_late() -> None:
    assert said(on_trip()) == (
        "Order 1042 for Elina Salo is on its way with van-7, as drop 3; it left at 13:54 EET, 34 min late."
        f" {PROMISE}, and planned for 14:20 EET."
    )


def test_a_start_within_five_minutes_is_not_called_late() -> None:
    assert "it left at 13:24 EET. " in said(on_trip(departed_at=NOON - 36 * MINUTE))


def test_a_missed_window_is_said() -> None:
    order = on_trip(late_s=720.0)

    assert said(order, now=NOON + 72 * MINUTE).endswith("Its window, 14:00–15:00 EET, has passed: it is 12 min late.")


@pytest.mark.parametrize(
    ("order", "forecast", "words"),
    [
        ({}, {}, "It is promised for 14:00–15:00 EET, and expected 14:35–14:50 EET."),
        ({}, {"late_risk": 0.15, "p90_at": NOON + 64 * MINUTE},
         "It is expected 14:35–15:04 EET; the window until 15:00 EET may be missed."),
        ({"window_to": NOON + 30 * MINUTE}, {"late_risk": 0.63},
         "It is expected 14:35–14:50 EET; the window until 14:30 EET will probably be missed."),
        ({"window_to": NOON - 12 * MINUTE, "late_s": 720.0}, {"late_risk": 1.0},
         "Its window, 14:00–13:48 EET, ended 12 min ago; it is expected 14:35–14:50 EET."),
        ({"milestone": "arrived", "arrived_at": NOON}, {}, "That is within its window, 14:00–15:00 EET."),
    ],
)  # fmt: skip
def test_the_forecast_is_named_and_held_against_the_window(
    order: dict[str, Any], forecast: dict[str, Any], words: str
) -> None:
    told = sentence(on_trip(**order), [], HELSINKI, NOON, forecast_row(**forecast))

    assert told.endswith(words)


def test_at_the_door() -> None:
    order = on_trip(milestone="arrived", arrived_at=NOON + 12 * MINUTE)

    assert said(order) == (
        "Order 1042 for Elina Salo is at the door: van-7 arrived there at 14:12 EET."
        " That is within its window, 14:00–15:00 EET."
    )


@pytest.mark.parametrize(
    ("arrived_at", "late_s", "words"),
    [
        (NOON + 10 * MINUTE, None, "within its window, 14:00–15:00 EET"),
        (NOON - 10 * MINUTE, None, "before its window, 14:00–15:00 EET"),
        (NOON + 65 * MINUTE, 300.0, "5 min after its window, 14:00–15:00 EET"),
    ],
)
def test_delivered_is_held_against_the_window(arrived_at: Any, late_s: float | None, words: str) -> None:
    order = on_trip(milestone="delivered", arrived_at=arrived_at, late_s=late_s)
    delivered = milestone_row("delivered", arrived_at + 3 * MINUTE)

    assert said(order, delivered).startswith("Order 1042 for Elina Salo was delivered at ")
    assert said(order, delivered).endswith(f" by van-7, {words}.")


def test_failed_gives_the_reason() -> None:
    order = on_trip(milestone="failed", arrived_at=NOON + 12 * MINUTE)

    assert said(order, milestone_row("failed", reason_code="NO_VALID_ID")) == (
        "Order 1042 for Elina Salo could not be handed over: no valid ID was shown."
        " van-7 was there at 14:12 EET, within its window, 14:00–15:00 EET."
    )


def test_returned_keeps_the_reason_of_the_failure() -> None:
    order = on_trip(milestone="returned", milestone_at=NOON)

    assert said(order, milestone_row("failed", reason_code="RECIPIENT_ABSENT")) == (
        "Order 1042 for Elina Salo came back to the premises at 14:00 EET: nobody was there."
    )


def test_cancelled() -> None:
    order = order_row(milestone="cancelled", milestone_at=NOON - timedelta(days=1))

    assert said(order) == "Order 1042 for Elina Salo was cancelled at Sun 22 Nov, 14:00 EET."


@pytest.mark.parametrize("milestone", list(Milestone))
def test_there_is_a_sentence_for_every_milestone(milestone: Milestone) -> None:
    for order in (order_row(milestone=milestone), on_trip(milestone=milestone)):
        assert said(order).startswith("Order 1042 for Elina Salo ")
        assert said(order).endswith(".")
        assert "None" not in said(order)
