"""Fixtures: the real dashboard as a process, and pages in a real Chromium that note every request and console line."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contract.clock import Clock, true_now
from tests.fixtures.database import Database
from tests.fixtures.examples import NOON
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.seed import Seeded, seed
from waybill.stack import chromium

# The first map takes a browser without a graphics card several seconds, more on a machine that is shared.
PATIENCE_MS = 60_000


@dataclass
class Dashboard:
    """The running dashboard; `clock` is the one it goes by."""

    url: str
    clock: Clock
    process: subprocess.Popen[bytes]


@dataclass
class Seen:
    """What a page asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium.find(print)
    expect.set_options(timeout=PATIENCE_MS)
    chromium.ready_driver(print)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found.executable, args=[*found.arguments], env={**found.environ}
        )
        yield started
        started.close()


@pytest.fixture
def seeded(owner: psycopg.Connection) -> Seeded:
    return seed(owner, NOON)


@pytest.fixture
def dashboard(database: Database, tmp_path: Path) -> Iterator[Dashboard]:
    """`waybill dashboard` on a free port; its clock started at NOON when the test did."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock = Clock(NOON, true_now())
    environ = {
        "WAYBILL_DATABASE_READER_URL": database.reader_url, "WAYBILL_CLOCK": clock.text(),
        "WAYBILL_DASHBOARD_PORT": str(port), "WAYBILL_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    log = tmp_path / "dashboard.log"
    with waybill_process("dashboard", environ=environ, log=log) as process:
        eventually(lambda: process.poll() is not None or _answers(url), within_s=60)
        assert process.poll() is None, log.read_text()
        yield Dashboard(url, clock, process)
        errors = [line for line in log.read_text().splitlines() if "Traceback" in line or "ERROR" in line]
        assert not errors, log.read_text()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def visit(browser: Browser, dashboard: Dashboard) -> Iterator[Callable[..., Seen]]:
    """Opens an address of the dashboard in a window of its own; at the end nothing may have gone wrong in any."""
    visits: list[Seen] = []

    def visit_(path: str = "/", *, width: int = 1440, height: int = 900, scheme: Any = "light") -> Seen:
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE_MS)
        seen = Seen(page)
        visits.append(seen)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("console", lambda line: seen.complaints.append(line.text) if line.type == "error" else None)
        page.on("response", lambda answer: seen.complaints.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{dashboard.url}{path}")
        return seen

    yield visit_
    for seen in visits:
        assert off_origin(seen, dashboard) == []
        assert seen.complaints == []
        seen.page.close()


def off_origin(seen: Seen, dashboard: Dashboard) -> list[str]:
    """Requests that left the dashboard's origin."""
    ours = urlsplit(dashboard.url).netloc
    return [
        url for url in seen.requests if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != ours
    ]


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Seen, str], Path]:
    """Keeps a screenshot, in WAYBILL_SCREENSHOTS when that folder is named."""
    folder = Path(os.environ.get("WAYBILL_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def picture_(seen: Seen, name: str) -> Path:
        path = folder / f"{name}.png"
        seen.page.screenshot(path=path)
        return path

    return picture_
