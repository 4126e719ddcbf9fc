"""A receiver on a serial port; survives unplug and replug. Does not look for the baud rate yet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import serial

from firmware_bridge.sources.source import Source

log = logging.getLogger(__name__)

# Receivers send one burst a second; 0.2 s without a byte is between two bursts even at 4800 baud and 5 Hz.
PAUSE_S = 0.2
REOPEN_S = 1.0


class SerialSource(Source):
    """pyserial in a thread; a port that vanishes or is not there yet is tried again every second."""

    def __init__(self, port: str, baud: int) -> None:
        self.name = f"serial:{port}"
        self._port = port
        self._baud = baud
        self._told: str | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            try:
                port = await asyncio.to_thread(serial.Serial, self._port, self._baud, timeout=PAUSE_S)
            except (serial.SerialException, OSError) as error:
                self._tell(f"{self._port}: {error}; {_remedy(error)}")
                await asyncio.sleep(REOPEN_S)
                continue
            self._tell(f"reading {self._port} at {self._baud} baud")
            try:
                while True:
                    yield await asyncio.to_thread(_read, port)
            except (serial.SerialException, OSError) as error:
                self._tell(f"{self._port} is gone: {error}; waiting for it to come back")
            finally:
                port.close()
            await asyncio.sleep(REOPEN_S)

    def _tell(self, text: str) -> None:
        """Once per state, not once per second."""
        if text != self._told:
            self._told = text
            log.warning("%s", text, extra={"action": "source"})


def _read(port: serial.Serial) -> bytes:
    """What has come, waiting at most PAUSE_S for the first byte; b"" when nothing came."""
    first: bytes = port.read(1)
    return first + port.read(port.in_waiting) if first else b""


def _remedy(error: Exception) -> str:
    if isinstance(error, PermissionError) or "Permission denied" in str(error):
        return "add the user to the group dialout (sudo usermod -aG dialout USER) and log in again"
    if "No such file" in str(error):
        return "plug the receiver in, or look up its name with: ls /dev/serial/by-id"
    return "check the cable and that no other program (gpsd, ModemManager) holds the port"
