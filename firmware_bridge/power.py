"""What the unit's computer knows of its power: Linux's /sys/class/power_supply. Asks no receiver."""

from __future__ import annotations

from pathlib import Path

import msgspec

SUPPLIES = Path("/sys/class/power_supply")
# A battery of something else, such as a wireless keyboard's.
_OF_ANOTHER = "Device"


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """None: not known."""

    battery_pct: float | None = None
    external_power: bool | None = None


def read_power(supplies: Path = SUPPLIES) -> Power:
    """The emptiest battery, and whether anything feeds the computer from outside; a file may block for some ms."""
    charges: list[float] = []
    feeding: list[bool] = []
    for supply in sorted(supplies.glob("*")):
        if _word(supply, "scope") == _OF_ANOTHER:
            continue
        if _word(supply, "type") == "Battery":
            charge = _word(supply, "capacity")
            charges += [float(charge)] if charge.isdigit() and int(charge) <= 100 else []
            # Without a supply of its own in the list, a battery tells by what happens to it.
            status = _word(supply, "status")
            feeding += (
                [status != "Discharging"] if status in ("Charging", "Full", "Not charging", "Discharging") else []
            )
        elif (online := _word(supply, "online")).isdigit():
            feeding.append(int(online) > 0)
    return Power(battery_pct=min(charges, default=None), external_power=any(feeding) if feeding else None)


def _word(supply: Path, name: str) -> str:
    try:
        return (supply / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):  # not there, or a gauge that does not answer
        return ""
