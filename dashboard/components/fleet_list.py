"""The list beside the live map: one row per van, the chosen one opened with its trip. Concludes nothing about vans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import wording
from dashboard.components.journey import DONE, Journey, drop_kind, next_drop
from dashboard.connectivity import Connectivity, Movement
from dashboard.links import order_page
from dashboard.palette import RISK_SIGN, Tones
from dashboard.van import Van
from storage.reading_rows import DropRow

HERE = Path(__file__).parent
_LINKS = {Connectivity.LIVE: "live", Connectivity.QUIET: "quiet", Connectivity.SILENT: "silent"}


def fleet_list(
    vans: Sequence[Van],
    tones: Tones,
    *,
    chosen: Van | None,
    journey: Journey | None,
    now: datetime,
    none: str,
    on_choose: Callable[[], None],
    key: str,
) -> None:
    """Shows the list; `on_choose` finds what was clicked in the session's state under `key`."""
    show = st.components.v2.component(
        "waybill_fleet_list",
        html='<div class="vans"></div><p class="none"></p>',
        css=f"{_variables(tones)}\n{(HERE / 'fleet_list.css').read_text(encoding='utf-8')}",
        js=(HERE / "fleet_list.js").read_text(encoding="utf-8"),
    )
    data = {
        "vans": [row_of(entry) for entry in vans],
        "chosen": None if chosen is None else chosen.name,
        "trip": None if chosen is None or journey is None else trip_of(chosen, journey, now),
        "none": none,
    }
    show(key=key, data=data, on_chosen_change=on_choose)


def _variables(tones: Tones) -> str:
    signs = {name: getattr(tones, name) for name in ("late", "at_risk", "on_time", "idle", "silent", "faint")}
    signs |= {"line": tones.border, "on-late": "#ffffff" if tones.name == "light" else "#1a0d05"}
    return f":host {{ {' '.join(f'--{name}: {colour};' for name, colour in signs.items())} }}"


def row_of(entry: Van) -> dict[str, Any]:
    """What one row shows, as words and the names of its signs."""
    row, signal = entry.row, entry.signal
    window = ""
    if row.next_window_from is not None and row.next_window_to is not None:
        window = wording.window(row.next_window_from, row.next_window_to, entry.tz)
    return {
        "name": entry.name,
        "crew": row.crew or "",
        "sign": RISK_SIGN[entry.risk],
        "risk": entry.risk,
        "state": entry.state,
        "link": _LINKS.get(signal.connectivity, "none"),
        "heard": _heard(entry),
        "turn": None if entry.heading_deg is None else round(entry.heading_deg),
        "motion": _motion(entry),
        "next": _next(entry),
        "eta": _eta(entry),
        "window": window,
    }


def _heard(entry: Van) -> str:
    signal = entry.signal
    if signal.age_s is None:
        return signal.connectivity.capitalize()
    waiting = f", {entry.row.backlog} waiting" if entry.row.backlog and entry.row.backlog > 60 else ""
    return f"{signal.connectivity.capitalize()}, {wording.age(signal.age_s)}{waiting}"


def _motion(entry: Van) -> str:
    if entry.signal.movement is Movement.MOVING:
        return wording.speed(entry.row.speed_mps)
    return "standing" if entry.signal.movement is Movement.STANDING else "not known"


def _next(entry: Van) -> str:
    row = entry.row
    if row.trip_id is None:
        return ""
    if row.next_address is None:
        return f"All {row.drops} drops done"
    return f"{row.next_seq}/{row.drops} {row.next_address}"


def _eta(entry: Van) -> str:
    later = entry.row.later_at_risk
    parts = [
        f"ETA {entry.eta}" if entry.eta else "",
        f"{wording.count_of(later, 'later drop')} at risk" if later else "",
    ]
    return " · ".join(filter(None, parts))


def trip_of(chosen: Van, journey: Journey, now: datetime) -> dict[str, Any]:
    """The opened part: facts of the trip and its drops."""
    row, tz = chosen.row, chosen.tz
    facts = [
        fact
        for fact in (row.plate, row.device_name, row.trip_no, _departure(chosen, now), _satellites(chosen))
        if fact is not None
    ]
    following = next_drop(journey.drops)
    return {
        "facts": facts,
        "drops": [_drop_of(drop, drop_kind(drop, following), tz, now) for drop in journey.drops],
    }


def _satellites(chosen: Van) -> str | None:
    return None if chosen.row.satellites is None else wording.count_of(chosen.row.satellites, "satellite")


def _departure(chosen: Van, now: datetime) -> str | None:
    row = chosen.row
    if row.planned_departure_at is None:
        return None
    planned = wording.time_of_day(row.planned_departure_at, chosen.tz, now)
    if row.departed_at is None:
        return f"leaves {planned}"
    behind_s = (row.departed_at - row.planned_departure_at).total_seconds()
    late = f", {wording.span(behind_s)} late" if behind_s > 60 else ""
    return f"left {wording.time_of_day(row.departed_at, chosen.tz, now)}{late}"


def _drop_of(drop: DropRow, kind: str, tz: ZoneInfo, now: datetime) -> dict[str, Any]:
    words = wording.milestone_words(drop.milestone)
    if drop.milestone in DONE:
        words += f" {wording.time_of_day(drop.left_at or drop.milestone_at, tz, now)}"
    return {
        "seq": drop.seq,
        "order": drop.order_no,
        "page": order_page(drop.order_no),
        "address": drop.address,
        "state": words,
        "when": f"window {wording.window(drop.window_from, drop.window_to, tz, now)}{_expected(drop, tz, now)}",
        "kind": kind,
    }


def _expected(drop: DropRow, tz: ZoneInfo, now: datetime) -> str:
    if drop.p50_at is not None and drop.p90_at is not None and drop.late_risk is not None and drop.arrived_at is None:
        return f" · ETA {wording.eta(drop.p50_at, drop.p90_at, tz, now)}, late risk {wording.percent(drop.late_risk)}"
    if drop.planned_arrival_at is None:
        return ""
    return f" · planned {wording.time_of_day(drop.planned_arrival_at, tz, now)}"
