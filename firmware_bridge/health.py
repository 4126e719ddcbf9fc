"""How receiver, clock and unit do, gathered for the status from what passes by. Reads no clock and sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from contract.messages import Gnss
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from firmware_bridge.nmea.receiver import ReceiverState

# True seconds without an epoch: receivers speak every second, so this is no hiccup.
SILENT_S = 5.0
# Between two positions the offset moves by the line's and the disk's delays, below a second; a step is the unit's clock
# being set (NTP after a start without a battery: hours or years), or a receiver that found the date.
STEP_S = 2.0
# Moving by its own word, yet on one spot to 1 cm: a receiver whose solution froze. 2 m/s is above any noise at rest.
STUCK_MOVING_MPS = 2.0
STUCK_MOVING = timedelta(seconds=60)
# At rest equal coordinates are no fault: many receivers hold them on purpose. But satellites rise and set: when HDOP,
# count and height have not changed for hours either, the receiver repeats itself.
STUCK_RESTING = timedelta(hours=6)


class Health:
    """One device's. `now_s` is any steady clock in seconds, the same for all calls; `rate` is the clock's speed."""

    def __init__(self, now_s: float, *, rate: float = 1.0) -> None:
        self.clock_offset_s: float | None = None
        self.clock_steps = 0
        self._started_s = self._heard_s = now_s
        self._step_s = STEP_S * max(1.0, rate)
        self._receiver: ReceiverState | None = None
        self._antenna: str | None = None
        self._newest: Position | None = None
        self._here_since: datetime | None = None  # since when it moves on one spot
        self._same_since: datetime | None = None  # since when it says the very same

    def heard(self, decoder: Decoder, now_s: float) -> None:
        """After the decoder was fed: a new epoch is a sign of life, with or without a fix."""
        if decoder.receiver is not self._receiver:
            self._receiver, self._heard_s = decoder.receiver, now_s
        self._antenna = decoder.antenna

    def timed(self, position: Position, now: datetime) -> None:
        """A position as it came in: the receiver's time against the unit's clock `now`."""
        offset_s = (position.fixed_at - now).total_seconds()
        if self.clock_offset_s is not None and abs(offset_s - self.clock_offset_s) > self._step_s:
            self.clock_steps += 1
        self.clock_offset_s = offset_s

    def placed(self, position: Position) -> None:
        """Where the receiver says that it is: does it repeat itself?"""
        before, self._newest = self._newest, position
        if before is None or before.fixed_at > position.fixed_at:
            self._here_since = self._same_since = None
            return
        same_place = (before.lat_e7, before.lon_e7) == (position.lat_e7, position.lon_e7)
        moving = position.speed_mps is not None and position.speed_mps >= STUCK_MOVING_MPS
        self._here_since = (self._here_since or before.fixed_at) if same_place and moving else None
        same = same_place and _says_the_same(before, position)
        self._same_since = (self._same_since or before.fixed_at) if same else None

    @property
    def stuck_s(self) -> float | None:
        """For how long the receiver has repeated one place, when that is long enough to be a fault."""
        if self._newest is None:
            return None
        at = self._newest.fixed_at
        for since, limit in ((self._here_since, STUCK_MOVING), (self._same_since, STUCK_RESTING)):
            if since is not None and at - since >= limit:
                return (at - since).total_seconds()
        return None

    def uptime_s(self, now_s: float) -> float:
        return now_s - self._started_s

    def gnss(self, now_s: float) -> Gnss:
        """A receiver that fell silent has no fix now, whatever it said last."""
        silent_s, said = now_s - self._heard_s, self._receiver
        if silent_s >= SILENT_S or said is None:
            return Gnss(fix=False, antenna=self._antenna, silent_s=round(silent_s, 1))
        return Gnss(fix=said.fix, satellites=said.satellites, hdop=said.hdop, antenna=self._antenna)


def _says_the_same(before: Position, position: Position) -> bool:
    if position.hdop is None and position.satellites is None:
        return False  # a receiver that tells neither cannot be judged
    return (before.hdop, before.satellites, before.altitude_m) == (
        position.hdop,
        position.satellites,
        position.altitude_m,
    )
