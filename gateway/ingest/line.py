"""The socket under paho-mqtt: takes the PUBLISH packets out and writes PUBACKs in runs. Speaks no other MQTT.

Everything else on the line is paho's: connecting, TLS, passwords, subscriptions, keep-alive, what we publish.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable

from contract.clock import true_now
from gateway.ingest.inbox import Message
from gateway.ingest.packets import pubacks, read_packets

_READ_BYTES = 262_144
_TLS_RECORDS = 256  # Mosquitto sends each packet as a record of its own: read so many in one go
_GATHER_S = 0.002  # after messages: what comes meanwhile is read at once, instead of one packet at a time
_PATIENCE_S = 10.0  # for a broker that does not read; then what is left goes out with the next word


class Line:
    """One connection. paho reads and writes it from its thread, `acknowledge` is called from the pipeline's."""

    def __init__(self, line: socket.socket, session: int, deliver: Callable[[list[Message]], None]) -> None:
        self._socket = line
        self._deliver = deliver
        self._unread = b""  # the beginning of a packet
        self._for_paho = b""
        self._unsent = bytearray()
        self._buffer = memoryview(bytearray(_READ_BYTES))  # to make one for each read costs as much as three reads
        # OpenSSL forbids reading and writing one connection at the same time, and a run of PUBACKs may not begin in
        # the middle of a packet of paho's.
        self._lock = threading.Lock()
        self.session = session

    def acknowledge(self, packet_ids: Iterable[int]) -> None:
        """Sends PUBACKs. On a line that is broken they are left out: the broker sends the messages again."""
        try:
            self._write(pubacks(packet_ids))
        except (OSError, ValueError):  # ValueError: closed under us
            return

    def recv(self, size: int) -> bytes:
        """Bytes of packets that are paho's business; BlockingIOError when there are none now."""
        if not self._for_paho and not self._read():
            return b""
        if not self._for_paho:
            raise BlockingIOError
        taken, self._for_paho = self._for_paho[:size], self._for_paho[size:]
        return taken

    def _read(self) -> bool:
        """Delivers the messages that have come; False when the broker has hung up."""
        with self._lock:
            data = self._read_tls() if isinstance(self._socket, ssl.SSLSocket) else self._read_once()
        if not data:
            return False
        messages, self._for_paho, used = read_packets(self._unread + data, true_now(), self.session)
        self._unread = (self._unread + data)[used:] if self._unread else data[used:]
        if messages:
            self._deliver(messages)
            time.sleep(_GATHER_S)
        return True

    def _read_once(self) -> bytes:
        return bytes(self._buffer[: self._socket.recv_into(self._buffer)])

    def _read_tls(self) -> bytes:
        pieces: list[bytes] = []
        try:
            for _ in range(_TLS_RECORDS):
                pieces.append(self._read_once())
                if not pieces[-1]:
                    break
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if not pieces:
                raise
        return b"".join(pieces)

    def send(self, data: bytes | bytearray) -> int:
        """Sends all of it, or keeps the rest in order for the next word."""
        self._write(data)
        return len(data)

    def _write(self, data: bytes | bytearray) -> None:
        give_up_at_s = time.monotonic() + _PATIENCE_S
        with self._lock:
            self._unsent += data
            self._flush()
        while self._unsent and time.monotonic() < give_up_at_s:
            select.select([], [self._socket], [], 0.5)
            with self._lock:
                self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return

    def close(self) -> None:
        with self._lock:
            self._socket.close()

    def pending(self) -> int:
        """How many bytes are here already, for which no select will wake."""
        tls = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        return len(self._for_paho) + tls

    def do_handshake(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.do_handshake()

    def fileno(self) -> int:
        return self._socket.fileno()

    def settimeout(self, timeout_s: float | None) -> None:
        self._socket.settimeout(timeout_s)

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - the name and place that sockets have
        self._socket.setblocking(flag)


class Lines:
    """What paho wraps its connections with: it stands where an ssl.SSLContext would, and makes a Line of each socket.

    That is paho's one public place to put something of ours under it (Client.tls_set_context). Without TLS the line
    is plain although paho takes it for an encrypted one.
    """

    check_hostname = True  # so that paho leaves it to the context, as it must from Python 3.12 on

    def __init__(self, tls_ca: str | None, deliver: Callable[[list[Message]], None]) -> None:
        self._deliver = deliver
        self._tls: ssl.SSLContext | None = None
        if tls_ca is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # proves certificate and host name
            self._tls.load_verify_locations(tls_ca)
        self._sessions = 0
        self.current: Line | None = None

    def wrap_socket(self, plain: socket.socket, *, server_hostname: str, do_handshake_on_connect: bool) -> Line:
        """A new line over a connected socket; the sessions count from 1."""
        line = plain
        if self._tls is not None:
            line = self._tls.wrap_socket(
                plain, server_hostname=server_hostname, do_handshake_on_connect=do_handshake_on_connect
            )
        self._sessions += 1
        self.current = Line(line, self._sessions, self._deliver)
        return self.current
