"""Who the audit events of the command line name. Asks nobody."""

from __future__ import annotations

import getpass
import os

from storage.audit import Actor

INIT = Actor("system", "init")


def terminal_actor() -> Actor:
    """The person at the terminal, by the name the operating system knows; sudo's caller rather than root."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except OSError:
        name = f"uid {os.getuid()}"
    return Actor("system", f"command line: {name}")
