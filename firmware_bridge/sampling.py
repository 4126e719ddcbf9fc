"""Which positions are worth a fix: all while moving, a heartbeat while standing. Decides by fix time."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from contract.geo import distance_m
from firmware_bridge.nmea.position import Position

# A receiver at rest reports up to about 0.5 m/s of noise; walking pace is 1.4.
MOVING_MPS = 0.8
# Without a speed, or for creeping below MOVING_MPS: this far from where it stood, it has moved.
MOVED_M = 15.0
# A corner: so much change of course since the last fix is sent at once, whatever the interval.
TURN_DEG = 15.0


class SamplingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What the status message announces, so that whoever judges freshness uses the same figures."""

    report_interval_s: float = 1.0
    heartbeat_s: float = 30.0


class Sampler:
    """Positions of one device in, those worth sending out.

    Never lost: the first position of a standstill, the last one before it moves again, the last one before a silence
    longer than the heartbeat, a corner, a change between moving and standing.
    """

    def __init__(self, policy: SamplingPolicy) -> None:
        self._interval = timedelta(seconds=policy.report_interval_s)
        self._heartbeat = timedelta(seconds=policy.heartbeat_s)
        self._sent: Position | None = None
        self._moving = False
        self._held: Position | None = None  # the newest one not sent: it is sent when it turns out to be the last

    def feed(self, position: Position) -> list[Position]:
        """The positions to send now, in order: none, this one, or the held one and this one."""
        if self._sent is None or position.fixed_at < self._sent.fixed_at:
            return self._send(position, moving=self._is_moving(position))  # first, or the receiver's clock went back
        moving = self._is_moving(position)
        if moving != self._moving or self._silent_before(position.fixed_at):
            return self.flush() + self._send(position, moving=moving)
        if self._due(position, moving=moving):
            return self._send(position, moving=moving)
        self._held = position
        return []

    def flush(self) -> list[Position]:
        """The position held back, if any: before a silence, or when the source ends."""
        held, self._held = self._held, None
        if held is None:
            return []
        self._sent = held
        return [held]

    def _send(self, position: Position, *, moving: bool) -> list[Position]:
        self._sent, self._moving, self._held = position, moving, None
        return [position]

    def _is_moving(self, position: Position) -> bool:
        if position.speed_mps is not None and position.speed_mps >= MOVING_MPS:
            return True
        if self._sent is None:
            return False
        moved_m = distance_m(self._sent.lat_e7, self._sent.lon_e7, position.lat_e7, position.lon_e7)
        return moved_m >= MOVED_M

    def _silent_before(self, fixed_at: datetime) -> bool:
        return self._held is not None and fixed_at - self._held.fixed_at > self._heartbeat

    def _due(self, position: Position, *, moving: bool) -> bool:
        assert self._sent is not None
        # Some grace: of fixes that a receiver times 0.999 s apart, an interval of 1.0 s must not skip every other.
        grace = min(self._interval / 2, timedelta(milliseconds=50))
        since = position.fixed_at - self._sent.fixed_at
        if since >= (self._interval if moving else self._heartbeat) - grace:
            return True
        return moving and _turned(self._sent.course_deg, position.course_deg)


def _turned(before_deg: float | None, after_deg: float | None) -> bool:
    if before_deg is None or after_deg is None:
        return False
    return abs((after_deg - before_deg + 180) % 360 - 180) >= TURN_DEG
