"""The driver's page in a real Chromium on a small phone: signed in by the link, loading, and the held button."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from gateway.driver.shifts import issue_link
from storage.audit import Actor
from storage.master import Selection, select_drivers
from tests.browser.conftest import PATIENCE_MS, Seen
from tests.browser.test_tracking_page import PHONE, is_well_made, served
from tests.fixtures.database import Database
from tests.fixtures.delivery_day import DeliveryDay
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import seed_premises

DESK = Actor("account", "desk")


@pytest.fixture
def day(database: Database) -> Iterator[DeliveryDay]:
    """A trip of five orders under California's rules, about to leave."""
    with psycopg.connect(database.owner_url) as desk:
        premises_id = seed_premises(desk, NOON)
        desk.execute("UPDATE waybill.premises SET name = 'Corner Shop', phone = '+358 9 555 0100', profile ="
                     " 'california-adult-use'")  # fmt: skip
        made = DeliveryDay(desk, premises_id, NOON, 1)
        desk.commit()
        yield made


def link(database: Database, at: datetime) -> str:
    with psycopg.connect(database.gateway_url) as connection:
        (driver,) = select_drivers(connection, Selection(text="Aino"))
        return "/driver/in/" + issue_link(connection, driver, None, DESK, at).token


def signed_in(browser: Browser, url: str, path: str, scheme: str = "light") -> Seen:
    """A phone on which the button behind the link was pressed."""
    context = browser.new_context(
        viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True, color_scheme=scheme
    )  # type: ignore[call-overload]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(url + path)
    is_well_made(page)
    page.get_by_role("button", name="Start my shift").click()
    page.wait_for_url("**/driver")
    return seen


def test_a_driver_signs_in_by_the_link_loads_and_sees_what_is_missing(
    database: Database, day: DeliveryDay, browser: Browser, picture: Callable[[Seen, str], Path]
) -> None:
    with served(database, NOON) as url:
        seen = signed_in(browser, url, link(database, NOON))
        page = seen.page
        expect(page.get_by_role("heading", name="T-0001")).to_be_visible()
        is_well_made(page)
        picture(seen, "driver-trip-planned")
        small = page.evaluate(
            "[...document.querySelectorAll('a.button, button, summary, nav a')].filter((one) => one.offsetParent &&"
            " one.getBoundingClientRect().height < 47.5).map((one) => one.outerHTML)"
        )
        assert small == []

        page.get_by_role("link", name="Load and leave").click()
        page.get_by_label("Order's number or its last characters").fill(day.orders[0].order_no[-3:])
        page.get_by_role("button", name="Load", exact=True).click()
        expect(page.get_by_role("status")).to_have_text(f"Order {day.orders[0].order_no} is loaded")
        page.get_by_label("Badge").check()
        page.get_by_role("button", name="I leave now").click()

        expect(page.get_by_role("alert")).to_contain_text("You cannot leave yet")
        expect(page.get_by_label("Badge")).to_be_checked()
        is_well_made(page)
        picture(seen, "driver-load")
        page.get_by_role("link", name="Español").click()
        expect(page.get_by_role("button", name="Salgo ahora")).to_be_visible()
        assert seen.complaints == []
        assert [one for one in seen.requests if not one.startswith(url)] == []
        page.context.close()


def test_help_is_called_by_holding_the_button_for_two_seconds(
    database: Database, day: DeliveryDay, browser: Browser, picture: Callable[[Seen, str], Path]
) -> None:
    at = day.orders[0].visit.arrived_at - timedelta(seconds=60)
    day.go_to(at)
    with served(database, at) as url:
        seen = signed_in(browser, url, link(database, at), "dark")
        page = seen.page
        held = page.get_by_role("button", name="Hold for help")
        expect(held).to_be_visible()
        is_well_made(page)
        picture(seen, "driver-trip-dark")
        held.click()  # a short press asks first
        expect(page.get_by_role("button", name="Yes, call for help now")).to_be_visible()
        is_well_made(page)
        page.get_by_role("link", name="No, back to my trip").click()

        held.hover()
        page.mouse.down()

        page.wait_for_url("**/driver/trips/*?said=help")
        page.mouse.up()
        expect(page.get_by_role("alert")).to_contain_text("You called for help at")
        is_well_made(page)
        picture(seen, "driver-help")
        assert seen.complaints == []
        page.context.close()
