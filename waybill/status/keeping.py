"""How large the records are, how long the disk lasts, what retention did, whether clocks agree. Changes nothing."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import psycopg

from contract.clock import Clock, true_now
from gateway.worker.fleet import Fleet, clock_lag_s, look
from storage import health
from storage.retention import ClassRun, growth_bytes_per_day, retention_runs
from waybill.sizes import size

# The worker runs retention every 6 hours.
_OVERDUE = timedelta(days=1)
_CLOCK_S = 30.0  # by which live fixes may lag: mobile networks hold a message back for some seconds
_BEHIND_S = -2.0  # a receiver's time is the satellites': nothing live comes from the future
_SERVERS_S = 5.0
_FEW_DAYS = 14
_RECENT = timedelta(minutes=10)


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes in bytes; None: not known, such as the free space of another machine's disk."""

    bytes: int
    growth_per_day: float | None
    disk_free: int | None
    days_left: float | None
    fix_days: int
    compressed_days: int
    oldest_day: datetime | None
    retention: list[ClassRun]
    tracking_failed: int
    clock_lag_s: float | None
    database_clock_offset_s: float
    devices_from_future: int  # whose fixes were rejected lately as from the future


def keeping(connection: psycopg.Connection, clock: Clock, disk: Path | None) -> Keeping:
    """`disk`: a folder on the database's disk; None when that is another machine's."""
    fleet = look(connection, true_now())
    growth = growth_bytes_per_day(connection, fleet.looked_at.date())
    free = _free(disk)
    return Keeping(
        bytes=fleet.database.bytes,
        growth_per_day=growth,
        disk_free=free,
        days_left=free / growth if free is not None and growth is not None and growth > 0 else None,
        fix_days=fleet.database.days,
        compressed_days=fleet.database.compressed_days,
        oldest_day=fleet.database.oldest_day,
        retention=retention_runs(connection),
        tracking_failed=fleet.database.tracking_failed,
        clock_lag_s=clock_lag_s(fleet, clock),
        database_clock_offset_s=_offset_s(fleet),
        devices_from_future=health.devices_from_future(connection, fleet.looked_at - _RECENT),
    )


def _free(disk: Path | None) -> int | None:
    try:
        return None if disk is None else shutil.disk_usage(disk).free
    except OSError:
        return None


def _offset_s(fleet: Fleet) -> float:
    return (fleet.database.clock - fleet.looked_at).total_seconds()


def lines(found: Keeping, now: datetime) -> list[str]:
    """What it says on a terminal."""
    growth = "growth not known yet" if found.growth_per_day is None else f"{size(found.growth_per_day)} a day"
    left = "" if found.disk_free is None else f", {size(found.disk_free)} free on its disk"
    if found.days_left is not None:
        left += f", which last {found.days_left:.0f} days"
    since = "" if found.oldest_day is None else f" since {found.oldest_day:%Y-%m-%d}"
    compressed = f", {found.compressed_days} of them compressed" if found.compressed_days else ""
    newest = max((run.ran_at for run in found.retention), default=None)
    ran = "never ran" if newest is None else f"last ran {_ago(now - newest)} ago"
    did = ", ".join(f"{run.name} {run.rows} rows" for run in found.retention if run.rows)
    return [
        f"records   {size(found.bytes)}, {growth}{left}",
        f"fixes     {found.fix_days} {'day' if found.fix_days == 1 else 'days'}{since}{compressed}",
        f"retention {ran}" + (f": {did}" if did else ""),
    ]


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 1 else f"{hours * 60:.0f} min"


def problems(found: Keeping, edition: str | None) -> list[str]:
    """What must not wait."""
    told = []
    if found.compressed_days and edition != "community":
        told.append(
            f"{found.compressed_days} days of fixes are compressed and read as empty under the {edition} edition: "
            "start the database with the Community edition"
        )
    if found.disk_free is not None and found.days_left is not None and found.days_left < 1:
        told.append(f"the database's disk is full within a day: {size(found.disk_free)} free")
    return told


def warnings(found: Keeping, now: datetime, devices: int) -> list[str]:
    """What somebody should look at soon."""
    told = []
    if found.days_left is not None and 1 <= found.days_left < _FEW_DAYS:
        told.append(f"the database's disk lasts {found.days_left:.0f} days: waybill retention plan, or a larger disk")
    newest = max((run.ran_at for run in found.retention), default=None)
    if newest is not None and now - newest > _OVERDUE:
        told.append(f"retention has not run for {_ago(now - newest)}: look into the worker's log")
    if found.tracking_failed:
        told.append(
            f"tracking gave up on {found.tracking_failed} devices (their fixes are stored): see step_failed in the log"
        )
    if abs(found.database_clock_offset_s) > _SERVERS_S:
        told.append(f"the database's clock is {_off(found.database_clock_offset_s)} of this machine's: timedatectl")
    if found.clock_lag_s is not None and not _BEHIND_S <= found.clock_lag_s <= _CLOCK_S:
        told.append(
            f"the server's clock seems to be {_off(found.clock_lag_s)} of the receivers' (median of live devices): "
            "timedatectl, on the gateway's machine"
        )
    if found.devices_from_future > 1 and found.devices_from_future * 2 > devices:
        told.append(
            f"fixes of {found.devices_from_future} devices were rejected as from the future: the server's clock "
            "is behind (timedatectl)"
        )
    return told


def _off(seconds: float) -> str:
    return f"{abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
