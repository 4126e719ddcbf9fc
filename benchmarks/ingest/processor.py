"""How much processor time each part has used, from /proc. Knows only numbers of processes."""

from __future__ import annotations

import os
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def used_s(pid: int) -> float:
    """Seconds of the process, of all below it, and of those of them that have ended."""
    total = 0.0
    for process, parent, times in _processes():
        if process == pid or _below(parent, pid):
            total += sum(times)
    return total * _TICK_S


def memory_bytes(pid: int) -> int:
    """What of the process, and of those below it, is in memory now."""
    pages = 0
    for process, parent, _ in _processes():
        if process == pid or _below(parent, pid):
            pages += int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _processes() -> list[tuple[int, int, list[int]]]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append((int(path.name), int(fields[1]), [int(ticks) for ticks in fields[11:15]]))
    return found


def _below(process: int, pid: int) -> bool:
    while process > 1:
        if process == pid:
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return False
    return False
