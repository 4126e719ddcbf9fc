"""The customer's page in a real Chromium: a small phone, a slow line, with and without scripts, light and dark."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from contract.clock import Clock, true_now
from gateway.api.customer_pages import CustomerPages
from gateway.api.main import ApiOptions, run_api
from tests.browser.conftest import PATIENCE_MS, Seen
from tests.fixtures.database import Database
from tests.fixtures.delivery_day import DeliveryDay
from tests.fixtures.gateway import NOON, eventually
from tests.fixtures.seed import MAP_DIR, seed_premises

PHONE = {"width": 360, "height": 740}
# 400 kbit/s and the delays of a mobile line at its edge.
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
FIRST_VIEW_BYTES, MAP_BYTES = 60_000, 500_000


@contextmanager
def served(database: Database, at: datetime, frame_origins: str | None = None) -> Iterator[str]:
    """The real api on a port, in a thread of this process; its time stands still at `at`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ApiOptions(
        host="127.0.0.1", port=port, database_url=database.gateway_url, clock=Clock(at, true_now(), 1e-6),
        customer_pages=CustomerPages(map_dir=MAP_DIR, frame_origins=frame_origins),
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=run_api, args=(options, stop), name="api")
    thread.start()
    try:
        eventually(lambda: _listens(port), within_s=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def day(database: Database) -> Iterator[DeliveryDay]:
    with psycopg.connect(database.owner_url) as desk:
        premises_id = seed_premises(desk, NOON)
        desk.execute("UPDATE waybill.premises SET name = 'Corner Shop', phone = '+358 9 555 0100', profile ="
                     " 'california-adult-use'")  # fmt: skip
        made = DeliveryDay(desk, premises_id, NOON, 1)
        desk.commit()
        yield made


@pytest.fixture
def open_link(browser: Browser) -> Iterator[Callable[..., Seen]]:
    """Opens a link on a phone of its own; in the end nothing may have left the origin or been complained of."""
    opened: list[tuple[BrowserContext, Seen, str]] = []

    def open_(url: str, *, own_time: bool = False, **wanted: Any) -> Seen:
        options = {"viewport": PHONE, "device_scale_factor": 2, "has_touch": True, "is_mobile": True, **wanted}
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        seen = Seen(page)
        opened.append((context, seen, urlsplit(url).netloc))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("console", lambda line: seen.complaints.append(line.text) if line.type == "error" else None)
        if own_time:
            page.clock.install()
        page.goto(url)
        return seen

    yield open_
    for context, seen, netloc in opened:
        assert [url for url in seen.requests if urlsplit(url).netloc != netloc] == []
        assert seen.complaints == []
        context.close()


@dataclass
class Weighed:
    """Bytes that came over the line, by address."""

    bodies: dict[str, int] = field(default_factory=dict)

    def listen(self, page: Page) -> None:
        page.on("requestfinished", lambda request: self.bodies.update({request.url: _size(request)}))


def _size(request: Any) -> int:
    sizes = request.sizes()
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])


def is_well_made(page: Page) -> None:
    """Nothing that keeps people out, and nothing that has to be pushed aside to be read."""
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def on_the_way(day: DeliveryDay) -> datetime:
    """The first order is next, with its van under way."""
    return day.orders[0].visit.arrived_at - timedelta(seconds=60)


def test_the_first_view_is_small_and_there_on_a_slow_line(
    database: Database, day: DeliveryDay, browser: Browser, picture: Callable[[Seen, str], Path]
) -> None:
    day.go_to(at := on_the_way(day))
    with served(database, at) as url:
        context = browser.new_context(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
        page = context.new_page()
        weighed = Weighed()
        weighed.listen(page)
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW)
        page.goto(f"{url}/t/{day.orders[1].token}", wait_until="networkidle", timeout=PATIENCE_MS)

        expect(page.get_by_role("heading", level=1)).to_have_text("Your order is on its way")
        expect(page.get_by_text("1 delivery comes before yours.")).to_be_visible()
        expect(page.get_by_text("You must be 21 or older.")).to_be_visible()
        expect(page.get_by_role("link", name="Call +358 9 555 0100")).to_be_visible()
        assert sum(weighed.bodies.values()) < FIRST_VIEW_BYTES
        assert not any("/ground/" in one for one in weighed.bodies), "no map before somebody opens it"
        is_well_made(page)
        picture(Seen(page), "tracking-on-its-way")

        page.goto(f"{url}/t/{day.orders[0].token}", wait_until="networkidle", timeout=PATIENCE_MS)
        weighed.bodies.clear()
        with page.expect_event("requestfinished", lambda request: "/ground/" in request.url, timeout=PATIENCE_MS):
            page.get_by_role("link", name="Show the driver on a map").click()
        assert sum(weighed.bodies.values()) < MAP_BYTES
        is_well_made(page)
        page.locator("#map").scroll_into_view_if_needed()
        picture(Seen(page), "tracking-map")
        context.close()


