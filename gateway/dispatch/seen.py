"""Where a trip's vehicle was seen at a time that somebody names. Asks nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.trips import TripHead

# A unit that reports every minute or oftener tells where the vehicle stood then.
_SAME_TIME = timedelta(minutes=2)


def seen_at(head: TripHead, at: datetime) -> tuple[int, int] | None:
    """Its newest fix (lat_e7, lon_e7) when that is of about this time."""
    if head.fixed_at is None or head.lat_e7 is None or head.lon_e7 is None or abs(head.fixed_at - at) > _SAME_TIME:
        return None
    return head.lat_e7, head.lon_e7
