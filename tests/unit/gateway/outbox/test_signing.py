"""Signatures against the specification's own example, and when a webhook is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.outbox.retries import WAITS, next_try
from gateway.outbox.sending import RefusedAddressError, check_url
from gateway.outbox.signing import new_secret, signature, signed_headers
from tests.fixtures.gateway import NOON

# The example of Standard Webhooks 1.0, which its libraries test against.
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
ID, TIMESTAMP_S = "msg_loFOjxBNrRLzqYUf", 1731705121
BODY = '{"event_type":"ping","data":{"success":true}}'
EXPECTED = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_the_specifications_example() -> None:
    assert signature(SECRET, ID, TIMESTAMP_S, BODY) == EXPECTED


def test_during_a_rotation_both_secrets_sign() -> None:
    headers = signed_headers([new_secret(), SECRET], ID, TIMESTAMP_S, BODY)

    assert headers["webhook-signature"].split(" ")[1] == EXPECTED
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (ID, "1731705121")


def test_the_waits_are_the_specifications() -> None:
    waits = [next_try(attempts, NOON, None) for attempts in range(1, 9)]

    hours = [2, 5, 10, 10]
    expected = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *(timedelta(hours=h) for h in hours)]
    assert [None if at is None else at - NOON for at in waits] == [*expected, None]
    assert len(WAITS) == 7


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("60", timedelta(seconds=60)),
        ("1", timedelta(seconds=5)),  # never sooner than the schedule
        ("999999", timedelta(hours=24)),  # nor later than a day
        ("Mon, 23 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("soon", timedelta(seconds=5)),
        ("²", timedelta(seconds=5)),
        (None, timedelta(seconds=5)),
    ],
)
def test_a_receiver_may_ask_for_more_time(said: str | None, wait: timedelta) -> None:
    at = next_try(1, NOON, said)

    assert at is not None
    assert at - NOON == wait


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://shop.example.org", "is no address"),
        ("https://", "is no address"),
        ("https://me:secret@shop.example.org/", "user name"),
        ("http://shop.example.org/", "is not https"),
        ("https://shop.example.org:99999/", "Port out of range"),
    ],
)
def test_addresses_that_are_not_told(url: str, says: str) -> None:
    with pytest.raises(RefusedAddressError, match=says):
        check_url(url, allow_private=False)
