"""What comes too late to count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from contract.fix import Fix, Source
from firmware_bridge.spool import MAX_AGE
from gateway.tracking.policy import Policy
from gateway.tracking.staleness import is_stale

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIX = Fix(device="gps-1", spool_id="a", seq=1, fixed_at=NOON, lat_e7=601700000, lon_e7=249400000)


@pytest.mark.parametrize(
    ("came_after", "fitted_after", "stale"),
    [
        (timedelta(0), None, False),
        (MAX_AGE, None, False),  # what a spool gives up last is no older than this
        (timedelta(days=8), None, False),
        (timedelta(days=8, milliseconds=1), None, True),
        (timedelta(0), timedelta(milliseconds=1), True),
        (timedelta(0), timedelta(0), False),
        (timedelta(days=9), timedelta(days=-30), True),
        (timedelta(minutes=-5), None, False),  # the receiver's clock is ahead of ours
    ],
)
def test_a_fix_is_stale_when_no_spool_holds_it_so_long_or_the_device_was_not_fitted_yet(
    came_after: timedelta, fitted_after: timedelta | None, stale: bool
) -> None:
    fitted_at = None if fitted_after is None else NOON + fitted_after

    assert is_stale(FIX, NOON + came_after, fitted_at, Policy()) is stale


def test_a_phones_fix_is_never_stale() -> None:
    phones = msgspec.structs.replace(FIX, source=Source.PHONE)

    assert not is_stale(phones, NOON + timedelta(days=300), NOON + timedelta(days=1), Policy())
