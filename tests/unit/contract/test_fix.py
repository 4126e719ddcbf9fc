"""A fix and the bytes that are sealed: exact, stable and independent of how the fix was stored."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from contract.fix import Fix, Quality, Source, canonical, normal_course, stepped, utc_ms

AT = datetime(2026, 11, 23, 9, 0, 0, 120_000, tzinfo=UTC)
LEAST = Fix(device="gps-07", spool_id="0123456789abcdef", seq=1, fixed_at=AT, lat_e7=601_712_345, lon_e7=-249_400_001)
FULL = msgspec.structs.replace(
    LEAST, altitude_m=-12.34, speed_mps=8.333, course_deg=359.99, hdop=0.9, accuracy_m=2.55, satellites=0,
    ignition=False, quality=Quality.RTK_FLOAT, replayed=True, source=Source.PHONE, boot_id=3,
)  # fmt: skip


def test_canonical_bytes_never_change() -> None:
    # These bytes are under hashes that outlive every version: a change here breaks every proof made before it.
    assert canonical(LEAST) == (
        b'{"device":"gps-07","fixed_at":"2026-11-23T09:00:00.120Z","lat_e7":601712345,"lon_e7":-249400001,'
        b'"seq":1,"source":"dedicated","spool":"0123456789abcdef","v":1}'
    )
    assert canonical(FULL) == (
        b'{"accuracy_cm":255,"altitude_cm":-1234,"boot_id":3,"course_cdeg":35999,"device":"gps-07",'
        b'"fixed_at":"2026-11-23T09:00:00.120Z","hdop_e2":90,"ignition":false,"lat_e7":601712345,'
        b'"lon_e7":-249400001,"quality":"rtk_float","replayed":true,"satellites":0,"seq":1,"source":"phone",'
        b'"speed_mmps":8333,"spool":"0123456789abcdef","v":1}'
    )


def test_canonical_bytes_survive_binary32_storage() -> None:
    def through_storage(value: float | None) -> float | None:
        return None if value is None else float(struct.unpack("f", struct.pack("f", value))[0])

    names = ("altitude_m", "speed_mps", "course_deg", "hdop", "accuracy_m")
    stored = msgspec.structs.replace(FULL, **{name: through_storage(getattr(FULL, name)) for name in names})

    assert stored != FULL
    assert canonical(stored) == canonical(FULL)


def test_unknown_and_zero_are_different_facts() -> None:
    assert canonical(msgspec.structs.replace(LEAST, speed_mps=0.0)) != canonical(LEAST)
    assert b"speed" not in canonical(LEAST)


@pytest.mark.parametrize(
    "wrong", [AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=2))), AT + timedelta(microseconds=1)]
)
def test_a_fix_holds_utc_in_whole_milliseconds_only(wrong: datetime) -> None:
    with pytest.raises(ValueError, match="whole milliseconds"):
        Fix(device="gps-07", spool_id="a", seq=1, fixed_at=wrong, lat_e7=0, lon_e7=0)


def test_utc_ms_cuts_what_is_finer_than_the_wire() -> None:
    there = datetime(2026, 11, 23, 11, 0, 0, 120_999, tzinfo=timezone(timedelta(hours=2)))

    assert utc_ms(there) == AT


def test_courses_are_below_360_and_measures_keep_their_step() -> None:
    assert [normal_course(value) for value in (360.0, 359.996, 0.004, None)] == [0.0, 0.0, 0.0, None]
    assert [stepped(value, 100) for value in (1.004, 1.006, None)] == [1.0, 1.01, None]
