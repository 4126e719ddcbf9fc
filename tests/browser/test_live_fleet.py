"""The live fleet in a real browser: vans move, the view stays where people put it, nothing is asked of anybody else."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
from PIL import Image
from playwright.sync_api import Page, expect

from dashboard.palette import LIGHT
from tests.browser.conftest import Dashboard, Seen
from tests.browser.watching import changed_share, colours, drag, look, map_box, middle_of
from tests.fixtures.examples import NOON
from tests.fixtures.gateway import eventually
from tests.fixtures.seed import LATE_VAN, SILENT_VAN, Seeded, Van, drive

Visit = Callable[..., Seen]
Picture = Callable[[Seen, str], Path]
PATIENCE_S = 60.0


def late_van(seeded: Seeded) -> Van:
    return seeded.vans[LATE_VAN - 1]


def drawn(page: Page) -> Image.Image:
    """The map once ground and vans are on it."""

    def ready() -> Image.Image | None:
        picture = look(page)
        return picture if colours(picture) > 300 and middle_of(picture, LIGHT.late) else None

    found: Image.Image = eventually(ready, PATIENCE_S)
    return found


def late_at(page: Page) -> tuple[float, float] | None:
    return middle_of(look(page), LIGHT.late)


def open_a_van(page: Page, act: Callable[[], object]) -> None:
    """Acts again, as people do, when the page was still being built at the first time."""

    def opened() -> bool:
        act()
        with suppress(AssertionError):
            expect(page.locator("section.open")).to_have_count(1, timeout=15_000)
            return True
        return False

    eventually(opened, PATIENCE_S * 2)


def later(van: Van, metres: float) -> timedelta:
    """How long from NOON the van takes to come this far."""
    start = van.truth.at(NOON)
    for seconds in range(1, 600):
        here = van.truth.at(NOON + timedelta(seconds=seconds))
        east = (here.lon_deg - start.lon_deg) * math.cos(math.radians(start.lat_deg))
        if math.hypot(east, here.lat_deg - start.lat_deg) * 111_195 >= metres:
            return timedelta(seconds=seconds)
    raise AssertionError(f"{van.name} does not come {metres} m far")


def test_the_page_shows_map_list_and_where_the_map_is_from(seeded: Seeded, visit: Visit, picture: Picture) -> None:
    seen = visit()

    drawn(seen.page)

    assert seen.page.title() == "Waybill"
    expect(seen.page.locator(".wb-attribution")).to_have_text("© OpenStreetMap contributors")
    expect(seen.page.locator("section[data-name] .name")).to_have_count(9)
    expect(seen.page.locator("section[data-name=van-3] .risk")).to_contain_text("Late")
    expect(seen.page.locator(f"section[data-name=van-{SILENT_VAN}] .link")).to_contain_text("Silent")
    picture(seen, "fleet")


def test_vans_move_to_where_new_fixes_are(seeded: Seeded, owner: psycopg.Connection, visit: Visit) -> None:
    page, van = visit().page, late_van(seeded)
    drawn(page)
    start = late_at(page)
    assert start is not None

    drive(owner, van, NOON + timedelta(seconds=1), NOON + later(van, 90))
    looks = [start]

    def rests() -> bool:
        looks.append(late_at(page) or looks[-1])
        return math.dist(looks[-1], start) > 20 and math.dist(looks[-1], looks[-2]) < 0.5

    eventually(rests, PATIENCE_S)
    north = van.truth.at(NOON + later(van, 90)).lat_deg - van.truth.at(NOON).lat_deg
    # The screen counts downwards.
    assert (looks[-1][1] - start[1]) * north < 0


def test_panning_and_zooming_survive_the_refresh(seeded: Seeded, owner: psycopg.Connection, visit: Visit) -> None:
    seen = visit()
    page, before = seen.page, drawn(seen.page)
    canvas = page.locator("[data-testid=stDeckGlJsonChart]").first
    drag(page, canvas, 160, 120)
    page.mouse.wheel(0, -240)
    moved = eventually(lambda: _rested(page, before), PATIENCE_S)

    # Another van reports: the page has refreshed when its time of data has moved on.
    for seconds in (20, 40):
        drive(owner, seeded.vans[7], NOON + timedelta(seconds=seconds - 19), NOON + timedelta(seconds=seconds))
        expect(page.locator(".wb-asof")).to_contain_text(f"14:00:{seconds}")

    assert changed_share(moved, look(page)) < 0.01


def _rested(page: Page, before: Image.Image) -> Image.Image | None:
    one, other = look(page), look(page)
    return other if changed_share(one, other) < 0.0005 and changed_share(before, other) > 0.05 else None


def test_a_click_on_a_van_opens_it_and_the_address_keeps_it(
    seeded: Seeded, owner: psycopg.Connection, visit: Visit, picture: Picture
) -> None:
    seen = visit()
    page = seen.page
    drawn(page)

    def click() -> None:
        box, at = map_box(page), late_at(page)
        assert at is not None
        page.mouse.click(box["x"] + at[0], box["y"] + at[1])

    open_a_van(page, click)
    expect(page.locator("section.open .name")).to_have_text("van-3")
    expect(page.locator("section.open li")).to_have_count(6)
    page.wait_for_url("**/?van=van-3")
    # A refresh that was under way when the address changed once closed it again.
    for seconds in (20, 40):
        drive(owner, seeded.vans[7], NOON + timedelta(seconds=seconds - 19), NOON + timedelta(seconds=seconds))
        expect(page.locator(".wb-asof")).to_contain_text(f"14:00:{seconds}")
        expect(page.locator("section.open")).to_have_count(1, timeout=1)
    picture(seen, "fleet-chosen")
    again = visit("/?van=van-3")
    expect(again.page.locator("section.open .name")).to_have_text("van-3")


def test_a_van_is_opened_and_closed_in_the_list_with_the_keyboard(seeded: Seeded, visit: Visit) -> None:
    page = visit().page
    drawn(page)
    head = page.locator("section[data-name=van-2] .head")

    open_a_van(page, lambda: (head.focus(), page.keyboard.press("Enter")))
    expect(page.locator("section.open .name")).to_have_text("van-2")
    expect(head).to_have_attribute("aria-expanded", "true")
    expect(head).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.locator("section.open")).to_have_count(0)


def test_who_is_there_by_keyboard_stays_when_the_order_of_vans_changes(
    seeded: Seeded, owner: psycopg.Connection, visit: Visit
) -> None:
    page = visit().page
    drawn(page)
    rows = page.locator("section[data-name]")
    expect(rows.nth(3)).to_have_attribute("data-name", f"van-{SILENT_VAN}")
    head = page.locator("section[data-name=van-4] .head")
    head.focus()

    # Heard again, it goes further down, and those below it move up.
    drive(owner, seeded.vans[SILENT_VAN - 1], NOON + timedelta(seconds=1), NOON + timedelta(seconds=20))

    expect(rows.nth(3)).to_have_attribute("data-name", "van-4")
    expect(head).to_be_focused()


def test_counters_filter_list_and_map(seeded: Seeded, visit: Visit) -> None:
    page = visit().page
    drawn(page)

    page.get_by_text("Silent 1", exact=True).click()

    expect(page.locator("section[data-name]")).to_have_count(1)
    eventually(lambda: late_at(page) is None, PATIENCE_S)


def test_an_order_in_the_list_leads_to_its_page(seeded: Seeded, visit: Visit) -> None:
    page = visit("/?van=van-3").page

    page.locator("section.open li a").first.click()

    page.wait_for_url("**/orders?order=1030")
    expect(page.locator(".wb-say")).to_contain_text("Order 1030 for Anna Turunen")


def test_dark_follows_the_system_and_reaches_the_map(seeded: Seeded, visit: Visit, picture: Picture) -> None:
    seen = visit(scheme="dark")
    page = seen.page
    expect(page.locator("section[data-name]")).to_have_count(9)

    def is_dark() -> bool:
        seen_map = look(page)
        return colours(seen_map) > 300 and sum(seen_map.getpixel((5, 5))[:3]) < 150

    eventually(is_dark, PATIENCE_S)
    picture(seen, "fleet-dark")


def test_a_phone_shows_map_above_list_without_scrolling_sideways(
    seeded: Seeded, visit: Visit, picture: Picture
) -> None:
    seen = visit(width=390, height=844)
    page = seen.page
    expect(page.locator("section[data-name]")).to_have_count(9)
    eventually(lambda: colours(look(page)) > 300, PATIENCE_S)

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    list_box = page.locator(".vans").bounding_box()
    assert list_box is not None
    assert list_box["y"] >= map_box(page)["y"] + map_box(page)["height"]
    picture(seen, "fleet-phone")


def test_the_process_ends_at_once_while_people_look(seeded: Seeded, visit: Visit, dashboard: Dashboard) -> None:
    seen = visit()
    drawn(seen.page)
    # From here on the browser may complain that its server has gone.
    seen.page.goto("about:blank")

    dashboard.process.terminate()

    assert dashboard.process.wait(8) == 0
