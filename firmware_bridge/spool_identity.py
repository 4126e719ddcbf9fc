"""Tells whether a spool file is the original or a copy, and whose it is. Looks at its place, never at its content."""

from __future__ import annotations

from pathlib import Path

# A cloned SD card keeps inode and machine id; the board's serial number (Raspberry Pi and other device-tree boards)
# tells the two computers apart.
_MACHINE = (Path("/etc/machine-id"), Path("/sys/firmware/devicetree/base/serial-number"))


def identity_of(path: Path, device: str) -> str:
    """Changes when the file is copied to another path or computer, or the unit gets another name; stays through a
    reboot and a rename."""
    return f"{_place(path)}/{device}"


def is_of_this_place(identity: str, path: Path) -> bool:
    """Whether the file that had this identity is the one at `path`, whatever the unit was called."""
    place = _place(path)
    return identity == place or identity.rpartition("/")[0] == place  # the name came with the second version


def _place(path: Path) -> str:
    machine = "/".join(_text(source) for source in _MACHINE)
    return f"{machine}/{path.stat().st_ino}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip("\0\n ")
    except OSError:
        return ""  # containers and boards without one: the inode alone decides
