"""The serial source on a pseudo-terminal: bytes, pauses, unplugging and plugging in again. Needs no broker."""

import asyncio
import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources import serial as serial_source
from firmware_bridge.sources.serial import SerialSource
from tests.integration.firmware_bridge.scene import until
from tests.unit.firmware_bridge.nmea.writing import drive


@contextmanager
def plugged_in(port: Path) -> Iterator[int]:
    """A receiver behind `port` until the block ends; gives the end to write to."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    port.symlink_to(os.ttyname(theirs))
    try:
        yield ours
    finally:
        port.unlink()
        os.close(theirs)
        os.close(ours)


async def read(source: SerialSource, seen: list[Position]) -> None:
    decoder = Decoder()
    async for chunk in source.chunks():
        seen += decoder.feed(chunk) if chunk else decoder.pause()


def test_survives_unplug_and_replug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serial_source, "REOPEN_S", 0.05)
    port = tmp_path / "gps"

    async def scene() -> list[Position]:
        seen: list[Position] = []
        task = asyncio.create_task(read(SerialSource(str(port), 9600), seen))
        await until(lambda: "plug the receiver in" in caplog.text, "the remedy for a port that is not there")
        with plugged_in(port) as receiver:
            await until(lambda: "reading" in caplog.text, "the port opened; opening throws away what came before")
            os.write(receiver, drive(3))
            await until(lambda: len(seen) == 3, "three fixes, the last one by the pause")
        await until(lambda: "waiting for it to come back" in caplog.text, "the loss in the log")
        caplog.clear()
        with plugged_in(port) as receiver:
            await until(lambda: "reading" in caplog.text, "the port opened again")
            os.write(receiver, drive(5)[len(drive(3)) :])
            await until(lambda: len(seen) == 5, "two more after plugging in again")
            task.cancel()
            await asyncio.wait((task,))
        return seen

    seen = asyncio.run(scene())

    assert [position.fixed_at.second for position in seen] == [0, 1, 2, 3, 4]
