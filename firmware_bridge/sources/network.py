"""A receiver behind a network: sentences over TCP or in UDP datagrams. Speaks no protocol of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from firmware_bridge.sources.source import Source, SourceError, Teller

# As for a serial port: no byte for so long is between two bursts.
PAUSE_S = 0.2
RECONNECT_S = 1.0
CONNECT_S = 10.0
# A receiver speaks every second; after a minute of nothing the line is most likely half open, so we make a new one.
SILENT_S = 60.0
_BLOCK = 4096
# Datagrams that wait while the disk is slow: a minute of a talkative receiver at 10 Hz.
_QUEUE = 4096


class TcpSource(Source):
    """Connects, and connects again whenever the line breaks or stays silent."""

    def __init__(self, host: str, port: int, *, scheme: str = "tcp") -> None:
        self.name = f"{scheme}://{host}:{port}"
        self.remedy = "check the address, and that the receiver serves NMEA there"
        self._host = host
        self._port = port
        self._teller = Teller()

    @property
    def told(self) -> str | None:
        return self._teller.told

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(CONNECT_S):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except (OSError, TimeoutError) as error:
                self._teller.tell(f"{self.name}: {error or 'no answer'}; {self.remedy}")
                await asyncio.sleep(RECONNECT_S)
                continue
            try:
                self._teller.well(f"reading {self.name}")
                self.greet(writer)
                async for chunk in _until_silent(reader):
                    yield self.taken(chunk)
                self._teller.tell(f"{self.name} ended or was silent for {SILENT_S:.0f} s; connecting again")
            except OSError as error:
                self._teller.tell(f"{self.name}: {error}; connecting again")
            finally:
                writer.close()
            await asyncio.sleep(RECONNECT_S)

    def greet(self, writer: asyncio.StreamWriter) -> None:
        """What must be said before the receiver speaks; nothing on a plain line."""

    def taken(self, chunk: bytes) -> bytes:
        """What of a chunk are the receiver's bytes; all on a plain line."""
        return chunk


async def _until_silent(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Chunks, and b"" for pauses, until the line ends or nothing came for SILENT_S."""
    silent_s = 0.0
    while silent_s < SILENT_S:
        try:
            async with asyncio.timeout(PAUSE_S):
                chunk = await reader.read(_BLOCK)
        except TimeoutError:
            silent_s += PAUSE_S
            yield b""
            continue
        if not chunk:
            return
        silent_s = 0.0
        yield chunk


class UdpSource(Source):
    """Listens for datagrams; whoever sends, sends to this one bridge."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"udp://{host}:{port}"
        self._address = (host or "0.0.0.0", port)  # noqa: S104 - a receiver on the van's own network must reach it
        self._teller = Teller()

    @property
    def told(self) -> str | None:
        return self._teller.told

    async def chunks(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(queue), local_addr=self._address)
        except OSError as error:
            raise SourceError(
                f"{self.name}: {error}; another program listens there, or the address is not ours"
            ) from error
        try:
            self._teller.well(f"listening on {self.name}")
            while True:
                try:
                    chunk = await asyncio.wait_for(queue.get(), PAUSE_S)
                except TimeoutError:
                    chunk = b""
                yield chunk
        finally:
            transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, queue: asyncio.Queue[bytes]) -> None:
        self._queue = queue

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio names it
        if not self._queue.full():  # beyond the bound UDP may lose them, as it may anywhere
            # The end of a datagram ends its line: many senders leave the line end out.
            self._queue.put_nowait(data if data.endswith(b"\n") else data + b"\n")
