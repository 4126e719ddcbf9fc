"""A whole handoff on a phone: wrong bag, expired ID, signature, no connection, a phone that dies; and what fails."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from contract.clock import parse_clock, true_now
from tests.browser.conftest import PATIENCE_MS
from tests.fixtures.api import Api
from tests.fixtures.api_server import StartApi
from tests.fixtures.doors import dump
from tests.fixtures.gateway import NOON, eventually
from tests.fixtures.phones import issue
from tests.fixtures.trips import on_the_road

PHONE = {"width": 390, "height": 844}
BORN, EXPIRED, GOOD = "1987-06-05", "2026-11-22", "2031-08-09"
LICENCE_NO = "D7654321Q"
# Fields of a licence as its barcode has them (AAMVA, annex D), with invented values.
BARCODE = (
    "@\n\x1e\rANSI 636014090002DL00410278ZC03190008DLDAQ" + LICENCE_NO + "\nDCSSALO\nDDEN\nDACELINA\nDBB06051987\n"
    "DBA08092031\nDAJCA\nDCGUSA\rZCZCABRN\r"
)


@pytest.fixture
def origin(api: Api, start_api: StartApi) -> str:
    on_the_road(api, due_minor=2980)
    return start_api(parse_clock(f"{NOON.isoformat()}@{true_now().isoformat()}*1"))


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, color_scheme="dark", has_touch=True, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def sent(phone: BrowserContext) -> list[Request]:
    """Every request of the phone."""
    found: list[Request] = []

    def note(request: Request) -> None:
        found.append(request)

    phone.on("request", note)
    return found


def door(phone: BrowserContext, origin: str, order_no: str) -> Page:
    """From the trip to the door of an order."""
    page = phone.new_page()
    # The day of the tests, by which IDs are judged; nothing waits for this clock.
    page.clock.set_fixed_time(NOON)
    page.goto(f"{origin}/driver")
    drop = page.locator(f"#order-{order_no}")
    if drop.get_attribute("open") is None:
        drop.locator("summary").click()
    drop.get_by_role("link", name="Hand over").click()
    expect(page.get_by_role("heading", name="Is it the right bag?")).to_be_visible()
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill_id(page: Page, expires: str) -> None:
    page.get_by_label("Date of birth").fill(BORN)
    page.get_by_label("Good until").fill(expires)
    for question in ("The photo is this person", "The name is Elina Salo"):
        page.get_by_role("group", name=question).get_by_label("Yes").check()


def draw(page: Page) -> None:
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for x, y in ((120, 80), (200, 30), (260, 90), (300, 50)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


def handoffs(api: Api, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("compliance", "GET", f"/v1/orders/{number}/record").json()["handoffs"]
    return found


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    """Looked at in WAYBILL_SCREENSHOTS; and what axe has to say of it."""
    folder = Path(os.environ.get("WAYBILL_SCREENSHOTS", tmp_path))

    def picture_(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"handoff-{name}.png", full_page=True)
        serious = [
            one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")
        ]
        assert serious == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name

    return picture_


def test_a_whole_handoff_out_of_reach_with_a_phone_that_dies(
    api: Api, origin: str, phone: BrowserContext, sent: list[Request], picture: Callable[[Page, str], None]
) -> None:
    start = phone.new_page()
    start.goto(f"{origin}{issue(api)}")
    press(start, "Start my shift")
    page = door(phone, origin, "1001")
    page.get_by_label("Or type the last four characters").fill("1002")
    press(page, "Next")
    expect(page.get_by_role("alert")).to_contain_text("1002 is not this order's")
    page.get_by_label("Or type the last four characters").fill("1001")
    picture(page, "bag")
    press(page, "Next")

    assert page.evaluate("barcode => idCheck.read(barcode)", BARCODE) == {
        "birth": BORN, "expires": GOOD, "issuer": "CA"
    }  # fmt: skip
    fill_id(page, EXPIRED)
    press(page, "Check")
    expect(page.get_by_role("alert")).to_have_text("Expired 11/22/2026. Is there another ID?")
    picture(page, "expired")
    press(page, "Another ID")
    phone.set_offline(True)
    fill_id(page, GOOD)
    press(page, "Check")

    page.get_by_label("Ice, of 1.5 kg").fill("0.5")
    page.get_by_label("Back to the shop").check()
    press(page, "Next")
    press(page, "Español")
    expect(page.locator("#document")).to_contain_text("No aceptado: 1 kg · Ice")
    text = page.locator("#document").text_content() or ""
    page.get_by_label("Nombre de quien firma").fill("Elina Salo")
    draw(page)
    picture(page, "sign")
    press(page, "Next")
    page.get_by_label("Cash").check()
    press(page, "Next")
    press(page, "Hand over")
    expect(page.get_by_role("heading", name="Kept on this phone")).to_be_visible()
    picture(page, "kept")
    kept_here = page.evaluate("JSON.stringify(localStorage)")
    page.close()
    assert handoffs(api, "1001") == []

    phone.set_offline(False)
    again = phone.new_page()
    again.goto(f"{origin}/driver")

    eventually(lambda: handoffs(api, "1001") != [], within_s=60)
    (one,) = handoffs(api, "1001")
    assert (one["partial"], one["offline"], one["conflict"], one["declared_by"]) == (True, True, None, "driver E-1")
    assert one["proofs"]["id_check"] == {
        "id_class": "driving_licence", "unexpired": True, "photo_matches": True, "name_matches": True,
        "over_age": True, "age_threshold": 21, "read_mode": "manual", "issuer": None,
    }  # fmt: skip
    assert api.ask("compliance", "GET", "/v1/orders/1001/handoffs/1/document").text == text
    assert api.rows("SELECT paid_minor, paid_by, disposition FROM waybill.handoff") == [
        (2980, "cash", "RETURNED_TO_PREMISES")
    ]
    expect(again.locator("#waiting")).to_be_hidden()
    said = kept_here + dump(api).decode("utf-8", "replace") + "".join(r.url + (r.post_data or "") for r in sent)
    assert [secret for secret in (BORN, "06051987", LICENCE_NO, EXPIRED, GOOD) if secret in said] == []


def test_what_does_not_work_out_has_a_reason_a_card_and_another_attempt(
    api: Api, origin: str, phone: BrowserContext, picture: Callable[[Page, str], None]
) -> None:
    start = phone.new_page()
    start.goto(f"{origin}{issue(api)}")
    press(start, "Start my shift")
    page = door(phone, origin, "1002")
    page.get_by_label("Or type the last four characters").fill("1002")
    press(page, "Next")
    fill_id(page, EXPIRED)
    press(page, "Check")
    press(page, "It does not work out")
    expect(page.locator("#reason-said")).to_have_text("No valid ID")
    picture(page, "where")
    press(page, "Show the customer")
    expect(page.get_by_role("dialog")).to_contain_text("Do you have another one?")
    press(page, "Close")
    press(page, "I try again on this trip")
    expect(page.get_by_role("heading", name="The attempt is on record.")).to_be_visible()

    page.get_by_role("link", name="Another attempt").click()
    expect(page.get_by_text("Attempt 2")).to_be_visible()
    press(page, "It does not work out")
    picture(page, "why")
    press(page, "Nobody there")
    press(page, "Back to the shop")
    expect(page.get_by_role("heading", name="The attempt is on record.")).to_be_visible()

    told = [(one["attempt"], one["outcome"], one["reason_code"]) for one in handoffs(api, "1002")]
    assert told == [(1, "failed", "NO_VALID_ID"), (2, "failed", "RECIPIENT_ABSENT")]
    assert handoffs(api, "1002")[0]["proofs"]["id_check"]["unexpired"] is False
    assert api.rows("SELECT disposition FROM waybill.handoff ORDER BY attempt_no") == [
        ("REDELIVERY_SAME_TRIP",), ("RETURNED_TO_PREMISES",)
    ]  # fmt: skip


def test_digests_are_those_of_everybody_else(phone: BrowserContext) -> None:
    page = phone.new_page()
    page.add_script_tag(path=Path(__file__).parents[2] / "gateway/pages/static/sha256.js")
    texts = ["", "abc", "ñ€🚚" * 40, *("x" * n for n in range(53, 67))]

    found = page.evaluate("texts => texts.map(sha256)", texts)
    assert found == [hashlib.sha256(one.encode()).hexdigest() for one in texts]
