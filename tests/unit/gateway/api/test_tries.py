"""Counting wrong codes: by address, in all, for 15 minutes; and whose address counts behind a front server."""

from __future__ import annotations

import pytest
from fastapi import Request

from gateway.api.tries import WINDOW_S, Tries, sender


def test_an_address_waits_until_its_oldest_try_is_15_minutes_old() -> None:
    tries = Tries(per_address=2)
    taken = [tries.take("a", at_s) for at_s in (0.0, 60.0)]

    assert taken == [0.0, 0.0]
    assert tries.take("a", 100.0) == WINDOW_S - 100
    assert tries.take("b", 100.0) == 0.0
    assert tries.take("a", WINDOW_S) == 0.0
    assert tries.take("a", WINDOW_S + 1) > 0


def test_many_addresses_together_have_a_limit_too() -> None:
    tries = Tries(in_all=3)

    assert [tries.take(address, 0.0) for address in "abcd"] == [0.0, 0.0, 0.0, WINDOW_S]


def test_a_right_try_is_given_back() -> None:
    tries = Tries(per_address=1)
    tries.take("a", 0.0)
    tries.give_back("a")

    assert tries.take("a", 1.0) == 0.0
    assert tries.take("a", 2.0) > 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.114.9", None, "203.0.114.9"),
        ("203.0.114.9", "198.51.101.7", "203.0.114.9"),
        ("172.18.0.5", "198.51.101.7", "198.51.101.7"),
        ("127.0.0.1", "1.2.3.4, 198.51.101.7", "198.51.101.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "nonsense", "unknown"),
        ("127.0.0.1", "2a00:1450:4001:82b::200e", "2a00:1450:4001:082b"),
    ],
)
def test_the_address_is_the_front_servers_word_only_from_nearby(peer: str, forwarded: str | None, address: str) -> None:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})

    assert sender(request) == address
