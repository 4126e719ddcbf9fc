"""What a unit finds out about its receiver and its clock."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from contract.messages import Gnss
from firmware_bridge.health import Health
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position
from tests.unit.firmware_bridge.nmea.writing import drive, sentence

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HERE = Position(fixed_at=NINE, lat_e7=601_700_000, lon_e7=249_400_000, hdop=0.9, satellites=9, altitude_m=12.0)


def after(seconds: float, **changes: object) -> Position:
    return msgspec.structs.replace(HERE, fixed_at=NINE + timedelta(seconds=seconds), **changes)


def fed(health: Health, data: bytes, now_s: float) -> None:
    decoder = Decoder()
    decoder.feed(data)
    decoder.pause()
    health.heard(decoder, now_s)


def test_a_receiver_with_a_fix_tells_satellites_and_hdop() -> None:
    health = Health(0.0)

    fed(health, sentence("GNGGA,090000.00,6010.2000,N,02456.4000,E,1,09,0.9,12.0,M,,M,,"), 1.0)

    assert health.gnss(2.0) == Gnss(fix=True, satellites=9, hdop=0.9)


def test_a_receiver_without_a_fix_is_no_silent_receiver() -> None:
    health = Health(0.0)

    fed(health, sentence("GNGGA,090000.00,,,,,0,03,99.9,,M,,M,,"), 1.0)

    assert health.gnss(2.0) == Gnss(fix=False, satellites=3)


def test_a_receiver_that_does_not_know_the_time_yet_is_heard() -> None:
    health = Health(0.0)

    fed(health, sentence("GNGGA,,,,,,0,00,99.9,,,,,,"), 7.0)

    assert health.gnss(8.0) == Gnss(fix=False, satellites=0)


def test_a_silent_receiver_has_no_fix_whatever_it_said_last() -> None:
    health = Health(0.0)

    fed(health, drive(3), 1.0)

    assert health.gnss(61.0) == Gnss(fix=False, silent_s=60.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GPTXT,01,01,02,ANTSTATUS=OPEN", "open"),
        ("GNTXT,01,01,01,ANTENNA SHORT", "short"),
        ("GPTXT,01,01,02,ANTSTATUS=INIT", None),
        ("GPTXT,01,01,02,u-blox AG", None),
    ],
)
def test_the_antenna_is_what_the_receiver_tells_of_it(text: str, told: str | None) -> None:
    health = Health(0.0)

    fed(health, sentence(text), 1.0)

    assert health.gnss(1.0).antenna == told


def test_the_clock_offset_is_the_receivers_time_less_the_units_clock_and_steps_are_counted() -> None:
    health = Health(0.0)

    for second, ahead_s in [(0, -0.4), (1, -0.6), (2, 3600.0), (3, 3599.8), (4, -0.4)]:
        health.timed(after(second), NINE + timedelta(seconds=second - ahead_s))

    assert health.clock_offset_s == pytest.approx(-0.4)
    assert health.clock_steps == 2


def test_one_spot_at_ten_metres_a_second_is_stuck_after_a_minute() -> None:
    health = Health(0.0)

    for second in range(60):
        health.placed(after(second, speed_mps=10.0, hdop=0.9 + second / 100))
        assert health.stuck_s is None
    health.placed(after(60, speed_mps=10.0))

    assert health.stuck_s == 60.0
    health.placed(after(61, speed_mps=10.0, lat_e7=601_700_100))
    assert health.stuck_s is None


def test_a_parked_van_whose_receiver_holds_its_place_is_not_stuck_while_satellites_change() -> None:
    health = Health(0.0)

    for minute in range(24 * 60):
        health.placed(after(60.0 * minute, speed_mps=0.0, satellites=8 + minute // 60 % 3))

    assert health.stuck_s is None


def test_a_receiver_that_repeats_everything_for_hours_is_stuck() -> None:
    health = Health(0.0)

    for minute in range(6 * 60 + 1):
        health.placed(after(60.0 * minute, speed_mps=0.0))

    assert health.stuck_s == 6 * 3600.0


def test_a_receiver_that_tells_neither_hdop_nor_satellites_cannot_be_judged_at_rest() -> None:
    health = Health(0.0)

    for hour in range(48):
        health.placed(after(3600.0 * hour, speed_mps=0.0, hdop=None, satellites=None))

    assert health.stuck_s is None
