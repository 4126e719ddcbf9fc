"""Battery and external power as Linux shows them."""

from pathlib import Path

import pytest

from firmware_bridge.power import Power, read_power

MAINS = {"type": "Mains", "online": "1"}
UNPLUGGED = {"type": "USB", "online": "0"}
BATTERY = {"type": "Battery", "capacity": "64", "status": "Discharging"}
CHARGING = {"type": "Battery", "capacity": "97", "status": "Charging"}
KEYBOARD = {"type": "Battery", "capacity": "5", "status": "Discharging", "scope": "Device"}
MUTE = {"type": "Battery", "capacity": "-1", "status": "Unknown"}


@pytest.mark.parametrize(
    ("supplies", "power"),
    [
        ([], Power()),
        ([MAINS], Power(external_power=True)),
        ([UNPLUGGED, BATTERY], Power(battery_pct=64, external_power=False)),
        ([BATTERY], Power(battery_pct=64, external_power=False)),
        ([CHARGING], Power(battery_pct=97, external_power=True)),
        ([MAINS, BATTERY, CHARGING], Power(battery_pct=64, external_power=True)),
        ([MAINS, KEYBOARD], Power(external_power=True)),
        ([MUTE], Power()),
    ],
)
def test_what_is_known_is_told_and_nothing_else(tmp_path: Path, supplies: list[dict[str, str]], power: Power) -> None:
    for number, files in enumerate(supplies):
        (tmp_path / f"supply{number}").mkdir()
        for name, text in files.items():
            (tmp_path / f"supply{number}" / name).write_text(f"{text}\n")

    assert read_power(tmp_path) == power


def test_a_computer_without_the_folder_knows_nothing(tmp_path: Path) -> None:
    assert read_power(tmp_path / "nowhere") == Power()
