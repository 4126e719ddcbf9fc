"""A driver's phone is let in by a link: one phone, one shift, one driver, and every step on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contract.clock import Clock, true_now
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.phones import issue, open_link, sign_in, text_of
from tests.fixtures.trips import HOUR, add_driver, add_van, do, order, plan


@pytest.fixture
def shop(api: Api) -> Api:
    add_van(api, "van-1")
    add_van(api, "van-2")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    return api


def turn_to(api: Api, hours: float) -> None:
    api.app.state.clock = Clock(NOON + hours * HOUR, true_now(), 1e-6)


def deeds(api: Api) -> list[tuple[Any, ...]]:
    return api.rows(
        "SELECT action, actor_kind, actor FROM waybill.audit_event WHERE object_kind = 'shift_link' ORDER BY id"
    )


def test_the_first_phone_that_opens_a_link_has_it_and_any_other_is_refused(shop: Api) -> None:
    path = issue(shop, until=(NOON + 8 * HOUR).isoformat())
    looked = shop.ask(None, "GET", path)

    assert (looked.status_code, looked.headers.get("set-cookie")) == (200, None)
    assert "Good to see you, Driver E-1" in text_of(looked)
    opened = open_link(shop, path)
    assert (opened.status_code, opened.headers["location"]) == (303, "/driver")
    cookie = opened.headers["set-cookie"]
    assert all(part in cookie for part in ("waybill-driver=", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Secure" not in cookie
    assert shop.ask("phone", "GET", "/driver").status_code == 200
    again = shop.ask("phone", "GET", path)
    assert (again.status_code, again.headers["location"]) == (303, "/driver")
    other = open_link(shop, path, "other")
    assert (other.status_code, "other" in shop.headers) == (403, False)
    assert "Ask your dispatcher for a new link" in text_of(other)
    assert shop.ask("phone", "GET", "/driver").status_code == 200
    assert deeds(shop) == [
        ("shift_link.issued", "account", "dispatcher"),
        ("shift_link.opened", "driver", "E-1"),
        ("shift_link.refused", "system", "gateway"),
    ]


def test_neither_link_nor_cookie_can_be_read_in_the_database(shop: Api) -> None:
    sent_once = {"idempotency-key": "1"}
    answer = shop.ask("dispatcher", "POST", "/v1/drivers/E-1/shift-links", {}, headers=sent_once)
    path = answer.json()["path"]
    open_link(shop, path)
    secrets = (path.rpartition("/")[2], shop.headers["phone"]["cookie"].partition("=")[2])
    (kept,) = shop.rows("SELECT (s.*)::text FROM waybill.shift_link s")
    told = shop.rows("SELECT coalesce(after::text, '') || coalesce(reason, '') FROM waybill.audit_event")
    answers = shop.rows("SELECT count(*) FROM waybill.idempotency_key")

    assert all(len(secret) == 43 for secret in secrets)
    assert not [secret for secret in secrets if secret in kept[0] or any(secret in one for (one,) in told)]
    assert answers == [(0,)]


def test_unknown_ended_and_revoked_links_look_alike(shop: Api) -> None:
    ended = issue(shop, "E-1", until=(NOON + 1 * HOUR).isoformat())
    revoked = issue(shop, "E-2")
    answer = shop.ask("dispatcher", "DELETE", "/v1/drivers/E-2/shift-links?reason=lost")
    assert answer.json() == {"ended": 1}
    turn_to(shop, 1.01)

    for method in ("GET", "POST"):
        pages = [shop.ask(None, method, path) for path in (ended, revoked, "/driver/in/x")]

        assert {page.status_code for page in pages} == {404}
        assert len({page.text for page in pages}) == 1
        assert "This link does not work" in text_of(pages[0])


def test_a_shift_ends_with_its_time_with_one_call_and_with_the_employment(shop: Api) -> None:
    def seen(name: str) -> int:
        return shop.ask(name, "GET", "/driver").status_code

    open_link(shop, issue(shop, until=(NOON + 2 * HOUR).isoformat()), "a")
    assert seen("a") == 200
    open_link(shop, issue(shop, until=(NOON + 2 * HOUR).isoformat()), "b")
    assert (seen("a"), seen("b")) == (401, 200)  # a new link ends the one before
    turn_to(shop, 2.01)
    assert seen("b") == 401
    sign_in(shop, "E-1", "c")
    assert shop.ask("dispatcher", "DELETE", "/v1/drivers/E-1/shift-links").json() == {"ended": 1}
    assert seen("c") == 401
    sign_in(shop, "E-2", "d")
    assert shop.ask("chief", "POST", "/v1/drivers/E-2/retire").status_code == 200
    assert seen("d") == 401
    refused = shop.ask("dispatcher", "POST", "/v1/drivers/E-2/shift-links", {})
    assert (refused.status_code, "not in service" in refused.text) == (409, True)


def test_signing_out_ends_the_link_for_good(shop: Api) -> None:
    path = issue(shop)
    open_link(shop, path)

    assert "Sign out on this phone?" in text_of(shop.ask("phone", "GET", "/driver/out"))
    out = shop.ask("phone", "POST", "/driver/out")

    assert (out.status_code, 'waybill-driver=""' in out.headers["set-cookie"]) == (200, True)
    assert shop.ask("phone", "GET", "/driver").status_code == 401
    assert shop.ask(None, "GET", path).status_code == 404
    assert deeds(shop)[-1] == ("shift_link.ended", "driver", "E-1")
    (listed,) = shop.ask("viewer", "GET", "/v1/drivers/E-1/shift-links").json()
    assert (listed["ended_by"], listed["end_reason"]) == ("driver E-1", "signed out")


@pytest.mark.parametrize(
    ("hours", "says"),
    [(-1, "name a later time"), (25, "a link is for one shift")],
)
def test_a_link_is_for_one_shift(shop: Api, hours: float, says: str) -> None:
    answer = shop.ask(
        "dispatcher", "POST", "/v1/drivers/E-1/shift-links", {"until": (NOON + timedelta(hours=hours)).isoformat()}
    )

    assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, "body.until")
    assert says in answer.json()["detail"]


def test_who_dispatches_elsewhere_lets_no_phone_in(shop: Api) -> None:
    for who, status in (("stranger", 404), ("viewer", 403), ("driver", 403)):
        assert shop.ask(who, "POST", "/v1/drivers/E-1/shift-links", {}).status_code == status, who
        assert shop.ask(who, "DELETE", "/v1/drivers/E-1/shift-links").status_code == status, who


def test_a_foreign_page_does_nothing_with_the_phone_s_cookie(shop: Api) -> None:
    sign_in(shop)

    answer = shop.ask("phone", "POST", "/driver/out", headers={"sec-fetch-site": "cross-site"})

    assert (answer.status_code, "Nothing was done" in text_of(answer)) == (403, True)
    assert shop.ask("phone", "GET", "/driver").status_code == 200


def test_behind_https_the_cookie_is_for_https_and_this_host_only(shop: Api) -> None:
    shop.app.state.public_url = "https://shop.example.org"
    answer = shop.ask("dispatcher", "POST", "/v1/drivers/E-1/shift-links", {})
    # The staff's own cookie has another name with HTTPS, so the link was issued by a key's right.
    assert answer.status_code == 401
    made = shop.ask("pos", "POST", "/v1/drivers/E-1/shift-links", {})
    assert made.json()["url"] == "https://shop.example.org" + made.json()["path"]

    cookie = open_link(shop, made.json()["path"]).headers["set-cookie"]

    assert cookie.startswith("__Host-waybill-driver=")
    assert "Secure" in cookie


def test_the_trip_page_tells_the_own_drops_in_order_and_nobody_elses(shop: Api) -> None:
    first = order(shop, "a", note="ring twice", customer_phone="+358 40 123", due_minor=500)
    second = order(shop, "b", customer_name="Juha Ahonen")
    foreign = order(shop, "c", customer_name="Somebody Else")
    plan(shop, [first, second])
    theirs = plan(shop, [foreign], van="van-2", driver="E-2")
    sign_in(shop)

    page = shop.ask("phone", "GET", "/driver")
    text = text_of(page)

    assert page.status_code == 200
    for part in ("T-0001", "van-1", "leaves 14:10", "0 of 2 done", "Street a, Helsinki", "Next", "planned",
                 "14:00 – 16:00", f"Order {first}", "2 items", "Elina Salo", "ring twice", "Collect 5.00 EUR",
                 "Call +358 40 123", "Juha Ahonen"):  # fmt: skip
        assert part in text, part
    assert text.index("Street a") < text.index("Street b")
    assert 'href="geo:60.170900,24.953200?q=60.170900%2C24.953200(Street%20a%2C%20Helsinki)"' in page.text
    assert 'href="tel:+35840123"' in page.text
    assert "Somebody Else" not in text
    assert shop.ask("phone", "GET", f"/driver/trips/{theirs['id']}").status_code == 404
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert page.headers["cache-control"] == "no-store"


def test_what_the_profile_asks_for_at_the_door_is_told_before(shop: Api) -> None:
    chosen = {"profile": "california-adult-use", "reason": "licence"}
    assert shop.ask("chief", "PUT", "/v1/premises/store/profile", chosen).status_code in (200, 204)
    plan(shop, [order(shop, "a")])
    sign_in(shop)

    text = text_of(shop.ask("phone", "GET", "/driver"))

    for part in ("Photo ID: the original", "The ID says Elina Salo", "21 or older", "Signature"):
        assert part in text, part
    assert "Photo of the handover" not in text


def test_a_drop_that_is_over_shows_no_customer_and_the_next_one_comes_up(shop: Api) -> None:
    first, second = order(shop, "a"), order(shop, "b", customer_name="Juha Ahonen")
    plan(shop, [first, second])
    do(shop, "T-0001", "depart")
    for milestone in ("arrived", "delivered"):
        said = shop.ask("dispatcher", "POST", f"/v1/orders/{first}/milestones", {"milestone": milestone})
        assert said.status_code == 201, said.text
    sign_in(shop)

    text = text_of(shop.ask("phone", "GET", "/driver"))

    assert "Elina Salo" not in text
    assert "1 of 2 done" in text
    assert text.index("Next") > text.index("delivered")


def test_a_driver_without_a_trip_is_told_so(shop: Api) -> None:
    sign_in(shop)

    text = text_of(shop.ask("phone", "GET", "/driver"))

    assert "No trip for you yet" in text
    assert "Signed in as Driver E-1" in text


def test_the_language_that_was_chosen_once_holds(shop: Api) -> None:
    sign_in(shop)

    chosen = shop.ask("phone", "GET", "/driver?lang=es")
    cookie = shop.headers["phone"]["cookie"] + "; " + chosen.headers["set-cookie"].partition(";")[0]
    later = shop.ask(None, "GET", "/driver", headers={"cookie": cookie})

    assert "Todavía no hay viaje" in text_of(chosen)
    assert "Todavía no hay viaje" in text_of(later)
    assert "There is no such page" in text_of(shop.ask("phone", "GET", "/driver/trips/T-9999"))
