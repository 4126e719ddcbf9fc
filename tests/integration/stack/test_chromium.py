"""The Chromium of the tests draws text and WebGL without a screen, and asks the network for nothing."""

import os

import pytest
from playwright.sync_api import sync_playwright

from waybill.stack import chromium

PAGE = "data:text/html,<title>map</title><h1 style='font:40px sans-serif;display:inline'>Pakila</h1><canvas></canvas>"


@pytest.mark.parametrize("environ", [{**os.environ}, pytest.param({"PATH": ""}, marks=pytest.mark.long)])
def test_chromium_draws_text_and_webgl_and_sends_nothing(environ: dict[str, str]) -> None:
    found = chromium.find(print, environ)  # without a PATH it is the private copy
    chromium.ready_driver(print)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.executable, args=[*found.arguments], env={**found.environ}
        )
        page = browser.new_page()
        requests: list[str] = []
        page.context.on("request", lambda request: requests.append(request.url))
        page.goto(PAGE)
        width = page.locator("h1").bounding_box()
        webgl = page.evaluate("document.querySelector('canvas').getContext('webgl2') !== null")
        browser.close()

    assert width is not None
    assert width["width"] > 60
    assert webgl is True
    assert requests == []
