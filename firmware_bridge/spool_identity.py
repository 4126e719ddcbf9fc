"""Tells whether a spool file is the original or a copy. Looks at the file's place, never at its content."""

from __future__ import annotations

from pathlib import Path

# A cloned SD card keeps inode and machine id; the board's serial number (Raspberry Pi and other device-tree boards)
# tells the two computers apart.
_MACHINE = (Path("/etc/machine-id"), Path("/sys/firmware/devicetree/base/serial-number"))


def identity_of(path: Path) -> str:
    """Changes when the file is copied to another path or computer; stays through a reboot and a rename."""
    machine = "/".join(_text(source) for source in _MACHINE)
    return f"{machine}/{path.stat().st_ino}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip("\0\n ")
    except OSError:
        return ""  # containers and boards without one: the inode alone decides
