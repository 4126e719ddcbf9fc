"""Bytes as people read them. Measures nothing."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(count: float) -> str:
    """1234567 -> 1.2 MB."""
    sign, left = ("-" if count < 0 else ""), abs(count)
    for unit in _UNITS:
        if left < 999.5 or unit == _UNITS[-1]:
            return f"{sign}{left:.0f} {unit}" if unit == "B" or left >= 99.95 else f"{sign}{left:.1f} {unit}"
        left /= 1000
    raise AssertionError("the last unit takes everything")
