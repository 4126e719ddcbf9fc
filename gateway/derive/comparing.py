"""What two derivations of a trip say differently, line by line. Derives nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from storage.derived_rows import DeviationRow, Findings, GapRow, Moment, StopRow, VisitRow, ZoneVisitRow

_Row = TypeVar("_Row", StopRow, VisitRow, ZoneVisitRow, GapRow, DeviationRow)
# They say under what it was found, or how it is known, not what.
_BESIDE = frozenset({"policy_version", "evidence", "arrived_evidence", "left_evidence", "soon_evidence",
                     "entered_evidence", "worst"})  # fmt: skip


def differences(before: Findings, after: Findings) -> Iterator[str]:
    """`- ` what was found before only, `+ ` what is found after only, `~ ` what is found differently."""
    yield from _moment("departure", before.departed, after.departed)
    yield from _moment("return", before.returned, after.returned)
    yield from _rows("stop", before.stops, after.stops, lambda row: row.began_at, _stop)
    yield from _rows("arrival", before.visits, after.visits, lambda row: row.drop_id, _visit)
    key = lambda row: (row.zone_id, row.entered_at)  # noqa: E731
    yield from _rows("zone", before.zone_visits, after.zone_visits, key, _zone)
    yield from _rows("gap", before.gaps, after.gaps, lambda row: row.began_at, _gap)
    yield from _rows("deviation", before.deviations, after.deviations, lambda row: row.began_at, _deviation)
    if before.facts != after.facts:
        old, new = (msgspec.to_builtins(one) if one else {} for one in (before.facts, after.facts))
        changed = [f"{name} {old.get(name)} to {value}" for name, value in new.items() if old.get(name) != value]
        yield f"~ facts: {', '.join(changed) or 'none any more'}"


def _moment(what: str, before: Moment | None, after: Moment | None) -> Iterator[str]:
    if before is not None and after is None:
        yield f"- {what} {_time(before.at)}"
    elif before is None and after is not None:
        yield f"+ {what} {_time(after.at)}"
    elif before is not None and after is not None and before.at != after.at:
        yield f"~ {what} {_time(before.at)} to {_time(after.at)}"


def _rows(
    what: str, before: Sequence[_Row], after: Sequence[_Row], key: Callable[[_Row], Any], words: Callable[[_Row], str]
) -> Iterator[str]:
    old, new = {key(row): row for row in before}, {key(row): row for row in after}
    for found in sorted(old.keys() | new.keys()):
        if found not in new:
            yield f"- {what} {words(old[found])}"
        elif found not in old:
            yield f"+ {what} {words(new[found])}"
        elif changed := _changed(old[found], new[found]):
            yield f"~ {what} {words(old[found])}: {changed}"


def _changed(before: msgspec.Struct, after: msgspec.Struct) -> str:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in before.__struct_fields__)
    return ", ".join(
        f"{name} {_shown(old)} to {_shown(new)}" for name, old, new in pairs if name not in _BESIDE and old != new
    )


def _stop(row: StopRow) -> str:
    return f"{_time(row.began_at)} {_lasted(row.began_at, row.ended_at)} {row.reason}"


def _visit(row: VisitRow) -> str:
    return f"{_time(row.arrived_at or row.soon_at)} drop {row.drop_id}{'' if row.arrived_at else ' (only near)'}"


def _zone(row: ZoneVisitRow) -> str:
    return f"{_time(row.entered_at)} {_lasted(row.entered_at, row.left_at)} zone {row.zone_id}"


def _gap(row: GapRow) -> str:
    return f"{_time(row.began_at)} {_lasted(row.began_at, row.ended_at)} {row.cause}"


def _deviation(row: DeviationRow) -> str:
    return f"{_time(row.began_at)} {_lasted(row.began_at, row.ended_at)}, at worst {row.worst_m:.0f} m"


def _lasted(began_at: datetime, ended_at: datetime | None) -> str:
    return "still" if ended_at is None else f"{(ended_at - began_at).total_seconds():.0f} s"


def _time(at: datetime | None) -> str:
    return "?" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _shown(value: Any) -> str:
    return _time(value) if isinstance(value, datetime) else str(value)
