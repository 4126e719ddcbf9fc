"""What is asked of a report, found among the records: vehicle, trip, order, a day or a time. Reads no row of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from gateway.refusals import NotThereError, RefusedError
from gateway.reports.head import Whose
from storage.reports import named, names_there_are, whose


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to see; None lets everything through."""

    day: date | None = None  # of the premises' time zone
    from_at: datetime | None = None
    to_at: datetime | None = None
    vehicle: str | None = None
    trip: str | None = None
    order: str | None = None
    gap_s: float = 120.0  # longer without a position is told as a gap


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The same as ids and instants."""

    whose: Whose
    from_at: datetime | None
    to_at: datetime | None  # excluded
    vehicle_id: UUID | None
    trip_id: UUID | None
    order_id: UUID | None
    gap_s: float
    now: datetime
    filters: Mapping[str, Any]  # as they are told above the report

    def values(self) -> dict[str, Any]:
        """For a query."""
        return {
            "premises_id": self.whose.premises_id, "from_at": self.from_at, "to_at": self.to_at,
            "vehicle_id": self.vehicle_id, "trip_id": self.trip_id, "order_id": self.order_id,
        }  # fmt: skip


def whose_records(connection: psycopg.Connection, premises_id: UUID) -> Whose:
    row = whose(connection, premises_id)
    return Whose(**dict(zip(Whose.__struct_fields__, row, strict=True)))


def choose(
    connection: psycopg.Connection, report: str, takes: frozenset[str], needs: tuple[frozenset[str], ...],
    premises_id: UUID, asked: Asked, now: datetime,
) -> Chosen:  # fmt: skip
    """What is asked, or an error that says what this report needs and what there is."""
    place = whose_records(connection, premises_id)
    given = {
        name for name in ("day", "from_at", "to_at", "vehicle", "trip", "order") if getattr(asked, name) is not None
    }
    period = {"day", "from_at", "to_at"} & given
    said = (given - period) | ({"period"} if period else set())
    if strange := said - takes:
        raise RefusedError(f"{report} cannot be narrowed to {_words(strange)}; it takes {_words(takes)}")
    for choice in needs:
        if not choice & said:
            raise RefusedError(f"{report} needs {_words(choice, ' or ')}")
    from_at, to_at = _period(asked, place)
    if frozenset({"period"}) in needs and from_at is None:
        raise RefusedError(f"{report} needs a beginning: from", field="query.from")
    if frozenset({"period"}) in needs and to_at is None:
        to_at = now
    ids = {kind: _named(connection, kind, place, getattr(asked, kind)) for kind in ("vehicle", "trip", "order")}
    filters: dict[str, Any] = {kind: found[1] for kind, found in ids.items() if found is not None}
    filters |= {
        name: value for name, value in (("day", asked.day), ("from", from_at), ("to", to_at)) if value is not None
    }
    if asked.day is not None:
        filters["day"] = asked.day.isoformat()
    if "gap" in takes:
        filters["gap_longer_than_s"] = asked.gap_s
    chosen = {f"{kind}_id": None if found is None else found[0] for kind, found in ids.items()}
    return Chosen(whose=place, from_at=from_at, to_at=to_at, gap_s=asked.gap_s, now=now, filters=filters, **chosen)


_SPOKEN = {"period": "a time (day, or from and to)"}


def _words(names: set[str] | frozenset[str], between: str = ", ") -> str:
    return between.join(sorted(_SPOKEN.get(name, name) for name in names if name != "gap"))


_YEARS = range(2000, 2200)


def _period(asked: Asked, place: Whose) -> tuple[datetime | None, datetime | None]:
    for name, said in (("day", asked.day), ("from", asked.from_at), ("to", asked.to_at)):
        if said is not None and said.year not in _YEARS:
            years = f"{_YEARS[0]} to {_YEARS[-1]}"
            raise RefusedError(f"{name} {said.isoformat()} lies outside the years {years}", field=f"query.{name}")
    if asked.day is not None:
        if asked.from_at is not None or asked.to_at is not None:
            raise RefusedError("say either the day or from and to, not both", field="query.day")
        # Local midnight to local midnight: 23 or 25 hours when clocks change.
        midnights = (datetime.combine(asked.day + timedelta(days=n), time.min, place.zone) for n in (0, 1))
        begins, ends = (one.astimezone(UTC) for one in midnights)
        return begins, ends
    if asked.from_at is not None and asked.to_at is not None and asked.from_at >= asked.to_at:
        raise RefusedError(
            f"from {asked.from_at.isoformat()} is not before to {asked.to_at.isoformat()}", field="query.from"
        )
    return asked.from_at, asked.to_at


def _named(connection: psycopg.Connection, kind: str, place: Whose, name: str | None) -> tuple[UUID, str] | None:
    if name is None:
        return None
    found = named(connection, kind, place.premises_id, name)
    if found is not None:
        return found.id, found.name
    there = [] if kind == "order" else names_there_are(connection, kind, place.premises_id)
    known = f"; there are {', '.join(there[:20])}{' …' if len(there) > 20 else ''}" if there else ""
    raise NotThereError(f"{place.code} has no {kind} {name!r}{known}", field=f"query.{kind}")
