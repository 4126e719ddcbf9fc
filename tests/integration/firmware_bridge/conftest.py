"""A broker of the test's own. Starts no bridge."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.servers import new_broker
from tests.integration.firmware_bridge.scene import add_devices
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports


@pytest.fixture(autouse=True)
def _whole_log(caplog: pytest.LogCaptureFixture) -> None:
    """Sources say at INFO when they work, and tests wait for that."""
    caplog.set_level(logging.INFO, "firmware_bridge")


@pytest.fixture
def own_broker(request: pytest.FixtureRequest, server_folder: Path, server_ports: Ports) -> Iterator[Broker]:
    """A broker that the test may kill, with the devices gps-01 and gps-02."""
    with new_broker(server_folder / f"bridge-{request.node.name}"[:60], server_ports) as broker:
        add_devices(broker)
        yield broker
