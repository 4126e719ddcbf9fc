"""`waybill driver link` and `revoke` as a dispatcher calls them: printed, replaced, ended, refused."""

from __future__ import annotations

import psycopg
import pytest

from gateway.driver.shifts import link_of_token
from storage.shift_links import ShiftLink
from tests.fixtures.api import Api
from tests.fixtures.command_line import Waybill
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import add_driver


@pytest.fixture
def shop(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Premises with two drivers; it is two in the afternoon there."""
    monkeypatch.setenv("WAYBILL_CLOCK", f"{NOON.isoformat()}@{NOON.isoformat()}*0.000001")
    monkeypatch.setenv("WAYBILL_PUBLIC_URL", "https://shop.example.org")
    for employee_no in ("E-1", "E-2"):
        add_driver(api, employee_no)
    return api


def link_behind(api: Api, printed: str) -> ShiftLink | None:
    """What the last line that was printed leads to."""
    with psycopg.connect(api.database.gateway_url) as connection:
        return link_of_token(connection, printed.rsplit(maxsplit=1)[-1].rpartition("/")[2], NOON)


def test_a_link_is_printed_with_its_code_and_ends_when_it_is_revoked(waybill: Waybill, shop: Api) -> None:
    first = waybill("driver", "link", "driver e-1", "--until", "22:00")
    second = waybill("driver", "link", "E-1")

    assert first.out.split()[-1].startswith("https://shop.example.org/driver/in/")
    assert "\u2588" in first.out
    assert "until 22:00 on Monday" in first.err
    assert "the link before it has ended" in second.err
    assert link_behind(shop, first.out) is None
    assert link_behind(shop, second.out) is not None
    assert "the link has ended" in waybill("driver", "revoke", "E-1", "--reason", "lost").out
    assert link_behind(shop, second.out) is None
    assert "no link that was good still" in waybill("driver", "revoke", "E-1").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Nobody",), "there is no driver 'Nobody'"),
        (("E-1", "--until", "25:00"), "'25:00' is no time. Allowed: 22:00"),
        (("E-1", "--until", "2026-11-30T12:00:00Z"), "a link is for one shift"),
        (("E-1", "--until", "2 hours ago"), "name a later time"),
    ],
)
def test_what_cannot_be_issued_is_one_line_with_the_way_out(
    waybill: Waybill, shop: Api, words: tuple[str, ...], says: str
) -> None:
    refused = waybill("driver", "link", *words)

    assert refused.exit_code == 1
    assert says in refused.error + refused.err
    assert shop.rows("SELECT 1 FROM waybill.shift_link") == []
