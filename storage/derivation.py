"""What deriving a trip again needs of the database: the trip, its drops, units, fixes and numbers. Derives nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from contract.fix import Fix, Quality
from contract.milestones import Milestone
from storage.derived_rows import Evidence
from storage.ids import new_id
from storage.sql import statement
from storage.tracking import open_legs

# Fixes are fetched so much time at once: a trip that returned needs no more of them.
SLICE = timedelta(minutes=30)
MOST_AT_ONCE = timedelta(hours=6)
_QUALITIES = {quality.value: quality for quality in Quality}


class TripRow(msgspec.Struct, frozen=True):
    """A trip to be derived, and what bounds it: the vehicle's trips before and after."""

    id: UUID
    premises_id: UUID
    trip_no: str
    vehicle_id: UUID
    planned_departure_at: datetime
    departed_at: datetime | None
    ended_at: datetime | None
    declared_departed_at: datetime | None
    declared_ended_at: datetime | None
    planned_route: list[tuple[int, int]] | None  # (lon_e7, lat_e7)
    premises_lat_e7: int | None
    premises_lon_e7: int | None
    ended_before: datetime | None  # the end of the newest earlier trip
    departs_next: datetime | None  # when a later trip left, by somebody's word


class DropRow(msgspec.Struct, frozen=True):
    """A drop as it is planned now."""

    drop_id: str
    order_id: str
    seq: int
    lat_e7: int | None
    lon_e7: int | None
    arrived_at: datetime | None
    left_at: datetime | None
    milestone: str  # the order's newest
    order_no: str
    joined_at: datetime | None  # when it came to the trip, if the vehicle was under way then


class UnitRow(msgspec.Struct, frozen=True):
    """A dedicated device in the vehicle from-to (None: no bound), and the intervals it announces."""

    device_id: int
    name: str
    from_at: datetime | None
    to_at: datetime | None
    report_interval_s: float | None
    heartbeat_s: float | None


class Told(msgspec.Struct, frozen=True):
    """A detected milestone: when it was told first, and when it really was by its newest correction."""

    id: UUID
    order_id: str
    milestone: Milestone
    first_at: datetime
    at: datetime
    withdrawn: bool


def trip_to_derive(connection: psycopg.Connection, trip_id: UUID) -> TripRow | None:
    row = connection.execute(statement("derive_trip"), {"trip_id": trip_id}).fetchone()
    return None if row is None else TripRow(*row)


def drops_of_trip(connection: psycopg.Connection, trip_id: UUID) -> list[DropRow]:
    rows = connection.execute(statement("drops_of_trip"), {"trip_id": trip_id})
    return [DropRow(*row) for row in rows]


def units_of_vehicle(
    connection: psycopg.Connection, vehicle_id: UUID, from_at: datetime, to_at: datetime
) -> list[UnitRow]:
    """The dedicated devices that were fitted from-to, in order of time."""
    values = {"vehicle_id": vehicle_id, "from_at": from_at, "to_at": to_at}
    return [UnitRow(*row) for row in connection.execute(statement("units_of_vehicle"), values)]


def stored_fixes(
    connection: psycopg.Connection,
    units: list[UnitRow],
    from_at: datetime,
    to_at: datetime,
    likely_to: datetime | None = None,
) -> Iterator[Fix]:
    """Every stored fix of the units while they were fitted, in order of time, as far as the engine asks for it.

    They are fetched as they are taken: at once as far as `likely_to`, where they will probably do, then by slices,
    twice as long after every one that is empty.
    """
    spools = _spools(connection, units)
    at, until, step = from_at, from_at + SLICE, SLICE
    if likely_to is not None and at < likely_to < at + MOST_AT_ONCE:
        until = likely_to
    while at < to_at:
        until = min(until, to_at)
        parts = [
            _fixes(connection, unit, spools, max(at, unit.from_at or at), min(until, unit.to_at or until))
            for unit in units
        ]
        yield from parts[0] if len(parts) == 1 else merge(*parts, key=lambda fix: (fix.fixed_at, fix.seq))
        step = SLICE if any(parts) else 2 * step
        at, until = until, until + step


def newest_fix_before(connection: psycopg.Connection, units: list[UnitRow], before: datetime) -> datetime | None:
    """When the newest fix before `before` that counts was taken by any of the units."""
    newest = None
    for unit in units:
        values = {"device_id": unit.device_id, "before": min(before, unit.to_at or before), "fitted_at": unit.from_at}
        row = connection.execute(statement("newest_fix_before"), values).fetchone()
        if row is not None and (newest is None or row[0] > newest):
            newest = row[0]
    return newest


def _spools(connection: psycopg.Connection, units: list[UnitRow]) -> dict[int, str]:
    values = {"device_ids": [unit.device_id for unit in units]}
    return dict(connection.execute(statement("spool_names"), values).fetchall())


def _fixes(
    connection: psycopg.Connection, unit: UnitRow, spools: dict[int, str], from_at: datetime, to_at: datetime
) -> list[Fix]:
    if from_at >= to_at:
        return []
    values = {"device_id": unit.device_id, "from_at": from_at, "to_at": to_at}
    rows = connection.execute(statement("fixes_of_device"), values).fetchall()
    return [_fix(unit.name, spools, row) for row in rows]


def _fix(device: str, spools: dict[int, str], row: tuple[Any, ...]) -> Fix:
    # Text, not binary, brought the row: a real comes back as it was sent, 3.14 and not 3.140000104904175.
    (spool_id, seq, fixed_at, lat_e7, lon_e7, speed_mps, hdop, accuracy_m, ignition, quality, replayed,
     boot_id) = row  # fmt: skip
    return Fix(
        device=device, spool_id=spools[spool_id], seq=seq, fixed_at=fixed_at.replace(tzinfo=UTC), lat_e7=lat_e7,
        lon_e7=lon_e7, speed_mps=speed_mps, hdop=hdop, accuracy_m=accuracy_m, ignition=ignition,
        quality=None if quality is None else _QUALITIES[quality], replayed=replayed, boot_id=boot_id,
    )  # fmt: skip


