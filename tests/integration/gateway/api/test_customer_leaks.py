"""Over a whole simulated day no answer to one customer's link holds anything of another customer's order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import psycopg
import pytest

from contract.clock import Clock, true_now
from contract.geo import distance_m
from gateway.api.customer_pages import CustomerPages
from gateway.api.pace import Pace
from gateway.customer.frame import SIZE, Frame
from gateway.customer.van import OTHER_DOOR_M, SHOWN_WITHIN_M
from tests.fixtures.api import Api
from tests.fixtures.delivery_day import DayOrder, DeliveryDay
from tests.fixtures.gateway import NOON
from tests.fixtures.seed import MAP_DIR

_DEGREE_E7_M = 0.011119508  # metres of 1e-7 degree of latitude
# Anything that looks like a coordinate in degrees, or in 1e-7 of them.
_COORDINATE = re.compile(r"\b(?:60|24)\.\d{3,}|\b(?:60[0-9]{7}|24[0-9]{7})\b")


@dataclass
class Heard:
    """What came back for one link, without what was asked for it alone."""

    pages: list[str] = field(default_factory=list)
    seen: int = 0  # how often the van was shown
    hidden_at_door: int = 0  # and how often not although the order was next, because it stood at somebody else's


@pytest.fixture
def day(api: Api) -> Iterator[DeliveryDay]:
    """The API on one connection, which is as quick as a pool; nobody is too fast for it."""
    with psycopg.connect(api.database.owner_url) as desk, psycopg.connect(api.database.gateway_url) as own:

        @contextmanager
        def connect() -> Iterator[psycopg.Connection]:
            yield own

        api.app.state.connect = connect
        api.app.state.customer_pages = CustomerPages(map_dir=MAP_DIR)
        api.app.state.customer_pages.answers = Pace(1_000_000, 60.0)
        desk.execute("UPDATE waybill.premises SET name = 'Corner Shop'")
        yield DeliveryDay(desk, api.store, NOON, 2)


@pytest.mark.parametrize("every_s", [600, pytest.param(30, marks=pytest.mark.long)])
def test_no_answer_to_one_link_holds_anything_of_another_order(api: Api, day: DeliveryDay, every_s: int) -> None:
    heard = {order.order_no: Heard() for order in day.orders}
    moments = day.moments(timedelta(seconds=every_s))

    asyncio.run(_ask_all_day(api, day, moments, heard))

    for order in day.orders:
        # Most answers are the same as the one before.
        text = "\n".join(sorted(set(heard[order.order_no].pages))).lower()
        for other in day.orders:
            if other is not order:
                assert [trace for trace in other.traces() if _holds(text, trace)] == [], order.order_no
        assert not _COORDINATE.search(text)
        assert "sauvignon" not in text
        assert "waybill" not in text
    # It would all be true of a page that shows nothing.
    shown = [order for order in day.orders if heard[order.order_no].seen > 0]
    assert len(shown) >= len(day.orders) - 2, [order.order_no for order in day.orders if order not in shown]
    assert sum(one.hidden_at_door for one in heard.values()) >= len(day.orders) // 2
    assert all(_holds("".join(heard[order.order_no].pages).lower(), order.address) for order in day.orders)


def _holds(text: str, trace: str) -> bool:
    """As a word of its own: the house 12 is not the house 1."""
    found = trace.lower()
    return found in text and re.search(rf"(?<!\w){re.escape(found)}(?!\w)", text) is not None


async def _ask_all_day(api: Api, day: DeliveryDay, moments: list[datetime], heard: dict[str, Heard]) -> None:
    transport = httpx.ASGITransport(api.app, client=("203.0.114.9", 1), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60) as client:
        for at in moments:
            day.go_to(at)
            api.app.state.clock = Clock(at, true_now(), 1e-6)  # it stands still
            for order in day.orders:
                await _ask(client, day, order, at, heard[order.order_no])


async def _ask(client: httpx.AsyncClient, day: DeliveryDay, order: DayOrder, at: datetime, heard: Heard) -> None:
    page = await client.get(f"/t/{order.token}", params={"map": "1"})
    assert page.status_code == 200, page.text
    state = await client.get(f"/t/{order.token}/state")
    heard.pages += [page.text.replace(order.token, ""), state.text, str(page.headers), str(state.headers)]
    van = state.json()["van"]
    is_next = _is_next(day, order, at)
    assert ('id="map"' in page.text) == is_next
    assert ('id="van"' in page.text) == is_next
    if van is None:
        heard.hidden_at_door += is_next
        assert 'class="van" transform="translate(0 0)" visibility="hidden"' in page.text or not is_next
        return
    heard.seen += 1
    assert is_next, (order.order_no, at)
    assert f"translate({van['x']} {van['y']})" in page.text
    _check_place(day, order, at, van)
    ground = await client.get(f"/t/{order.token}/ground/{van['level']}")
    assert ground.status_code == 200
    assert len(ground.content) < 500_000


def _is_next(day: DeliveryDay, order: DayOrder, at: datetime) -> bool:
    """By the truth: it is in the van, and everything before it is served."""
    own = day.of_van(order.van)
    before = own[: own.index(order)]
    served = [one.visit.left_at - timedelta(seconds=20) <= at for one in [*before, order]]
    return all(served[:-1]) and not served[-1] and day.is_out(order.van, at)


def _check_place(day: DeliveryDay, order: DayOrder, at: datetime, van: dict[str, int]) -> None:
    """It is the van's own, roughly, and at nobody else's door."""
    frame = Frame(order.lat_e7, order.lon_e7, van["level"])
    unit_m = 2 * frame.half_m / SIZE
    lat_e7 = order.lat_e7 + round((SIZE / 2 - van["y"]) * unit_m / _DEGREE_E7_M)
    lon_e7 = order.lon_e7 + round((van["x"] - SIZE / 2) * unit_m / (_DEGREE_E7_M * 0.4974))
    truth = day.truth(order.van, at)
    assert distance_m(*truth, lat_e7, lon_e7) <= SHOWN_WITHIN_M + 2 * unit_m
    if distance_m(*truth, order.lat_e7, order.lon_e7) > OTHER_DOOR_M:
        for other in day.of_van(order.van):
            if other is not order:
                assert distance_m(*truth, other.lat_e7, other.lon_e7) > OTHER_DOOR_M, (order.order_no, other.order_no)


def test_the_ground_is_the_same_whatever_the_van_does(api: Api, day: DeliveryDay) -> None:
    """The picture shows streets and nothing that happens on them."""
    first = day.of_van(1)[0]
    pictures = set()
    for minutes in (3, 4, 5):
        day.go_to(at := NOON + timedelta(minutes=minutes))
        api.app.state.clock = Clock(at, true_now(), 1e-6)
        answer = api.ask(None, "GET", f"/t/{first.token}/ground/3")
        assert answer.status_code == 200
        pictures.add(answer.content)

    assert len(pictures) == 1
