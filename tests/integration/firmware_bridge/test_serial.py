"""The serial source on a pseudo-terminal: bytes, pauses, unplugging and plugging in again. Needs no broker."""

import asyncio
import os
import pwd
import termios
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


class Talker:
    """A receiver behind a pseudo-terminal that can be understood at one baud rate only."""

    def __init__(self, end: int, baud: int) -> None:
        self._end = end
        self.baud = baud
        self._said = 0

    async def speak(self) -> None:
        """A sentence every 50 ms; to a listener at another rate it is noise."""
        sentences = drive(4000).splitlines(keepends=True)
        while True:
            # The end we hold answers with the settings of the listener's end.
            listening = termios.tcgetattr(self._end)[4]
            sentence = sentences[self._said]
            self._said += 1
            os.write(self._end, sentence if listening == getattr(termios, f"B{self.baud}") else b"\xf8\x80\x1e" * 9)
            await asyncio.sleep(0.05)


def test_finds_the_baud_rate_by_checksums_also_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serial_source, "DEAF_S", 0.5)
    monkeypatch.setattr(serial_source, "LISTEN_S", 0.4)
    port = tmp_path / "gps"

    async def scene() -> list[Position]:
        seen: list[Position] = []
        with plugged_in(port) as receiver:
            talker = Talker(receiver, 115200)
            tasks = [
                asyncio.create_task(read(SerialSource(str(port)), seen)),
                asyncio.create_task(talker.speak()),
            ]
            await until(lambda: f"reading {port} at 115200 baud" in caplog.text, "the rate")
            await until(lambda: len(seen) > 3, "fixes")
            talker.baud = 4800
            await until(lambda: f"reading {port} at 4800 baud" in caplog.text, "the other rate")
            before = len(seen)
            await until(lambda: len(seen) > before + 3, "fixes at the other rate")
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return seen

    seen = asyncio.run(scene())

    times = [position.fixed_at for position in seen]
    assert times == sorted(set(times))


@pytest.mark.parametrize(("sent", "said"), [(b"", "nothing comes"), (b"\xb5b\x01\x07" * 50, "no NMEA sentence")])
def test_a_port_without_nmea_is_told_what_to_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, sent: bytes, said: str
) -> None:
    monkeypatch.setattr(serial_source, "LISTEN_S", 0.05)
    port = tmp_path / "gps"

    async def scene() -> None:
        with plugged_in(port) as receiver:
            task = asyncio.create_task(read(SerialSource(str(port)), []))

            def told() -> bool:
                os.write(receiver, sent)
                return said in caplog.text

            await until(told, said)
            task.cancel()
            await asyncio.wait((task,))

    asyncio.run(scene())


def test_a_port_that_another_holds_is_told_by_whom_it_may_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = tmp_path / "gps"

    async def scene() -> None:
        with plugged_in(port):
            tasks = [asyncio.create_task(read(SerialSource(str(port), 9600), [])) for _ in range(2)]
            await until(lambda: "another program holds it" in caplog.text, "the remedy")
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    asyncio.run(scene())


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may open everything."""
    if os.geteuid() != 0:
        yield
        return
    nobody, groups, group = pwd.getpwnam("nobody"), os.getgroups(), os.getegid()
    os.setgroups([])
    os.setegid(nobody.pw_gid)
    os.seteuid(nobody.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o060, "add the user to the group {group} (sudo usermod -aG {group} {user})"), (0o000, "sudo chmod 660 {port}")],
)
def test_a_port_that_may_not_be_used_is_told_with_the_way_in(
    mode: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(port: str) -> None:
        task = asyncio.create_task(read(SerialSource(port, 9600), []))
        await until(lambda: "Permission denied" in caplog.text, "that the port may not be used")
        task.cancel()
        await asyncio.wait((task,))

    ours, theirs = os.openpty()
    try:
        port = os.ttyname(theirs)
        Path(port).chmod(mode)
        group = Path(port).group()
        with as_nobody():
            user = pwd.getpwuid(os.geteuid()).pw_name
            asyncio.run(scene(port))
    finally:
        os.close(theirs)
        os.close(ours)

    assert said.format(port=port, group=group, user=user) in caplog.text