def missing_numbers(
    connection: psycopg.Connection, device_id: int, spool: str, first: int, last: int
) -> tuple[tuple[int, int], ...]:
    """Closed ranges within first..last that are not stored; empty when the spool was never confirmed by number."""
    if last < first:
        return ()
    values = {"device_id": device_id, "spool": spool, "first": first, "last": last}
    return tuple((low, high) for low, high in connection.execute(statement("missing_numbers"), values))


def numbers_elsewhere(
    connection: psycopg.Connection,
    device_id: int,
    spool: str,
    numbers: tuple[int, int],
    from_at: datetime,
    to_at: datetime,
) -> int:
    """How many fixes with numbers first..last came with times that are not within from-to, as far as that is cheap."""
    values = {"device_id": device_id, "spool": spool, "first": numbers[0], "last": numbers[1], "from_at": from_at,
              "to_at": to_at}  # fmt: skip
    row = connection.execute(statement("numbers_elsewhere"), values).fetchone()
    assert row is not None, "a sum is a row"
    return int(row[0])


def device_word(connection: psycopg.Connection, device_id: int) -> dict[str, Any]:
    """What the device said of itself last; empty when it never did."""
    row = connection.execute(statement("device_word"), {"device_id": device_id}).fetchone()
    return {} if row is None else dict(row[0])


def put_trip_interval(
    connection: psycopg.Connection,
    trip_id: UUID,
    departed_at: datetime | None,
    ended_at: datetime | None,
    end_reason: str | None,
) -> None:
    """When the trip departed and ended; its legs follow. The reason holds where nobody said another."""
    values = {"trip_id": trip_id, "departed_at": departed_at, "ended_at": ended_at, "end_reason": end_reason}
    connection.execute(statement("trip_interval"), values)
    if departed_at is None:
        connection.execute(statement("remove_legs"), values)
        return
    open_legs(connection, {str(trip_id): departed_at})
    connection.execute(statement("leg_intervals"), values)


def kept_evidence(connection: psycopg.Connection, premises_id: UUID, fixes: list[tuple[datetime, int]]) -> int:
    """How many of the fixes (fixed_at, seq) are still kept, of whichever unit."""
    values = {"premises_id": premises_id, "fixed_at": [at for at, _ in fixes], "seqs": [seq for _, seq in fixes]}
    row = connection.execute(statement("kept_evidence"), values).fetchone()
    assert row is not None, "an aggregate is a row"
    return int(row[0])


def put_drop_times(connection: psycopg.Connection, times: list[tuple[str, datetime | None, datetime | None]]) -> None:
    """(drop_id, arrived_at, left_at) as found now."""
    if times:
        values = {"drop_ids": [row[0] for row in times], "arrived_at": [row[1] for row in times],
                  "left_at": [row[2] for row in times]}  # fmt: skip
        connection.execute(statement("drop_times"), values)


def told_milestones(connection: psycopg.Connection, trip_id: UUID) -> list[Told]:
    """Detected milestones of the trip, each with its newest correction."""
    rows = connection.execute(statement("detected_milestones"), {"trip_id": trip_id})
    return [Told(row[0], row[1], Milestone(row[2]), *row[3:]) for row in rows]


def put_correction(
    connection: psycopg.Connection,
    told: Told,
    at: datetime,
    *,
    evidence: Evidence | None,
    withdrawn: bool,
    note: str,
    recorded_at: datetime,
) -> None:
    """Another time for what was told, or that it did not happen. The first telling stays as it is."""
    values = {"id": new_id(recorded_at), "corrects": told.id, "at": at, "recorded_at": recorded_at, "note": note,
              "evidence": None if evidence is None else Jsonb(evidence), "withdrawn": withdrawn}  # fmt: skip
    connection.execute(statement("put_correction"), values)
    if not withdrawn:
        values = {"order_id": told.order_id, "milestone": told.milestone.value, "at": at}
        connection.execute(statement("correct_newest_milestone"), values)


class FoundTrip(msgspec.Struct, frozen=True):
    """A trip by its number."""

    id: UUID
    premises_id: UUID
    premises_code: str
    trip_no: str


def trips_since(connection: psycopg.Connection, premises_id: UUID, from_at: datetime) -> list[UUID]:
    """Trips of the premises that departed at `from_at` or later."""
    values = {"premises_id": premises_id, "from_at": from_at}
    return [trip_id for (trip_id,) in connection.execute(statement("trips_since"), values)]


def trips_named(connection: psycopg.Connection, trip: str, premises_id: UUID | None) -> list[FoundTrip]:
    """Trips of this number or id."""
    values = {"trip": trip, "premises_id": premises_id}
    return [FoundTrip(*row) for row in connection.execute(statement("find_trip"), values)]


def newest_trip_numbers(connection: psycopg.Connection) -> list[str]:
    """Numbers of the trips that were planned last, to name them when one is asked for that is not there."""
    return [trip_no for (trip_no,) in connection.execute(statement("newest_trips"))]


def declare_trip_times(
    connection: psycopg.Connection, trip_id: UUID, departed_at: datetime | None, ended_at: datetime | None
) -> tuple[datetime | None, ...]:
    """Keeps what somebody says; departure and end that count, then the declared ones."""
    values = {"trip_id": trip_id, "departed_at": departed_at, "ended_at": ended_at}
    row = connection.execute(statement("declare_trip_times"), values).fetchone()
    assert row is not None, "the caller has the id from its row"
    return tuple(row)
