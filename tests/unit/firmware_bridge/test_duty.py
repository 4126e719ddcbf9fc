"""On duty by a switch or by the week's hours, in the vehicle's time zone."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contract.commands import DutyHours, UnitSettings
from contract.times import parse_instant
from firmware_bridge.duty import Duty, UnknownZoneError
from firmware_bridge.remote_settings import RemoteSettings
from firmware_bridge.sampling import SamplingPolicy

HOURS = DutyHours(
    time_zone="Europe/Helsinki",
    week={"mon": [("09:00", "12:00"), ("13:00", "21:00")], "fri": [("18:00", "02:00")], "sun": [("00:00", "24:00")]},
)
BY_HOURS = b'{"id":"%s","settings":{"duty_hours":{"time_zone":"%s","week":{"mon":[["09:00","21:00"]]}}}}'


def helsinki(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Helsinki"))


@pytest.mark.parametrize(
    ("local", "off"),
    [
        ("2026-11-23T08:59:59", True),  # a Monday
        ("2026-11-23T09:00:00", False),
        ("2026-11-23T12:00:00", True),
        ("2026-11-23T13:00:00", False),
        ("2026-11-23T20:59:59", False),
        ("2026-11-23T21:00:00", True),
        ("2026-11-24T10:00:00", True),  # Tuesday is not named
        ("2026-11-27T17:59:00", True),
        ("2026-11-27T23:59:00", False),
        ("2026-11-28T01:59:00", False),  # Friday's shift, on Saturday
        ("2026-11-28T02:00:00", True),
        ("2026-11-29T00:00:00", False),
        ("2026-11-29T23:59:59", False),
        ("2026-11-30T00:00:00", True),
    ],
)
def test_the_weeks_hours_are_the_vehicles_wall_time(local: str, off: bool) -> None:
    assert Duty(UnitSettings(duty_hours=HOURS)).is_off(helsinki(local)) is off


def test_a_shift_begins_at_nine_by_the_wall_in_summer_and_in_winter() -> None:
    duty = Duty(UnitSettings(duty_hours=HOURS))

    assert duty.is_off(parse_instant("2026-10-19T05:59:00Z"))
    assert not duty.is_off(parse_instant("2026-10-19T06:00:00Z")), "summer time"
    assert duty.is_off(parse_instant("2026-10-26T06:59:00Z"))
    assert not duty.is_off(parse_instant("2026-10-26T07:00:00Z")), "winter time"


@pytest.mark.parametrize("switch", [True, False])
def test_the_switch_wins_over_the_hours(switch: bool) -> None:
    duty = Duty(UnitSettings(off_duty=switch, duty_hours=HOURS))

    assert {duty.is_off(helsinki("2026-11-23T09:00:00") + timedelta(hours=hour)) for hour in range(24)} == {switch}


def test_without_either_a_vehicle_is_always_on_duty() -> None:
    assert not Duty(UnitSettings()).is_off(helsinki("2026-11-23T03:00:00"))


@pytest.mark.parametrize("name", ["Europe/Atlantis", "Europe", "../etc/passwd", "/etc/passwd", "\0"])
def test_an_unknown_zone_is_no_zone(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="time zone"):
        Duty(UnitSettings(duty_hours=DutyHours(time_zone=name, week={})))


def test_hours_hold_after_a_restart_and_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    remote = RemoteSettings(tmp_path / "spool.db", SamplingPolicy())
    assert not remote.is_off_duty(helsinki("2026-11-23T08:00:00"))

    remote.take(BY_HOURS % (b"a-1", b"Europe/Helsinki"))
    remote.take(BY_HOURS % (b"a-2", b"Europe/Atlantis"))

    assert remote.refused is not None
    assert (remote.refused.id, remote.refused.field) == ("a-2", "duty_hours")
    again = RemoteSettings(tmp_path / "spool.db", SamplingPolicy())
    assert again.is_off_duty(helsinki("2026-11-23T08:00:00"))
    assert not again.is_off_duty(helsinki("2026-11-23T09:00:00"))


def test_hours_whose_zone_is_gone_keep_every_position_in_the_vehicle(tmp_path: Path) -> None:
    remote = RemoteSettings(tmp_path / "spool.db", SamplingPolicy())
    remote.take(BY_HOURS % (b"a-1", b"Europe/Helsinki"))
    file = remote.path
    file.write_bytes(file.read_bytes().replace(b"Helsinki", b"Atlantis"))

    assert RemoteSettings(tmp_path / "spool.db", SamplingPolicy()).is_off_duty(helsinki("2026-11-23T10:00:00"))
