"""The same schema on TimescaleDB's two editions: without compression on Apache, with compressed days on Community."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from contract.fix import Fix, Quality
from storage.fixes import FixRow, Stored, store_fixes
from storage.ids import new_id
from storage.ingest import ensure_spools
from storage.reads import history
from storage.retention import Compression, compress_oldest_fixes, drop_old_fixes
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES, register

COUNT = 3000
SPOOL = "0123456789abcdef"


class World(msgspec.Struct):
    """A fitted device and the connection that stores its fixes."""

    gateway: psycopg.Connection
    device_id: int
    spool_id: int

    def rows(self, days_ago: int, *, first: int = 1, count: int = COUNT, shift_ms: int = 0) -> list[FixRow]:
        """A fix a second from 08:00 on; day and number decide the rest, so that a repeat is the same."""
        start = midnight(days_ago) + timedelta(hours=8, milliseconds=shift_ms)
        base = (1000 - days_ago) * 100_000
        return [
            FixRow(
                Fix(
                    device="edition-a",
                    spool_id=SPOOL,
                    seq=base + number,
                    fixed_at=start + timedelta(seconds=number),
                    lat_e7=601_700_000 + number * 90,
                    lon_e7=249_400_000,
                    altitude_m=12.25,
                    speed_mps=1.234,
                    satellites=None if number % 7 == 0 else 9,
                    ignition=True,
                    quality=Quality.GPS,
                ),
                self.device_id,
                self.spool_id,
                start + timedelta(seconds=number + 1),
                "jump" if number % 500 == 0 else None,
            )
            for number in range(first, first + count)
        ]

    def store(self, rows: list[FixRow]) -> Stored:
        with self.gateway.transaction():
            return store_fixes(self.gateway, rows)


@pytest.fixture
def world(owner: psycopg.Connection, database: Database) -> Iterator[World]:
    device_id = register(owner, "edition-a")
    owner.execute("UPDATE waybill.install SET during = tstzrange('2020-01-01Z', NULL)")
    with psycopg.connect(database.gateway_url, autocommit=True) as gateway:
        spools = ensure_spools(gateway, [(device_id, SPOOL)])
        yield World(gateway, device_id, spools[device_id, SPOOL])


def midnight(days_ago: int) -> datetime:
    return true_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


@contextmanager
def retention(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.retention_url, autocommit=True) as connection:
        yield connection


def compress_all(database: Database) -> int:
    """How many days were compressed until nothing was left to do."""
    with retention(database) as connection:
        days = 0
        while (outcome := compress_oldest_fixes(connection, new_id(true_now()))) is Compression.COMPRESSED:
            days += 1
    assert outcome is Compression.NOTHING
    return days


def compressed_days(owner: psycopg.Connection) -> list[datetime]:
    rows = owner.execute(
        "SELECT range_start FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'fix' AND is_compressed ORDER BY 1"
    )
    return [start for (start,) in rows]


def everything(owner: psycopg.Connection) -> list[tuple[object, ...]]:
    return owner.execute("SELECT * FROM waybill.fix ORDER BY device_id, fixed_at, seq").fetchall()


def with_other_content(row: FixRow) -> FixRow:
    return msgspec.structs.replace(row, fix=msgspec.structs.replace(row.fix, lon_e7=row.fix.lon_e7 + 1))


@pytest.mark.usefixtures("apache")
def test_without_compression_the_function_does_nothing_and_says_so(
    owner: psycopg.Connection, database: Database, world: World
) -> None:
    world.store(world.rows(10))

    with retention(database) as connection:
        outcome = compress_oldest_fixes(connection, new_id(true_now()))

    assert outcome is Compression.NOT_AVAILABLE
    assert compressed_days(owner) == []
    assert owner.execute("SELECT count(*) FROM waybill.audit_event").fetchone() == (0,)


@pytest.mark.usefixtures("old_community")
def test_a_version_whose_backup_cannot_be_restored_compresses_nothing(
    owner: psycopg.Connection, database: Database, world: World
) -> None:
    world.store(world.rows(10))

    with retention(database) as connection:
        outcome = compress_oldest_fixes(connection, new_id(true_now()))

    assert outcome is Compression.TOO_OLD
    assert compressed_days(owner) == []


@pytest.mark.usefixtures("community")
def test_days_that_ended_over_a_week_ago_are_compressed_one_by_one_and_recorded(
    owner: psycopg.Connection, database: Database, world: World
) -> None:
    for days_ago in (7, 8, 10):  # the seventh day has not ended a week ago, whatever the time is
        world.store(world.rows(days_ago))

    days = compress_all(database)

    assert days == 2
    assert compressed_days(owner) == [midnight(10), midnight(8)]
    events = owner.execute(
        "SELECT (after ->> 'from_at')::timestamptz, (before ->> 'bytes')::bigint > (after ->> 'bytes')::bigint,"
        " actor FROM waybill.audit_event WHERE action = 'fixes.compressed' ORDER BY at"
    ).fetchall()
    assert events == [(midnight(10), True, "retention"), (midnight(8), True, "retention")]


@pytest.mark.usefixtures("community")
def test_compression_changes_nothing_that_is_read(owner: psycopg.Connection, database: Database, world: World) -> None:
    world.store(world.rows(10))
    with psycopg.connect(database.reader_url) as reader:

        def seen() -> tuple[list[tuple[object, ...]], list[object]]:
            with reader.transaction():
                reader.execute("SELECT set_config('waybill.premises', %s, true)", [PREMISES])
                view = reader.execute("SELECT * FROM reading.vehicle_fix ORDER BY fixed_at").fetchall()
            told = history(
                reader, [UUID(PREMISES)], "van-1", from_at=midnight(10), to_at=midnight(9), refused=True
            )  # fmt: skip
            return view, list(told)

        before = seen()
        assert compress_all(database) == 1
        after = seen()

    assert len(before[0]) == len(before[1]) == COUNT
    assert after == before


@pytest.mark.usefixtures("community")
def test_a_reader_with_an_older_view_of_the_data_misses_nothing(
    owner: psycopg.Connection, database: Database, world: World
) -> None:
    world.store(world.rows(10))
    with psycopg.connect(database.owner_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1 FROM waybill.device")  # from here on it sees this moment

        compress_all(database)

        assert reader.execute("SELECT count(*), count(DISTINCT seq) FROM waybill.fix").fetchone() == (COUNT, COUNT)


@pytest.mark.usefixtures("community")
def test_late_fixes_are_stored_in_a_compressed_day(owner: psycopg.Connection, database: Database, world: World) -> None:
    world.store(world.rows(10))
    compress_all(database)

    stored = world.store(world.rows(10, shift_ms=500))

    assert stored == Stored(frozenset(range(COUNT)), frozenset())
    staged = world.gateway.execute("SELECT to_regclass('pg_temp.staged_fix') IS NOT NULL").fetchone()
    assert staged == (False,), "no key repeats, so direct COPY does"
    assert owner.execute("SELECT count(*), count(DISTINCT fixed_at) FROM waybill.fix").fetchone() == (
        2 * COUNT,
        2 * COUNT,
    )
    assert compressed_days(owner) == [midnight(10)]


@pytest.mark.parametrize("edition", ["apache", "community"])
def test_repeats_and_contradictions_are_told_apart_day_by_day(
    owner: psycopg.Connection, database: Database, world: World, edition: str, request: pytest.FixtureRequest
) -> None:
    """On Community the older days are compressed when the repeats come."""
    request.getfixturevalue(edition)
    days = (1, 10, 11)
    for days_ago in days:
        world.store(world.rows(days_ago))
    if edition == "community":
        assert compress_all(database) == 2
    before = everything(owner)
    batch: list[FixRow] = []
    for days_ago in days:
        repeated, contradicted = world.rows(days_ago, first=100, count=2)
        [new] = world.rows(days_ago, first=COUNT + 1, count=1)
        received_later = msgspec.structs.replace(repeated, received_at=true_now(), refused_by="stale")
        batch += [repeated, with_other_content(contradicted), new, new, with_other_content(new), received_later]

    stored = world.store(batch)

    assert stored.new == {2, 8, 14}
    assert stored.conflicting == {1, 4, 7, 10, 13, 16}
    after = everything(owner)
    assert len(after) == 3 * COUNT + 3
    assert set(before) < set(after)


def test_a_repeated_batch_opens_only_the_chunks_of_its_days(world: World) -> None:
    for days_ago in range(20):
        world.store(world.rows(days_ago, count=2))
    repeated = [*world.rows(3, count=2), *world.rows(12, count=2)]

    with world.gateway.transaction():
        stored = store_fixes(world.gateway, repeated)
        locked = world.gateway.execute(
            "SELECT count(DISTINCT c.oid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
            " JOIN timescaledb_information.chunks k ON k.chunk_name = c.relname"
            " WHERE l.pid = pg_backend_pid() AND k.hypertable_name = 'fix'"
        ).fetchone()

    assert stored == Stored(frozenset(), frozenset())
    assert locked == (2,)


@pytest.mark.usefixtures("community")
def test_compressed_days_go_when_they_are_too_old_and_what_is_held_stays(
    owner: psycopg.Connection, database: Database, world: World
) -> None:
    for days_ago in (300, 200, 10):
        world.store(world.rows(days_ago))
    compress_all(database)
    world.store(world.rows(300, shift_ms=500, count=5))  # late, beside the compressed ones
    owner.execute(
        "INSERT INTO waybill.legal_hold (id, premises_id, during, reason, placed_by, placed_at)"
        " VALUES (%s, %s, tstzrange(%s, %s), 'inspection', 'compliance', %s)",
        [new_id(true_now()), PREMISES, midnight(300), midnight(299), true_now()],
    )
    held = owner.execute("SELECT * FROM waybill.fix WHERE fixed_at < %s ORDER BY fixed_at", [midnight(299)]).fetchall()

    with retention(database) as connection:
        dropped = drop_old_fixes(connection, 180, new_id(true_now()))

    assert dropped == 2
    assert len(held) == COUNT + 5
    assert owner.execute("SELECT * FROM waybill.held_fix ORDER BY fixed_at").fetchall() == held
    assert owner.execute("SELECT count(*), min(fixed_at) > %s FROM waybill.fix", [midnight(11)]).fetchone() == (
        COUNT,
        True,
    )
    assert compressed_days(owner) == [midnight(10)]