def test_without_scripts_everything_can_be_read_and_done(
    database: Database, day: DeliveryDay, open_link: Callable[..., Seen], picture: Callable[[Seen, str], Path]
) -> None:
    day.go_to(at := on_the_way(day))
    first = day.orders[0]
    with served(database, at) as url:
        seen = open_link(f"{url}/t/{first.token}", java_script_enabled=False)
        page = seen.page

        expect(page.get_by_role("heading", level=1)).to_have_text("You are next")
        expect(page.locator("meta[http-equiv=refresh]")).to_have_attribute("content", "60")
        with page.expect_event("requestfinished", lambda request: "/ground/" in request.url, timeout=PATIENCE_MS):
            page.get_by_role("link", name="Show the driver on a map").click()
        expect(page.locator("#van")).to_be_visible()
        expect(page.locator("#van-words")).to_contain_text("The driver was about here at")
        picture(seen, "tracking-map-without-scripts")
        page.get_by_role("link", name="Write a note for the driver").click()
        page.get_by_role("textbox").fill("Gate in the yard")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Gate in the yard")).to_be_visible()
        page.get_by_role("link", name="Español").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("La siguiente entrega es la suya")
        day.go_to(first.visit.left_at)
        page.get_by_role("link", name="Actualizar").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Entregado")


def test_an_open_page_follows_the_van_and_becomes_the_receipt(
    database: Database, day: DeliveryDay, open_link: Callable[..., Seen], picture: Callable[[Seen, str], Path]
) -> None:
    day.go_to(at := on_the_way(day))
    first = day.orders[0]
    with served(database, at) as url:
        seen = open_link(f"{url}/t/{first.token}?map=1", own_time=True)
        page = seen.page
        van = page.locator("#van")
        before = van.get_attribute("transform")
        page.evaluate("window.notLoadedAnew = true")

        day.report(first.van, at, day.truth(first.van, at - timedelta(seconds=60)))
        in_time(page, lambda: van.get_attribute("transform") != before)

        day.report(first.van, at - timedelta(minutes=30), day.truth(first.van, at))
        in_time(page, lambda: van.get_attribute("visibility") == "hidden")
        expect(page.locator("#van-words")).to_have_text("The driver cannot be seen on the map just now.")

        page.context.set_offline(True)
        in_time(page, page.locator("#offline").is_visible)
        expect(page.locator("#offline")).to_have_text(re.compile(r"^No connection.*As of \d\d:\d\d$"))
        picture(seen, "tracking-offline")
        page.context.set_offline(False)

        day.go_to(first.visit.left_at)
        in_time(page, lambda: page.get_by_role("heading", level=1).inner_text() == "Delivered")
        expect(page.locator("#offline")).to_be_hidden()
        expect(page.locator("#news")).to_have_text("Delivered")
        assert page.evaluate("window.notLoadedAnew")
        assert page.locator("#map").count() == 0
        is_well_made(page)
        picture(seen, "tracking-receipt")
        asked = len(seen.requests)
        page.clock.run_for(600_000)
        assert len(seen.requests) == asked, "after the handoff it asks no more"
        # The browser itself complains of each request that it could not send.
        seen.complaints[:] = [one for one in seen.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def in_time(page: Page, check: Callable[[], bool]) -> None:
    """Lets the page's own time run on until `check` holds: its timers wait for nobody."""

    def look() -> bool:
        page.clock.run_for(5_000)
        return check()

    eventually(look, within_s=60)


@pytest.mark.parametrize(("scheme", "locale"), [("dark", "es-ES"), ("light", "en-US")])
def test_every_view_is_well_made(
    database: Database, day: DeliveryDay, open_link: Callable[..., Seen], picture: Callable[[Seen, str], Path],
    scheme: str, locale: str,
) -> None:  # fmt: skip
    failed = next(order for order in day.orders if order.fails)
    later = day.orders[day.orders.index(failed) + 1]
    day.go_to(at := later.visit.arrived_at - timedelta(seconds=45))
    with served(database, at) as url:
        for name, path in (
            ("next", f"{later.token}?map=1"), ("failed", failed.token), ("receipt", day.orders[0].token),
            ("on-its-way", day.orders[-1].token), ("note", f"{later.token}/note"), ("gone", "nothing"),
        ):  # fmt: skip
            seen = open_link(f"{url}/t/{path}", color_scheme=scheme, locale=locale)
            if name == "gone":
                seen.complaints.clear()  # the browser itself complains of a 404
            expect(seen.page.locator("html")).to_have_attribute("lang", locale[:2])
            is_well_made(seen.page)
            picture(seen, f"tracking-{name}-{scheme}")


class _ShopPage(BaseHTTPRequestHandler):
    """A shop's own page with the link that its query names in a frame."""

    def do_GET(self) -> None:
        body = f'<iframe src="{unquote(urlsplit(self.path).query)}" width="360" height="600"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


def test_only_the_configured_origin_may_frame_the_page(database: Database, day: DeliveryDay, browser: Browser) -> None:
    """The shop's page stands at localhost, the link at 127.0.0.1: two origins."""
    day.go_to(at := on_the_way(day))
    with ThreadingHTTPServer(("127.0.0.1", 0), _ShopPage) as shop:
        thread = threading.Thread(target=shop.serve_forever)
        thread.start()
        own = f"http://localhost:{shop.server_address[1]}"
        page = browser.new_page()
        with served(database, at) as url:
            with page.expect_console_message(lambda line: "frame-ancestors" in line.text, timeout=PATIENCE_MS):
                page.goto(f"{own}/?{url}/t/{day.orders[0].token}")
            expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_count(0)
        with served(database, at, frame_origins=own) as url:
            page.goto(f"{own}/?{url}/t/{day.orders[0].token}")
            expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("You are next")
        page.close()
        shop.shutdown()
        thread.join(10)
