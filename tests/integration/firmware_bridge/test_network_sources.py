"""TCP, UDP and a real gpsd as sources. Needs no broker."""

import asyncio
import os
import signal
import socket
import subprocess
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.sources import network
from firmware_bridge.sources.gpsd import GpsdSource
from firmware_bridge.sources.network import TcpSource, UdpSource
from firmware_bridge.sources.source import Source, SourceError
from tests.integration.firmware_bridge.scene import until
from tests.unit.firmware_bridge.nmea.writing import drive
from waybill.stack.ports import Ports
from waybill.stack.servers import ensure

BURSTS = [drive(n + 1)[len(drive(n)) :] for n in range(40)]


async def read(source: Source, seen: list[Position]) -> None:
    decoder = Decoder()
    async for chunk in source.chunks():
        seen += decoder.feed(chunk) if chunk else decoder.pause()


def test_tcp_goes_on_when_the_server_restarts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, server_ports: Ports
) -> None:
    monkeypatch.setattr(network, "RECONNECT_S", 0.05)
    port = server_ports.claim(0)
    said = iter(BURSTS)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(said) + next(said))
        await writer.drain()
        writer.close()

    async def scene() -> list[Position]:
        seen: list[Position] = []
        task = asyncio.create_task(read(TcpSource("127.0.0.1", port), seen))
        await until(lambda: "check the address" in caplog.text, "the remedy while nobody serves")
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            await until(lambda: len(seen) >= 5, "fixes over three connections")
        task.cancel()
        await asyncio.wait((task,))
        return seen

    seen = asyncio.run(scene())

    assert [position.fixed_at.second for position in seen[:5]] == [0, 1, 2, 3, 4]


def test_a_silent_tcp_line_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "RECONNECT_S", 0.05)
    monkeypatch.setattr(network, "SILENT_S", 0.3)
    monkeypatch.setattr(network, "PAUSE_S", 0.1)

    async def scene() -> int:
        calls: list[asyncio.StreamWriter] = []

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append(writer)  # and says nothing

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            task = asyncio.create_task(read(TcpSource("127.0.0.1", port), []))
            await until(lambda: len(calls) >= 3, "three connections")
            task.cancel()
            await asyncio.wait((task,))
            for writer in calls:
                writer.close()
        return len(calls)

    assert asyncio.run(scene()) >= 3


def test_udp_datagrams_with_and_without_a_line_end(server_ports: Ports) -> None:
    port = server_ports.claim(0)

    async def scene() -> list[Position]:
        seen: list[Position] = []
        task = asyncio.create_task(read(UdpSource("127.0.0.1", port), seen))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            bursts = iter(BURSTS)

            def five() -> bool:
                burst = next(bursts)
                sender.sendto(burst if len(seen) % 2 else burst.rstrip(), ("127.0.0.1", port))
                return len(seen) >= 5

            await until(five, "five fixes")
        task.cancel()
        await asyncio.wait((task,))
        return seen

    times = [position.fixed_at for position in asyncio.run(scene())]
    assert times == sorted(set(times))


def test_a_udp_port_in_use_is_an_error_that_names_it(server_ports: Ports) -> None:
    port = server_ports.claim(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))

        with pytest.raises(SourceError, match=f"udp://127.0.0.1:{port}.*another program"):
            asyncio.run(read(UdpSource("127.0.0.1", port), []))


@contextmanager
def gpsd_on(port: int, device: str) -> Iterator[None]:
    """Debian's gpsd on a receiver, until the block ends."""
    program = ensure("gpsd", print) / "usr" / "sbin" / "gpsd"
    process = subprocess.Popen([program, "-N", "-n", "-b", "-S", str(port), device], stderr=subprocess.PIPE)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


def test_a_real_gpsd_gives_what_its_receiver_says(
    monkeypatch: pytest.MonkeyPatch, server_ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(network, "RECONNECT_S", 0.1)
    port = server_ports.claim(0)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device = os.ttyname(theirs)
    Path(device).chmod(0o666)  # gpsd gives up being root before it opens the port

    async def scene() -> list[Position]:
        seen: list[Position] = []
        task = asyncio.create_task(read(GpsdSource("127.0.0.1", port), seen))
        await until(lambda: "start gpsd there" in caplog.text, "the remedy while there is no gpsd")
        with gpsd_on(port, device):
            bursts = iter(drive(4000).splitlines(keepends=True))

            def eight() -> bool:
                os.write(ours, next(bursts))
                return len(seen) >= 8

            await until(eight, "eight fixes through gpsd")
            task.cancel()
            await asyncio.wait((task,))
        return seen

    try:
        seen = asyncio.run(scene())
    finally:
        os.close(ours)
        os.close(theirs)

    direct = Decoder()
    told = {p.fixed_at: p for p in [*direct.feed(drive(4000)), *direct.flush()]}
    assert all(told[position.fixed_at] == position for position in seen), "gpsd changed the receiver's words"
