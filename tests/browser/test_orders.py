"""Orders in a real browser: opened by a link, by a row, left again; on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
from playwright.sync_api import expect

from tests.browser.conftest import Seen
from tests.browser.watching import colours, look
from tests.fixtures.examples import NOON
from tests.fixtures.forecasts import forecast, message
from tests.fixtures.gateway import eventually
from tests.fixtures.seed import Seeded

Visit = Callable[..., Seen]
Picture = Callable[[Seen, str], Path]
PATIENCE_S = 60.0


def test_a_row_opens_its_order_and_the_way_back_leads_to_the_list(
    seeded: Seeded, visit: Visit, picture: Picture
) -> None:
    seen = visit("/orders")
    page = seen.page
    table = page.locator("[data-testid=stDataFrame]")
    expect(table).to_be_visible()
    picture(seen, "orders")

    table.click(position={"x": 16, "y": 52})
    expect(page.locator(".wb-say")).to_contain_text("Order ")
    page.wait_for_url("**/orders?order=*")
    page.get_by_role("button", name="All orders").click()

    expect(table).to_be_visible()
    page.wait_for_url("**/orders")


def test_a_link_shows_one_order_with_its_route(seeded: Seeded, visit: Visit, picture: Picture) -> None:
    seen = visit("/orders?order=1030")
    page = seen.page

    expect(page.locator(".wb-say")).to_contain_text("Order 1030 for Anna Turunen was delivered")
    expect(page.locator(".wb-steps li")).to_have_count(9)
    eventually(lambda: colours(look(page)) > 100, PATIENCE_S)
    expect(page.locator(".wb-attribution")).to_be_visible()
    picture(seen, "order")


def test_searching_narrows_the_list(seeded: Seeded, visit: Visit) -> None:
    page = visit("/orders").page
    expect(page.get_by_text("44 orders")).to_be_visible()

    page.get_by_label("Search").fill("van-3")
    page.keyboard.press("Enter")

    expect(page.get_by_text("6 orders")).to_be_visible()


def test_an_order_fits_a_phone_in_the_dark(
    seeded: Seeded, owner: psycopg.Connection, visit: Visit, picture: Picture
) -> None:
    forecast(owner, "1034", NOON, late_risk=1.0)
    message(
        owner, "1034", NOON, "Your order is on its way. Have your ID ready: https://delivery.example.org/t/" + 22 * "x"
    )
    seen = visit("/orders?order=1034", width=390, height=844, scheme="dark")
    page = seen.page

    expect(page.locator(".wb-say")).to_contain_text("Its window")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    eventually(lambda: colours(look(page)) > 100, PATIENCE_S)
    picture(seen, "order-phone-dark")
    page.get_by_text("The words").click()
    expect(page.locator(".wb-told pre")).to_contain_text("Have your ID ready")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    picture(seen, "order-phone-dark-told")


def test_pages_are_changed_without_a_complaint(seeded: Seeded, visit: Visit) -> None:
    page = visit("/").page
    expect(page.locator("section[data-name]")).to_have_count(9)

    page.get_by_role("link", name="Orders").click()
    expect(page.get_by_text("44 orders")).to_be_visible()
    page.get_by_role("link", name="Live fleet").click()

    expect(page.locator("section[data-name]")).to_have_count(9)
