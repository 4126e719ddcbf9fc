"""A receiver that falls silent: what was held back reaches the disk without another position."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware_bridge import bridge as bridge_module
from firmware_bridge.bridge import Bridge, BridgeOptions
from firmware_bridge.broker_link import BrokerAddress
from firmware_bridge.sources.source import Source
from tests.integration.firmware_bridge.scene import until
from tests.unit.firmware_bridge.nmea.writing import drive


class FallsSilent(Source):
    """Five epochs, then nothing at all, not even a pause."""

    name = "test"

    async def chunks(self) -> AsyncIterator[bytes]:
        yield drive(5)
        await asyncio.Event().wait()


def test_the_last_position_before_a_silence_is_spooled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "SILENT_S", 0.2)

    async def play() -> datetime | None:
        options = BridgeOptions(
            device="gps-01",
            source=FallsSilent(),
            spool_path=tmp_path / "spool.db",
            broker=BrokerAddress(host="127.0.0.1", port=1, password="nobody-listens"),
            drain_s=0.1,
        )
        bridge = Bridge(options)
        stop = asyncio.Event()
        task = asyncio.create_task(bridge.run(stop))
        await until(lambda: bridge.progress().spooled == 5, "all five, the last one by the silence")
        stop.set()
        await task
        return bridge.newest_at

    assert asyncio.run(play()) == datetime(2026, 11, 23, 9, 0, 4, tzinfo=UTC)
