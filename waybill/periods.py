"""How long each class of record is kept, from the settings. Deletes nothing."""

from __future__ import annotations

from storage.retention import Periods
from waybill.settings import Settings


def periods_of(settings: Settings) -> Periods:
    return Periods(
        on_trip_days=settings.retention_on_trip_days,
        off_trip_days=settings.retention_off_trip_days,
        reject_days=settings.retention_reject_days,
        business_days=settings.retention_business_days,
    )
