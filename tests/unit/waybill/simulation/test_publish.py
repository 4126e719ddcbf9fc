"""The clock of a simulated fleet, and what it says when it cannot send. Connects to nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contract.clock import SYSTEM, true_now
from waybill.device_passwords import keep_password
from waybill.invocation import CommandError
from waybill.settings import Settings
from waybill.simulation.publish import allow_files, clock_for, passwords_of

STARTS_AT = true_now() - timedelta(hours=3)


def test_without_speedup_the_clock_is_that_of_the_settings() -> None:
    assert clock_for(Settings(), STARTS_AT, None) == SYSTEM


def test_speedup_shows_the_start_now_and_runs_faster(capsys: pytest.CaptureFixture[str]) -> None:
    clock = clock_for(Settings(), STARTS_AT, 60.0)

    assert clock.rate == 60.0
    assert timedelta(0) <= clock.now() - STARTS_AT < timedelta(minutes=30)
    assert f"WAYBILL_CLOCK={clock.text()}" in capsys.readouterr().err


def test_two_clocks_are_one_too_many() -> None:
    settings = Settings(clock="2026-11-23T09:00:00Z@2026-11-23T08:00:00Z*10")

    with pytest.raises(CommandError, match="leave --speedup out"):
        clock_for(settings, STARTS_AT, 2.0)


def test_missing_passwords_are_counted(tmp_path: Path) -> None:
    keep_password(tmp_path, "sim-01", "a-long-password")

    with pytest.raises(CommandError, match="no password for 1 of 2 devices, the first sim-02"):
        passwords_of(Settings(data_dir=tmp_path), ["sim-01", "sim-02"])


def test_more_files_than_the_system_allows_is_told_with_the_way_out() -> None:
    with pytest.raises(CommandError, match="ulimit -Hn"):
        allow_files(2**40)
