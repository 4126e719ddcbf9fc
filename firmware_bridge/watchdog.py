"""Tells systemd that the bridge is ready, alive and what it does. Without systemd it does nothing."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable


def notify(text: str) -> bool:
    """One message in the form of sd_notify(3); False when nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto(text.encode(), "\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return False
    return True


async def keep_awake(alive: Callable[[], Awaitable[object]], status: Callable[[], str]) -> None:
    """READY, then WATCHDOG as often as the unit asks, each time only after `alive` came back; until cancelled.

    A bridge whose disk hangs no longer answers, and systemd starts it anew.
    """
    timeout_s = int(os.environ.get("WATCHDOG_USEC", "60000000")) / 1e6
    await alive()
    notify(f"READY=1\nSTATUS={status()}")
    while True:
        await asyncio.sleep(timeout_s / 3)
        await alive()
        notify(f"WATCHDOG=1\nSTATUS={status()}")
