"""What changed in a device's word about itself: the entries of its log. Stores nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contract.messages import Status
from contract.times import parse_instant
from storage.device_log import DeviceEntry

CLOCK_MOVED_S = 2.0  # below it lie the delays of line and disk; what is beyond is a clock that runs off or was set


def changes(device_id: int, before: dict[str, Any], status: Status, received_at: datetime) -> list[DeviceEntry]:
    """Entries for what differs from the word `before` (as stored; empty: the first one)."""
    at = _said_at(status, received_at)
    found: list[tuple[str, dict[str, Any]]] = []
    if status.state != before.get("state"):
        # The broker's last will names no spool: the line broke. A unit that leaves in order says all it knows.
        found.append((status.state, {"by": "broker" if status.spool is None else "device"}))
    if status.spool is not None:
        found += _boots(before, status) + _numbers(before, status) + _clock(before, status) + _receiver(before, status)
    return [DeviceEntry(device_id, at, received_at, kind, facts) for kind, facts in found]


def _said_at(status: Status, received_at: datetime) -> datetime:
    try:
        return received_at if status.at is None else min(parse_instant(status.at), received_at)
    except ValueError:
        return received_at


def _boots(before: dict[str, Any], status: Status) -> list[tuple[str, dict[str, Any]]]:
    same = (status.spool, status.boot) == (before.get("spool"), before.get("boot"))
    return [] if same else [("boot", {"spool": status.spool, "boot": status.boot, "before": before.get("boot")})]


def _numbers(before: dict[str, Any], status: Status) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    known = {tuple(pair) for pair in before.get("dropped", ())} if status.spool == before.get("spool") else set()
    if fresh := [list(pair) for pair in status.dropped if tuple(pair) not in known]:
        found.append(("given_up", {"spool": status.spool, "ranges": fresh, "because": list(status.dropped_because)}))
    had, has = (before.get("backlog") or 0) > 0, (status.backlog or 0) > 0
    if had != has and status.backlog is not None:
        found.append(("backlog" if has else "caught_up", {"spool": status.spool, "fixes": status.backlog}))
    return found


def _clock(before: dict[str, Any], status: Status) -> list[tuple[str, dict[str, Any]]]:
    offset_s, offset_before_s = status.clock_offset_s, before.get("clock_offset_s")
    found: list[tuple[str, dict[str, Any]]] = []
    steps, steps_before = status.clock_steps or 0, before.get("clock_steps") or 0
    if steps > (steps_before if status.boot == before.get("boot") else 0):
        found.append(("clock_step", {"steps": steps, "offset_s": offset_s, "before_s": offset_before_s}))
    elif offset_s is not None and abs(offset_s - (offset_before_s or 0.0)) > CLOCK_MOVED_S:
        found.append(("clock_offset", {"offset_s": offset_s, "before_s": offset_before_s}))
    return found


def _receiver(before: dict[str, Any], status: Status) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    gnss = status.gnss
    fix_before = (before.get("gnss") or {}).get("fix")
    if gnss is not None and gnss.fix != fix_before and not (gnss.fix and fix_before is None):
        found.append(("fix" if gnss.fix else "no_fix", {"satellites": gnss.satellites, "antenna": gnss.antenna}))
    stuck_before = before.get("stuck_s") is not None
    if (status.stuck_s is not None) != stuck_before:
        found.append(("moving_again" if stuck_before else "stuck", {"stuck_s": status.stuck_s}))
    if status.off_duty != bool(before.get("off_duty")):
        found.append(("off_duty" if status.off_duty else "on_duty", {}))
    power, power_before = status.external_power, before.get("external_power")
    if power is not None and power != power_before and not (power and power_before is None):
        found.append(("power_back" if power else "power_lost", {"battery_pct": status.battery_pct}))
    return found
