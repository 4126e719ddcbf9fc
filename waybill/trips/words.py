"""Times, places and differences of a trip as words. Reads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from contract.geo import distance_m, from_e7


def time(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """So long, as people say it: 45 s, 12 min 5 s, 3 h 20 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def lasted(began_at: datetime, ended_at: datetime | None) -> str:
    return "still" if ended_at is None else span((ended_at - began_at).total_seconds())


def place(lat_e7: int, lon_e7: int) -> str:
    return f"{from_e7(lat_e7):.6f}, {from_e7(lon_e7):.6f}"


def difference(detected: datetime | None, declared: datetime | None) -> str:
    """How far what somebody said lies from what fixes showed."""
    if detected is None or declared is None:
        return ""
    seconds = (declared - detected).total_seconds()
    return "the same" if abs(seconds) < 1 else f"declared {span(abs(seconds))} {'later' if seconds > 0 else 'earlier'}"


def fixes(evidence: Iterable[dict[str, Any]] | None, about: tuple[int, int] | None = None) -> list[str]:
    """One line for each deciding fix: time, number, place, speed, and how far from `about`."""
    lines = []
    for fix in evidence or ():
        speed = "" if "speed_mps" not in fix else f", {fix['speed_mps'] * 3.6:.1f} km/h"
        away = "" if about is None else f", {distance_m(fix['lat_e7'], fix['lon_e7'], *about):.0f} m away"
        at = time(datetime.fromisoformat(fix["fixed_at"]))
        lines.append(f"  {at}  fix {fix['seq']} at {place(fix['lat_e7'], fix['lon_e7'])}{speed}{away}")
    return lines
