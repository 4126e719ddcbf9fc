"""Position: what the receiver said at one instant. Has no device, spool or number yet."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.fix import Quality


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The merged report of one epoch; None = the receiver did not say. Units as in contract.fix.Fix."""

    fixed_at: datetime  # aware UTC, whole milliseconds, the receiver's own time
    lat_e7: int
    lon_e7: int
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    hdop: float | None = None
    satellites: int | None = None
    quality: Quality | None = None
