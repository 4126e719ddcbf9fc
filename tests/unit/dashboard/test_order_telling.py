"""Why a forecast says what it says, and what became of messages, in words. Needs no database."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.order_telling import because, told
from storage.reading_rows import MessageRow
from tests.fixtures.examples import HELSINKI, MINUTE, NOON, forecast_row


def message(**changes: Any) -> MessageRow:
    row = {
        "kind": "out_for_delivery", "channel": "email", "recipient": "elina@example.org", "correction": False,
        "subject": "On its way", "body": "Have your ID ready.", "at": NOON, "attempts": 1, "outcome": "delivered",
        "because": None,
    }  # fmt: skip
    return MessageRow(**(row | changes))


def test_a_forecast_says_what_it_was_made_of() -> None:
    assert because(forecast_row(), HELSINKI, NOON + MINUTE) == (
        "1 drop comes before it · driving times on the street network · from the fix at 14:00:00 EET, 1 min ago ·"
        " said since 14:00 EET: later than was said before"
    )


def test_a_forecast_of_a_van_that_has_not_left_begins_at_the_premises() -> None:
    words = because(forecast_row(fixed_at=None, drops_before=0, source="distance", cause=None), HELSINKI, NOON)

    assert words == (
        "it is the next drop · driving times by distance, as no map is loaded · from the premises ·"
        " said since 14:00 EET"
    )


@pytest.mark.parametrize(
    ("changes", "arrived", "sign"),
    [
        ({}, "e-mail to elina@example.org: delivered to the mail server", "done"),
        ({"channel": "sms", "recipient": "+358"}, "SMS to +358: delivered", "done"),
        ({"outcome": None, "attempts": 0}, "e-mail to elina@example.org: on its way", "plain"),
        ({"outcome": None, "attempts": 2}, "e-mail to elina@example.org: on its way, 2 attempts so far", "plain"),
        ({"outcome": "given_up", "attempts": 9, "because": "550 no such user"},
         "e-mail to elina@example.org: given up after 9 attempts: 550 no such user", "failed"),
        ({"outcome": "dropped", "attempts": 0, "because": "the customer does not want to be told"},
         "e-mail to elina@example.org: not sent: the customer does not want to be told", "failed"),
    ],
)  # fmt: skip
def test_a_message_says_whether_it_arrived(changes: dict[str, Any], arrived: str, sign: str) -> None:
    (entry,) = told([message(**changes)], HELSINKI, NOON)

    assert (entry.arrived, entry.sign) == (arrived, sign)
    assert entry.said == "On its way\n\nHave your ID ready."


def test_a_correction_is_called_one() -> None:
    assert told([message(correction=True)], HELSINKI, NOON)[0].title == "Out for delivery (correction)"
