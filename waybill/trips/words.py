"""Times, places and differences of a trip as words. Reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contract.geo import distance_m, from_e7
from storage.trip_story import GapStory, TripStory

Away = Callable[[int, int], str]  # of a fix's latitude and longitude


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


def gap_until(story: TripStory, at: datetime | None) -> GapStory | None:
    """The gap that ended at `at`: what is told for then happened at some time within it."""
    return None if at is None else next((gap for gap in story.gaps if gap.ended_at == at), None)


def away_from(lat_e7: int, lon_e7: int) -> Away:
    """How far from a place."""
    return lambda fix_lat_e7, fix_lon_e7: f"{distance_m(fix_lat_e7, fix_lon_e7, lat_e7, lon_e7):.0f} m away"


def fixes(evidence: Iterable[dict[str, Any]] | None, away: Away | None = None) -> list[str]:
    """One line for each deciding fix: time, number, place, speed, and where it lies by `away`."""
    lines = []
    for fix in evidence or ():
        speed = "" if "speed_mps" not in fix else f", {fix['speed_mps'] * 3.6:.1f} km/h"
        where = "" if away is None else f", {away(fix['lat_e7'], fix['lon_e7'])}"
        at = time(datetime.fromisoformat(fix["fixed_at"]))
        lines.append(f"  {at}  fix {fix['seq']} at {place(fix['lat_e7'], fix['lon_e7'])}{speed}{where}")
    return lines


def deciding(lines: list[str]) -> list[str]:
    return ["The fixes that decided it:", *lines] if lines else []


def value(held: Mapping[str, Any], name: str) -> str:
    """A threshold that held, as a number; ? when it was not kept."""
    known = held.get(name)
    return "?" if known is None else f"{known:g}"
