"""A receiver on a serial port; finds its baud rate, survives unplug and replug. Configures no receiver."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import stat
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import serial

from firmware_bridge.nmea.framing import Framer
from firmware_bridge.sources.source import Source, Teller

# Receivers send one burst a second; 0.2 s without a byte is between two bursts even at 4800 baud and 5 Hz.
PAUSE_S = 0.2
REOPEN_S = 1.0
# What receivers are sold with, the most frequent first: u-blox 9600 and 38400, Quectel and ST 115200, SiRF 4800.
BAUDS = (9600, 38400, 115200, 4800, 57600, 19200, 230400, 460800, 921600)
# At each rate we listen for one burst a second and a little more.
LISTEN_S = 1.3
# A checksum is right by chance once in 256: of noise hardly two sentences of a known shape pass.
SENTENCES_TO_BELIEVE = 2
# Bytes without any sentence for so long: somebody set the receiver to another rate.
DEAF_S = 20.0


class SerialSource(Source):
    """pyserial in a thread; `baud` None finds the rate by right checksums. A port that vanishes is waited for."""

    def __init__(self, port: str, baud: int | None = None) -> None:
        self.name = f"serial:{port}"
        self._port = port
        self._auto = baud is None
        self._baud = baud
        self._teller = Teller()

    @property
    def told(self) -> str | None:
        return self._teller.told

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            try:
                port = await asyncio.to_thread(self._open, self._baud or BAUDS[0])
            except (serial.SerialException, OSError) as error:
                self._teller.tell(f"{self._port}: {error}; {_remedy(error, self._port)}")
                await asyncio.sleep(REOPEN_S)
                continue
            try:
                async for chunk in self._read(port):
                    yield chunk
            except (serial.SerialException, OSError) as error:
                self._teller.tell(f"{self._port} is gone: {error}; waiting for it to come back")
            finally:
                port.close()
            await asyncio.sleep(REOPEN_S)

    def _open(self, baud: int) -> serial.Serial:
        # exclusive: a second bridge on the port would get every other byte.
        return serial.Serial(self._port, baud, timeout=PAUSE_S, exclusive=True)

    async def _read(self, port: serial.Serial) -> AsyncIterator[bytes]:
        """Bytes from an open port until it vanishes."""
        while True:
            if self._baud is None:
                self._baud, heard = await asyncio.to_thread(self._find_baud, port)
                if self._baud is None:
                    continue
                yield heard
            self._teller.well(f"reading {self._port} at {self._baud} baud")
            ear = _Ear()
            while not (self._auto and ear.deaf):
                chunk = await asyncio.to_thread(_read, port)
                ear.hear(chunk)
                yield chunk
            self._teller.tell(f"{self._port}: no sentence for {DEAF_S:.0f} s at {self._baud} baud; looking for another")
            self._baud = None

    def _find_baud(self, port: serial.Serial) -> tuple[int | None, bytes]:
        """The first rate at which sentences with right checksums come, and what came; raises when the port vanishes."""
        came = 0
        for baud in BAUDS:
            port.baudrate = baud
            port.reset_input_buffer()
            framer, heard, sentences = Framer(Counter()), b"", 0
            until_s = time.monotonic() + LISTEN_S
            while time.monotonic() < until_s and sentences < SENTENCES_TO_BELIEVE:
                chunk = _read(port)
                heard += chunk
                sentences += len(framer.feed(chunk))
            if sentences >= SENTENCES_TO_BELIEVE:
                return baud, heard
            came += len(heard)
        what = "bytes came, but no NMEA sentence at any baud rate: set the receiver's output to NMEA" if came else (
            "nothing comes at any baud rate: check the wiring (the receiver's TX to our RX) and its power"
        )  # fmt: skip
        self._teller.tell(f"{self._port}: {what}")
        return None, b""


class _Ear:
    """Tells when bytes come and no sentence is among them."""

    def __init__(self) -> None:
        self._framer = Framer(Counter())
        self._heard_s = time.monotonic()

    def hear(self, chunk: bytes) -> None:
        if not chunk or self._framer.feed(chunk):  # silence is no reason to look for another rate
            self._heard_s = time.monotonic()

    @property
    def deaf(self) -> bool:
        return time.monotonic() - self._heard_s > DEAF_S


def _read(port: serial.Serial) -> bytes:
    """What has come, waiting at most PAUSE_S for the first byte; b"" when nothing came."""
    first: bytes = port.read(1)
    return first + port.read(port.in_waiting) if first else b""


def _remedy(error: Exception, port: str) -> str:
    text = str(error)
    if isinstance(error, PermissionError) or "Permission denied" in text:
        return _permission(port)
    if "No such file" in text:
        return "plug the receiver in, or look up its name with: ls /dev/serial/by-id"
    if "exclusively lock" in text or "Device or resource busy" in text:
        return "another program holds it: stop the second bridge, or gpsd (then use gpsd://localhost:2947)"
    return "check the cable and that no other program (gpsd, ModemManager) holds the port"


def _permission(port: str) -> str:
    """Who may use the port, and how this user becomes one of them."""
    group = "dialout"
    with suppress(OSError, KeyError):
        seen = Path(port).stat()
        if not seen.st_mode & stat.S_IWGRP:
            return f"only its owner may use it: sudo chmod 660 {port}, or a udev rule that says so for good"
        group = grp.getgrgid(seen.st_gid).gr_name
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = "USER"
    return f"add the user to the group {group} (sudo usermod -aG {group} {user}) and log in again"
