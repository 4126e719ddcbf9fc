"""What each role may do, and what nobody may: audit events stay, the reader sees only its premises."""

from __future__ import annotations

import psycopg
import pytest

from storage.audit import SYSTEM, AuditEvent, record
from storage.ids import new_id
from tests.fixtures.database import Database
from tests.fixtures.derived import seed_derived
from tests.fixtures.gateway import NOON, PREMISES, register
from tests.fixtures.promised import seed_promised
from tests.fixtures.seed import seed

OTHER_PREMISES = "01900000-0000-7000-8000-0000000000ff"
_OLD_FIX = (
    "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed, source)"
    " VALUES (clock_timestamp() - make_interval(days => %(days)s), clock_timestamp(), %(seq)s, %(device_id)s, 1, 1, 1,"
    " false, 'dedicated')"
)


@pytest.fixture
def event(owner: psycopg.Connection, database: Database) -> str:
    register(owner, "roles-a")
    with psycopg.connect(database.gateway_url) as connection:
        deed = AuditEvent(
            at=NOON, actor=SYSTEM, action="test.deed", object_kind="test", object_id="1", premises_id=PREMISES
        )
        record(connection, [deed])
    row = owner.execute("SELECT id FROM waybill.audit_event").fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE waybill.audit_event SET actor = 'somebody else'",
        "DELETE FROM waybill.audit_event",
        "TRUNCATE waybill.audit_event",
        "SET session_replication_role = replica; DELETE FROM waybill.audit_event",
    ],
)
def test_not_even_the_owner_changes_audit_events(owner: psycopg.Connection, event: str, attack: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="insert-only"):
        owner.execute(attack)

    assert owner.execute("SELECT id::text FROM waybill.audit_event").fetchall() == [(event,)]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE waybill.fix SET lat_e7 = 0",
        "DELETE FROM waybill.fix",
        "DELETE FROM waybill.reject",
        "UPDATE waybill.audit_event SET actor = 'x'",
        "SELECT drop_chunks('waybill.fix', older_than => TIMESTAMPTZ '2030-01-01')",
        "SELECT waybill.drop_old_fixes(90, gen_random_uuid())",
        "SELECT waybill.compress_oldest_fixes(gen_random_uuid())",
    ],
)
def test_the_gateway_cannot_change_or_delete_what_was_reported(database: Database, attack: str) -> None:
    with (
        psycopg.connect(database.gateway_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(attack)


def test_retention_keeps_to_its_floor_and_records_what_it_drops(owner: psycopg.Connection, database: Database) -> None:
    device_id = register(owner, "roles-b")
    for days in (300, 1):
        owner.execute(_OLD_FIX, {"days": days, "seq": days, "device_id": device_id})
    with psycopg.connect(database.retention_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="floor is 90"):
            connection.execute("SELECT waybill.drop_old_fixes(89, %s)", [new_id(NOON)])
        dropped = connection.execute("SELECT waybill.drop_old_fixes(180, %s)", [new_id(NOON)]).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT 1 FROM waybill.fix")

    assert dropped == (1,)
    assert owner.execute("SELECT seq FROM waybill.fix").fetchall() == [(1,)]
    assert owner.execute("SELECT action, after ->> 'chunks' FROM waybill.audit_event").fetchall() == [
        ("fixes.dropped", "1")
    ]


def test_fixes_under_a_legal_hold_are_copied_before_they_go(owner: psycopg.Connection, database: Database) -> None:
    device_id = register(owner, "roles-c")
    owner.execute(
        "UPDATE waybill.install SET during = tstzrange('2020-01-01Z', NULL) WHERE device_id = %s", [device_id]
    )
    owner.execute(_OLD_FIX, {"days": 300, "seq": 7, "device_id": device_id})
    owner.execute(
        "INSERT INTO waybill.legal_hold (id, premises_id, during, reason, placed_by, placed_at)"
        " VALUES (%s, %s, tstzrange('2020-01-01Z', NULL), 'inspection', 'compliance', %s)",
        [new_id(NOON), PREMISES, NOON],
    )

    with psycopg.connect(database.retention_url, autocommit=True) as connection:
        connection.execute("SELECT waybill.drop_old_fixes(180, %s)", [new_id(NOON)])

    assert owner.execute("SELECT seq FROM waybill.fix").fetchall() == []
    assert owner.execute("SELECT seq FROM waybill.held_fix").fetchall() == [(7,)]


def _views(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("SELECT viewname FROM pg_views WHERE schemaname = 'reading' ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_every_view_is_empty_for_nobody_and_for_another_premises(owner: psycopg.Connection, database: Database) -> None:
    seeded = seed(owner, NOON, vans=2)
    deed = AuditEvent(
        at=NOON, actor=SYSTEM, action="test.deed", object_kind="test", object_id="1", premises_id=seeded.premises_id
    )
    record(owner, [deed])
    seed_promised(owner, seeded, seed_derived(owner, seeded))
    owner.execute("UPDATE waybill.fix SET source = 'phone' WHERE fixed_at = (SELECT max(fixed_at) FROM waybill.fix)")
    views = _views(owner)
    assert {"fleet", "orders", "vehicle_fix", "milestone", "audit_event"} <= set(views)
    with psycopg.connect(database.reader_url) as connection:
        for setting in (None, "", OTHER_PREMISES):
            if setting is not None:
                connection.execute("SELECT set_config('waybill.premises', %s, true)", [setting])
            for view in views:
                assert _rows(connection, view) == 0, (view, setting)

        connection.execute("SELECT set_config('waybill.premises', %s, true)", [str(seeded.premises_id)])
        # Else an empty view would have shown nothing about the filter.
        assert [view for view in views if _rows(connection, view) == 0] == []


def _rows(connection: psycopg.Connection, view: str) -> int:
    query = psycopg.sql.SQL("SELECT count(*) FROM reading.{}").format(psycopg.sql.Identifier(view))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_the_reader_reaches_no_table(owner: psycopg.Connection, database: Database) -> None:
    tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'waybill'").fetchall()
    assert len(tables) > 15
    with psycopg.connect(database.reader_url, autocommit=True) as connection:
        for (table,) in tables:
            query = psycopg.sql.SQL("SELECT 1 FROM waybill.{}").format(psycopg.sql.Identifier(table))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)
