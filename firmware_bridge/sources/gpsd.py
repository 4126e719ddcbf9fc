"""A receiver that gpsd holds: asks it for NMEA and leaves its JSON aside. Configures no gpsd.

NMEA and not gpsd's TPV reports, because these are the receiver's own words under a checksum, read by the same decoder
as on a serial port; TPV holds gpsd's conclusions (1024 weeks added when it believes in a roll-over, speeds kept from
the epoch before; docs/nmea-agreement.md). For receivers in binary mode gpsd writes the sentences itself.
"""

from __future__ import annotations

import asyncio

import msgspec

from firmware_bridge.sources.network import TcpSource

DEFAULT_PORT = 2947
_MAX_LINE = 65_536


class _Reply(msgspec.Struct, rename={"kind": "class"}):
    kind: str = ""
    message: str = ""
    devices: list[msgspec.Raw] | None = None


_reply = msgspec.json.Decoder(_Reply)


class GpsdSource(TcpSource):
    """`device` limits it to one of gpsd's receivers, such as /dev/ttyUSB0."""

    def __init__(self, host: str, port: int = DEFAULT_PORT, device: str | None = None) -> None:
        super().__init__(host, port, scheme="gpsd")
        self.remedy = "start gpsd there (sudo systemctl start gpsd), or let it listen to others with its option -G"
        self._device = device
        self._tail = b""

    def greet(self, writer: asyncio.StreamWriter) -> None:
        wish: dict[str, object] = {"enable": True, "nmea": True}
        if self._device is not None:
            wish["device"] = self._device
        self._tail = b""
        writer.write(b"?WATCH=" + msgspec.json.encode(wish) + b";\n")

    def taken(self, chunk: bytes) -> bytes:
        """Whole lines that are no JSON; what gpsd says of errors and missing receivers goes to the log."""
        *lines, self._tail = (self._tail + chunk).split(b"\n")
        if len(self._tail) > _MAX_LINE:
            self._tail = b""
        kept = []
        for line in lines:
            if line.startswith(b"{"):
                self._hear(line)
            else:
                kept.append(line + b"\n")
        return b"".join(kept)

    def _hear(self, line: bytes) -> None:
        try:
            reply = _reply.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if reply.kind == "ERROR":
            self._teller.tell(f"{self.name} says: {reply.message[:200]}")
        elif reply.kind == "DEVICES" and not reply.devices:
            self._teller.tell(f"{self.name} has no receiver yet: plug it in, or name it in /etc/default/gpsd")
