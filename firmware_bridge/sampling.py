"""Which positions are worth a fix: what the track needs while moving, else a heartbeat. Decides by fix time."""

from __future__ import annotations

import math
from datetime import timedelta

import msgspec

from contract.geo import EARTH_RADIUS_M, distance_m
from firmware_bridge.nmea.position import Position

# A receiver at rest reports up to about 0.5 m/s of noise; walking pace is 1.4.
MOVING_MPS = 0.8
# Without a speed, or for creeping below MOVING_MPS: this far from where it stood, it has moved.
MOVED_M = 15.0
# Positions held back between two fixes are compared with each new one: 60 are a minute at 1 Hz; then one is sent.
MAX_HELD = 60


class SamplingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the status message announces, so that whoever judges freshness uses the same figures."""

    report_interval_s: float = 1.0  # at most so often while moving
    heartbeat_s: float = 30.0  # at least so often while standing
    distance_m: float = 100.0  # moving so far is reported, whatever the interval
    turn_deg: float = 15.0  # so much change of course since the last fix as well
    corner_m: float = 10.0  # and the track through the fixes passes everything held back within this distance
    max_hdop: float | None = None  # poorer positions are sent only when nothing better comes for a heartbeat


class Sampler:
    """Positions of one device in, those worth sending out.

    Never lost: the first position of a standstill, the last one before it moves again, the last one before a silence
    longer than the heartbeat, a corner, a change between moving and standing.
    """

    def __init__(self, policy: SamplingPolicy) -> None:
        self.adopt(policy)
        self._sent: Position | None = None
        self._moving = False
        # Not sent; the newest of them is sent when it turns out to be the last, or when the track needs it.
        self._held: list[Position] = []

    def adopt(self, policy: SamplingPolicy) -> None:
        """Another policy from the next position on."""
        self._policy = policy
        self._interval = timedelta(seconds=policy.report_interval_s)
        self._heartbeat = timedelta(seconds=policy.heartbeat_s)

    @property
    def holds(self) -> bool:
        return bool(self._held)

    def feed(self, position: Position) -> list[Position]:
        """The positions to send now, in order: none, this one, or the held one and this one."""
        if self._sent is None or position.fixed_at < self._newest().fixed_at:
            return self.flush() + self._send(position, moving=self._is_moving(position))  # or the clock went back
        if self._is_poor(position) and position.fixed_at - self._sent.fixed_at < self._heartbeat:
            self._hold(position)
            return []
        moving = self._is_moving(position)
        after_silence = self._silent(self._newest(), position)
        before = self.flush() if self._needed_before(position, moving=moving) else []
        if moving != self._moving or after_silence or self._due(position, moving=moving):
            return before + self._send(position, moving=moving)
        self._hold(position)
        return before

    def flush(self) -> list[Position]:
        """The position held back, if any: before a silence, or when the source ends."""
        if not self._held:
            return []
        self._sent = self._held[-1]
        self._held.clear()
        return [self._sent]

    def _newest(self) -> Position:
        assert self._sent is not None
        return self._held[-1] if self._held else self._sent

    def _hold(self, position: Position) -> None:
        if not self._moving:
            self._held.clear()  # of a standstill only the last is ever needed
        self._held.append(position)

    def _send(self, position: Position, *, moving: bool) -> list[Position]:
        self._sent, self._moving = position, moving
        self._held.clear()
        return [position]

    def _is_poor(self, position: Position) -> bool:
        limit = self._policy.max_hdop
        return limit is not None and position.hdop is not None and position.hdop > limit

    def _is_moving(self, position: Position) -> bool:
        if position.speed_mps is not None and (self._moving or position.speed_mps >= MOVING_MPS):
            return position.speed_mps >= MOVING_MPS
        # Without a speed, or creeping away from where it stood.
        return self._sent is not None and _distance_m(self._sent, position) >= MOVED_M

    def _needed_before(self, position: Position, *, moving: bool) -> bool:
        """Whether the newest position held back belongs to the track that this one goes on with."""
        if not self._held:
            return False
        if moving != self._moving or self._silent(self._held[-1], position):
            return True
        return self._moving and (len(self._held) >= MAX_HELD or self._cuts_a_corner(position))

    def _silent(self, before: Position, position: Position) -> bool:
        return position.fixed_at - before.fixed_at > self._heartbeat

    def _cuts_a_corner(self, position: Position) -> bool:
        """Whether the straight line from the last fix to here passes a position held back too far away."""
        assert self._sent is not None
        sent = self._sent
        return any(off_line_m(sent, position, each) > self._policy.corner_m for each in self._held)

    def _due(self, position: Position, *, moving: bool) -> bool:
        assert self._sent is not None
        # Some grace: of fixes that a receiver times 0.999 s apart, an interval of 1.0 s must not skip every other.
        grace = min(self._interval / 2, timedelta(milliseconds=50))
        since = position.fixed_at - self._sent.fixed_at
        if since >= (self._interval if moving else self._heartbeat) - grace:
            return True
        if not moving:
            return False
        turned = _turned_deg(self._sent.course_deg, position.course_deg) >= self._policy.turn_deg
        return turned or _distance_m(self._sent, position) >= self._policy.distance_m


def off_line_m(start: Position, end: Position, between: Position) -> float:
    """How far a position lies from the straight line between two others; exact enough for a kilometre."""
    east_end, north_end = _plane_m(start, end)
    east, north = _plane_m(start, between)
    length = math.hypot(east_end, north_end)
    if length == 0.0:
        return math.hypot(east, north)
    along = max(0.0, min(1.0, (east * east_end + north * north_end) / length**2))
    return math.hypot(east - along * east_end, north - along * north_end)


def _plane_m(origin: Position, position: Position) -> tuple[float, float]:
    """Metres east and north of an origin; a difference over the antimeridian is the short way."""
    difference_e7 = (position.lon_e7 - origin.lon_e7 + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    east = math.radians(difference_e7 / 1e7) * math.cos(math.radians(origin.lat_e7 / 1e7))
    return east * EARTH_RADIUS_M, math.radians((position.lat_e7 - origin.lat_e7) / 1e7) * EARTH_RADIUS_M


def _distance_m(before: Position, after: Position) -> float:
    return distance_m(before.lat_e7, before.lon_e7, after.lat_e7, after.lon_e7)


def _turned_deg(before_deg: float | None, after_deg: float | None) -> float:
    if before_deg is None or after_deg is None:
        return 0.0
    return abs((after_deg - before_deg + 180) % 360 - 180)
