"""Whether we still hear a vehicle's device, judged by what the device itself announced. Reads no clock."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from storage.reading_rows import FleetRow

# Above walking pace the course of a receiver means something; below, a parked van "drives" on noise.
MOVING_MPS = 3 / 3.6
# What a device is taken to promise that announced nothing: most units report at least once a minute.
UNANNOUNCED_S = 60.0
# Lost once, a report may still be on its way: three in a row missing is a sign, ten are an answer.
QUIET_REPORTS, SILENT_REPORTS = 3, 10
# Radio holes in a city last seconds; a dispatcher should not be told of each.
QUIET_LEAST_S, SILENT_LEAST_S = 20.0, 180.0


class Connectivity(StrEnum):
    """What we hear of a device. Silent says nothing about the cause."""

    LIVE = "live"
    QUIET = "quiet"
    SILENT = "silent"
    NO_FIX = "no fix yet"
    NO_DEVICE = "no device"


class Movement(StrEnum):
    """What the newest fix says about motion; unknown when it is too old to say anything about now."""

    MOVING = "moving"
    STANDING = "standing"
    UNKNOWN = "unknown"


class Signal(msgspec.Struct, frozen=True):
    """A device's connectivity with the age of its newest fix."""

    connectivity: Connectivity
    movement: Movement
    age_s: float | None


def signal(row: FleetRow, now: datetime, rate: float = 1.0) -> Signal:
    """How old the newest fix is, against what the device announced for a moving or a standing vehicle.

    `rate` is the clock's: at ten times the speed the same radio hole looks ten times as long.
    """
    if row.device_name is None:
        return Signal(Connectivity.NO_DEVICE, Movement.UNKNOWN, None)
    if row.fixed_at is None:
        return Signal(Connectivity.NO_FIX, Movement.UNKNOWN, None)
    age_s = max(0.0, (now - row.fixed_at).total_seconds())
    moving = row.speed_mps is not None and row.speed_mps > MOVING_MPS
    promised_s = (row.report_interval_s if moving else row.heartbeat_s) or UNANNOUNCED_S
    slack = max(1.0, rate)
    if age_s > max(SILENT_REPORTS * promised_s, SILENT_LEAST_S * slack):
        return Signal(Connectivity.SILENT, Movement.UNKNOWN, age_s)
    quiet = age_s > max(QUIET_REPORTS * promised_s, QUIET_LEAST_S * slack)
    movement = Movement.UNKNOWN if row.speed_mps is None else Movement.MOVING if moving else Movement.STANDING
    return Signal(Connectivity.QUIET if quiet else Connectivity.LIVE, movement, age_s)
