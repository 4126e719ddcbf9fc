"""The log of attempts that failed or gave over a part, and of the goods that came back. Judges no attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from contract.geo import distance_m
from gateway.reports.asking import Chosen
from gateway.reports.columns import Cell, Column, Row, local_time
from gateway.reports.definition import Definition
from storage.reports import report_rows

COLUMNS = (
    Column("order_no"), Column("attempt_no", "number"), Column("attempted", "time"), Column("outcome"),
    Column("trip_no"), Column("vehicle"), Column("driver"), Column("address"), Column("vehicle_lat", "degrees"),
    Column("vehicle_lon", "degrees"), Column("distance_to_address_m", "number", 0), Column("reason_code"),
    Column("note"), Column("not_intoxicated", "flag"), Column("id_valid", "flag"), Column("age_ok", "flag"),
    Column("affirmation_text_version"), Column("contacts"), Column("disposition_told"), Column("disposition"),
    Column("returned", "time"), Column("return_recorded_by"), Column("quantity_returned", "number"),
    Column("quantity_lost", "number"), Column("unit"), Column("declared_by"), Column("recorded", "time"),
    Column("told_offline", "flag"), Column("conflict"),
)  # fmt: skip


class _Attempt(msgspec.Struct, frozen=True):
    """A row as the statement gives it."""

    order_no: str
    attempt_no: int
    at: datetime
    outcome: str
    trip_no: str | None
    vehicle: str | None
    crew: str | None
    address: str
    door_lat_e7: int | None
    door_lon_e7: int | None
    lat_e7: int | None
    lon_e7: int | None
    reason_code: str | None
    note: str | None
    affirmation: dict[str, Any] | None
    id_check: dict[str, Any] | None
    messages: list[list[str | None]] | None
    next_on_same_trip: bool | None
    next_at: datetime | None
    returned_at: datetime | None
    returned_by: str | None
    returned: Decimal | None
    lost: Decimal | None
    unit: str | None
    aboard: Decimal | None
    declared_by: str
    recorded_at: datetime
    offline: bool | None
    conflict: str | None
    disposition_told: str | None


class Attempts:
    def __init__(self, connection: psycopg.Connection, chosen: Chosen) -> None:
        self._connection, self._values, self._chosen = connection, chosen.values(), chosen
        self._reasons: Counter[str] = Counter()
        self._returned = self._partial = 0

    def rows(self) -> Iterator[Row]:
        for row in report_rows(self._connection, "attempts", self._values):
            one = _Attempt(*row)
            self._returned += one.returned_at is not None
            self._partial += one.outcome == "partial"
            self._reasons[one.reason_code or one.outcome] += 1
            yield self._row(one)

    def _row(self, one: _Attempt) -> Row:
        affirmed = one.affirmation or {}
        return (
            one.order_no, one.attempt_no, one.at, one.outcome, one.trip_no, one.vehicle, one.crew, one.address,
            one.lat_e7, one.lon_e7, _distance_m(one), one.reason_code, one.note, affirmed.get("not_intoxicated"),
            affirmed.get("id_valid"), affirmed.get("age_ok"), affirmed.get("text_version"), self._contacts(one),
            one.disposition_told, _disposition(one), one.returned_at, one.returned_by, one.returned, one.lost,
            one.unit, one.declared_by, one.recorded_at, one.offline, one.conflict,
        )  # fmt: skip

    def _contacts(self, one: _Attempt) -> Cell:
        said = [
            f"{kind} by {channel} {local_time(datetime.fromisoformat(str(at)), self._chosen.whose.zone)}"
            f" ({outcome or 'on its way'})"
            for channel, kind, at, outcome in one.messages or []
        ]
        return "; ".join(said) or None

    def summary(self) -> Mapping[str, Any]:
        return {
            "with_goods_returned": self._returned,
            "delivered_in_part": self._partial,
            "by_reason": ", ".join(f"{reason} {count}" for reason, count in sorted(self._reasons.items())) or None,
        }


def _distance_m(one: _Attempt) -> float | None:
    """From the vehicle to the door; None: one of the two is not known."""
    if one.lat_e7 is None or one.lon_e7 is None or one.door_lat_e7 is None or one.door_lon_e7 is None:
        return None
    return distance_m(one.lat_e7, one.lon_e7, one.door_lat_e7, one.door_lon_e7)


def _disposition(one: _Attempt) -> str | None:
    """What became of the goods, in the codes of the failed-delivery log; None: nothing is on record."""
    if one.returned_at is not None:
        return "RETURNED_TO_PREMISES"
    if one.lost is not None:
        return "LOST"
    if one.next_at is not None:
        return "REDELIVERY_SAME_TRIP" if one.next_on_same_trip else "REDELIVERY"
    return "HELD_IN_VEHICLE" if one.aboard is not None and one.aboard > 0 else None


ATTEMPTS = Definition(
    name="failed-attempts",
    title="Failed attempts and returns",
    rule="16 TAC 50.33(c), Ala. Admin. Code 20-X-9-.05",
    columns=COLUMNS,
    takes=frozenset({"trip", "order", "period"}),
    needs=(frozenset({"trip", "order", "period"}),),
    read=Attempts,
)
