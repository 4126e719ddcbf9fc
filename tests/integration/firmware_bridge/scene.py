"""Devices, gateway double and polling for the bridge's integration tests. Starts no server and no bridge."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from firmware_bridge.broker_link import BrokerAddress
from gateway.broker_admin import BrokerAdmin
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, BROKER_GATEWAY_PASSWORD
from tests.integration.firmware_bridge.gateway_double import GatewayDouble
from waybill.stack.broker import Broker

PASSWORD = "of-the-device"


def add_devices(broker: Broker) -> None:
    BrokerAdmin(broker.host, broker.port, BROKER_ADMIN_PASSWORD).put({"gps-01": PASSWORD, "gps-02": PASSWORD})


def address(broker: Broker) -> BrokerAddress:
    return BrokerAddress(host=broker.host, port=broker.port, password=PASSWORD)


def double(broker: Broker, *, receipts: bool = True) -> GatewayDouble:
    return GatewayDouble(broker.host, broker.port, BROKER_GATEWAY_PASSWORD, receipts=receipts)


@asynccontextmanager
async def running(gateway: GatewayDouble) -> AsyncIterator[GatewayDouble]:
    """The gateway double at work until the block ends."""
    task = asyncio.create_task(gateway.run())
    try:
        yield gateway
    finally:
        task.cancel()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()  # the double's own assertions


async def until(done: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Polls with a deadline; a failure says what did not happen."""
    try:
        async with asyncio.timeout(seconds):
            while not done():  # noqa: ASYNC110 - what is polled lies outside this loop's reach
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {seconds:g} s: {what}")
