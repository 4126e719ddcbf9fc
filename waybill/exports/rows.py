"""One fix as export formats write it: names, text of times and degrees. Knows no format."""

from __future__ import annotations

from contract.times import format_instant
from storage.reading_rows import HistoryRow

COLUMNS = (
    "fixed_at", "received_at", "lat", "lon", "altitude_m", "speed_mps", "course_deg", "hdop", "accuracy_m",
    "satellites", "ignition", "quality", "source", "device", "spool", "seq", "replayed", "refused_by",
)  # fmt: skip
# Binary32 in storage: so many decimals bring back what the receiver said, and no noise (contract/fix.py, steps).
_DECIMALS = {"altitude_m": 2, "speed_mps": 3, "course_deg": 2, "hdop": 2, "accuracy_m": 2}


def measure(name: str, value: float | None) -> float | None:
    """A measure rounded to the step in which it was stored."""
    return None if value is None else round(value, _DECIMALS[name])


def facts(row: HistoryRow) -> dict[str, object]:
    """Everything of a fix but its position, in the order of COLUMNS; None is unknown."""
    return {
        "fixed_at": format_instant(row.fixed_at),
        "received_at": format_instant(row.received_at),
        "altitude_m": measure("altitude_m", row.altitude_m),
        "speed_mps": measure("speed_mps", row.speed_mps),
        "course_deg": measure("course_deg", row.course_deg),
        "hdop": measure("hdop", row.hdop),
        "accuracy_m": measure("accuracy_m", row.accuracy_m),
        "satellites": row.satellites,
        "ignition": row.ignition,
        "quality": row.quality,
        "source": row.source,
        "device": row.device_name,
        "spool": row.spool,
        "seq": row.seq,
        "replayed": row.replayed,
        "refused_by": row.refused_by,
    }
