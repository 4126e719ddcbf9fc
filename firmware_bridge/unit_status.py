"""Composes the status message of a unit from what its parts know. Sends nothing and reads no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from contract.messages import Link, Status
from contract.times import format_instant
from firmware_bridge.health import Health
from firmware_bridge.power import Power
from firmware_bridge.publisher import LinkState
from firmware_bridge.release import installed_version
from firmware_bridge.remote_settings import RemoteSettings
from firmware_bridge.spool import Spool
from firmware_bridge.spooled import Gap, Held

# Ranges named in one status: 100 are 5 kB. Older ones stood in earlier statuses; the total tells that they were more.
MAX_GAPS = 100


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a unit, for its status; `now_s` is true seconds of a steady clock."""

    now: datetime
    now_s: float
    source: str
    remote: RemoteSettings
    held: Held
    gaps: list[Gap]
    left_out: Mapping[str, int]
    unwritten: int
    power: Power = Power()


def compose_status(seen: Observed, spool: Spool, health: Health, link: LinkState) -> Status:
    """What the unit announces: who and how it is, what waits, what was lost, how receiver and line do."""
    policy, receipt, oldest_at = seen.remote.policy, link.receipt, seen.held.oldest_at
    offset_s = health.clock_offset_s
    return Status(
        state="online",
        spool=spool.spool_id,
        boot=spool.boot,
        version=installed_version(),
        report_interval_s=policy.report_interval_s,
        heartbeat_s=policy.heartbeat_s,
        backlog=seen.held.count,
        oldest_age_s=None if oldest_at is None else max(0.0, round((seen.now - oldest_at).total_seconds(), 1)),
        through=receipt.through if receipt is not None and receipt.spool == spool.spool_id else None,
        dropped=[(gap.first, gap.last) for gap in seen.gaps[-MAX_GAPS:]],
        dropped_because=[gap.cause for gap in seen.gaps[-MAX_GAPS:]],
        dropped_fixes=spool.given_up,
        source=seen.source,
        at=format_instant(seen.now),
        uptime_s=round(health.uptime_s(seen.now_s), 1),
        gnss=health.gnss(seen.now_s),
        clock_offset_s=None if offset_s is None else round(offset_s, 3),
        clock_steps=None if offset_s is None else health.clock_steps,
        link=Link(connected_s=round(seen.now_s - link.linked_at_s, 1), reconnects=max(0, link.links - 1)),
        stuck_s=health.stuck_s,
        left_out={str(reason): count for reason, count in seen.left_out.items() if count},
        unwritten=seen.unwritten,
        off_duty=seen.remote.is_off_duty(seen.now),
        applied=seen.remote.applied,
        refused=seen.remote.refused,
        battery_pct=seen.power.battery_pct,
        external_power=seen.power.external_power,
    )
