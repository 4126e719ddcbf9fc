"""Merges the reports of one instant, in any order and from any talker, into one Position. Reads no sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from contract.fix import Quality, normal_course, stepped
from firmware_bridge.nmea.counts import Counts, Dropped
from firmware_bridge.nmea.fields import DAY_MS
from firmware_bridge.nmea.position import Position
from firmware_bridge.nmea.receiver import ReceiverState
from firmware_bridge.nmea.sentences import Report

# When two sentences disagree: GGA knows DGPS from RTK where RMC says A; simulated anywhere is simulated.
_QUALITY_FROM = {"GGA": 3, "GNS": 2, "RMC": 1, "GLL": 0}


# Receivers step back a little (bt451: 52 minutes when it found its satellites); a longer step back is midnight, so a
# carried date stays right through 22 hours of silence.
STEP_BACK_MS = 2 * 3_600_000


def day_near(time_ms: int, day: date, day_time_ms: int) -> date:
    """The date of a time of day, from another, dated one before it: carries a date over midnight."""
    later_ms = time_ms - day_time_ms
    if later_ms > DAY_MS - STEP_BACK_MS:
        return day - timedelta(days=1)
    if later_ms < -STEP_BACK_MS:
        return day + timedelta(days=1)
    return day


class _Epoch:
    """What the sentences of one time of day have said so far; a later sentence overwrites an earlier one."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms
        self.has_fix: bool | None = None
        self.lat_e7: int | None = None
        self.lon_e7: int | None = None
        self.altitude_m: float | None = None
        self.speed_mps: float | None = None
        self.course_deg: float | None = None
        self.motion_from_rmc = False
        self.hdop: float | None = None
        self.satellites: int | None = None
        self.quality: Quality | None = None
        self.quality_rank = -1

    def add(self, report: Report) -> None:
        if report.has_fix is not None:
            self.has_fix = report.has_fix if self.has_fix is None else self.has_fix and report.has_fix
        if report.lat_e7 is not None and report.has_fix is not False:
            self.lat_e7, self.lon_e7 = report.lat_e7, report.lon_e7
        if report.altitude_m is not None:
            self.altitude_m = report.altitude_m
        if report.hdop is not None and (report.kind != "GSA" or self.hdop is None):
            self.hdop = report.hdop
        if report.satellites is not None:
            self.satellites = report.satellites
        self._add_motion(report)
        self._add_quality(report)

    def _add_motion(self, report: Report) -> None:
        """RMC before VTG: VTG carries no time, and receivers that send it first would give us the next second's."""
        if report.kind == "RMC":
            self.speed_mps, self.course_deg, self.motion_from_rmc = report.speed_mps, report.course_deg, True
        elif report.kind == "VTG":
            if self.speed_mps is None:
                self.speed_mps = report.speed_mps
            if self.course_deg is None and not self.motion_from_rmc:
                self.course_deg = report.course_deg

    def _add_quality(self, report: Report) -> None:
        rank = _QUALITY_FROM.get(report.kind, -1)
        if report.quality is Quality.SIMULATED:
            rank = 9
        if report.quality is not None and rank >= self.quality_rank:
            self.quality, self.quality_rank = report.quality, rank


class EpochMerger:
    """Reports in, at most one Position per instant out: when the next instant begins, or when told to close."""

    def __init__(self, counts: Counts, not_before: date | None = None, *, first_on: date | None = None) -> None:
        self.receiver: ReceiverState | None = None  # as of the epoch closed last; another object each time
        self._counts = counts
        self._first_on = first_on
        self._not_before = not_before
        self._open: _Epoch | None = None
        self._closed_ms: int | None = None
        self._dated: tuple[date, int] | None = None  # the newest known (date, time of day)

    def add(self, report: Report) -> Position | None:
        """Takes one report; gives the position of the epoch that it ends, if it ends one."""
        if report.day is not None and report.time_ms is not None and report.has_fix is not False:
            self._dated = (report.day, report.time_ms)
        if report.kind == "ZDA":
            # Only a date: some receivers send it for the whole second between two parts of an epoch.
            self._counts[Dropped.EMPTY] += report.day is None
            return None
        if report.time_ms is None:
            return self._add_timeless(report)
        ended = None
        if self._open is None or report.time_ms != self._open.time_ms:
            ended = self.close()
            if report.time_ms == self._closed_ms:
                self._counts[Dropped.LATE] += 1
                return ended
            self._open = _Epoch(report.time_ms)
        self._open.add(report)
        return ended

    def _add_timeless(self, report: Report) -> Position | None:
        """GSA and VTG belong to the open epoch; a position sentence without a time is the start-up of a receiver."""
        if report.kind not in ("GSA", "VTG"):
            self._counts[Dropped.VOID] += 1
            ended = self.close()
            self.receiver = ReceiverState(fix=False, satellites=report.satellites, hdop=None)
            return ended
        if self._open is not None:
            self._open.add(report)
        return None

    def close(self) -> Position | None:
        """Ends the open epoch; its Position, or None with the reason counted."""
        epoch, self._open = self._open, None
        if epoch is None:
            return None
        self._closed_ms = epoch.time_ms
        has_fix = bool(epoch.has_fix) and epoch.lat_e7 is not None
        self.receiver = ReceiverState(has_fix, epoch.satellites, epoch.hdop)
        day = None
        if self._dated is None and self._first_on is not None:
            self._dated = (self._first_on, epoch.time_ms)
        if self._dated is not None:
            day = day_near(epoch.time_ms, *self._dated)
            self._dated = (day, epoch.time_ms)
        reason = self._refusal(epoch, day)
        if reason is not None:
            self._counts[reason] += 1
            return None
        assert day is not None
        return _position(epoch, day)

    def _refusal(self, epoch: _Epoch, day: date | None) -> Dropped | None:
        if not epoch.has_fix or epoch.lat_e7 is None:
            return Dropped.VOID
        if epoch.lat_e7 == 0 and epoch.lon_e7 == 0:
            return Dropped.NULL_ISLAND
        if day is None:
            return Dropped.NO_DATE
        if self._not_before is not None and day < self._not_before:
            return Dropped.TOO_OLD
        return None


def _position(epoch: _Epoch, day: date) -> Position:
    assert epoch.lat_e7 is not None
    assert epoch.lon_e7 is not None
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Position(
        fixed_at=midnight + timedelta(milliseconds=epoch.time_ms),
        lat_e7=epoch.lat_e7,
        lon_e7=epoch.lon_e7,
        altitude_m=stepped(epoch.altitude_m, 100),
        speed_mps=stepped(epoch.speed_mps, 1000),
        course_deg=normal_course(epoch.course_deg),
        hdop=stepped(epoch.hdop, 100),
        satellites=epoch.satellites,
        quality=epoch.quality,
    )
