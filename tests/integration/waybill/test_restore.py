"""`waybill restore`: what was there is there again on another machine, and works; what does not fit changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import sql

from contract.clock import true_now
from contract.fix import Fix, utc_ms
from contract.messages import Receipt
from gateway.broker_admin import BrokerAdmin
from storage.audit import Actor
from storage.events import Event, events_after, put_event
from storage.order_reads import Reader
from tests.fixtures.backups import World
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device, eventually, running_gateway
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD
from waybill.backup.errors import BackupError
from waybill.backup.keys import key_by_identity
from waybill.backup.restore import Target, check_target, restore_database
from waybill.backup.set_file import SetReader
from waybill.configuration import configure
from waybill.stack.broker import Broker
from waybill.stack.places import run_as, stand_in
from waybill.stack.postgres import Postgres
from waybill.stack.stack import Stack

Content = dict[str, list[str]]
DROVE_AT = utc_ms(true_now()) - timedelta(minutes=5)


def content(url: str) -> Content:
    """Every row of every table of the records, as text."""
    found: Content = {}
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'waybill'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM waybill.{} t ORDER BY 1").format(sql.Identifier(table))
            found[table] = [row for (row,) in connection.execute(query)]
    return found


def fixes(first: int, last: int) -> list[Fix]:
    return [
        Fix(device="backup-a", spool_id="0123456789abcdef", seq=seq, fixed_at=DROVE_AT + timedelta(seconds=seq),
            lat_e7=601_700_000 + seq, lon_e7=249_400_000)
        for seq in range(first, last + 1)
    ]  # fmt: skip


@contextmanager
def device_at(broker: Broker) -> Iterator[Device]:
    device = Device("backup-a", broker)
    try:
        yield device
    finally:
        device.close()


def restored_on(folder: Path, world: World, one: Path, *words: str) -> None:
    """What somebody types on a machine that has nothing but the set and the secret key."""
    answer = caller({})("restore", str(one), "--into", str(folder), "--identity", str(world.identity), *words)
    assert answer.exit_code == 0, answer
    assert "Fixes that they had a receipt for after" in answer.out


def credentials(folder: Path) -> set[str]:
    store = stand_in(folder / "broker", run_as()) / "state/dynamic-security.json"
    return {client["username"] for client in json.loads(store.read_text())["clients"]}


def test_everything_is_there_again_on_another_machine_and_works(
    world: World, owner: psycopg.Connection, elsewhere: Path, tmp_path: Path
) -> None:
    BrokerAdmin(world.broker.host, world.broker.port, BROKER_ADMIN_PASSWORD).put(
        {"backup-a": DEVICE_PASSWORD, "gps-01": "device-that-was-stolen"}
    )
    owner.execute("UPDATE waybill.device SET credential_revoked_at = now() WHERE name = 'gps-01'")
    with running_gateway(world.broker, world.database), device_at(world.broker) as device:
        device.send(fixes(1, 10))
        device.receipt(10)
        _busy_server(owner)
        told = feed(owner)
        before = content(world.database.owner_url)
        one = world.make("--include", str(tmp_path / "key"))
        # Later than the set: the device is told that they are stored, and deletes them.
        device.send(fixes(11, 15))
        device.receipt(15)

    restored_on(elsewhere, world, one)

    assert credentials(elsewhere) == {"admin", "gateway", "backup-a"}
    assert (elsewhere / "map/basemap.geojson").read_text() == "{}"
    assert (elsewhere / "media/signature.png").read_bytes() == b"a signature"
    assert (elsewhere / "included/key").is_file()
    settings = configure({}, data_dir=elsewhere).settings
    assert (settings.public_url, settings.retention_on_trip_days) == ("https://waybill.example.org", 200)
    assert not (elsewhere / ".restoring").exists()
    with Stack(elsewhere, print, {}) as stack:
        servers = stack.start_servers(print)
        assert servers.broker is not None
        rows = content(servers.database_owner_url)
        events = rows.pop("audit_event")
        assert (before.pop("feed_offset"), rows.pop("feed_offset")) == (
            ["(t,9000000000)"],
            [f"(t,{9_000_000_000 + 2**40})"],
        )
        feed_goes_on(servers.database_owner_url, told)
        assert {**before, "audit_event": []} == {**rows, "audit_event": []}
        assert len(rows["fix"]) > 1000
        [restored] = set(events) - set(before["audit_event"])
        assert "backup.restored" in restored
        assert one.name in restored
        with (
            psycopg.connect(servers.database_owner_url) as again,
            pytest.raises(psycopg.errors.RaiseException, match="insert-only"),
        ):
            again.execute("DELETE FROM waybill.audit_event")
        goes_on(elsewhere, servers.broker, one, tmp_path)


def _busy_server(owner: psycopg.Connection) -> None:
    """The server of the set gave places far beyond those of a new one; their order is not that of the ids."""
    owner.execute("INSERT INTO waybill.feed_offset (places) VALUES (9000000000)")
    owner.execute("UPDATE waybill.event SET written_by = '9000000000'")
    first = "SELECT id FROM waybill.event ORDER BY id LIMIT 3"
    owner.execute(f"UPDATE waybill.event SET written_by = '9000000007' WHERE id IN ({first})".encode())


def feed(connection: psycopg.Connection, after: tuple[str, UUID] | None = None) -> list[Event]:
    return events_after(connection, Reader(None, False), after=after, most=100_000)


def feed_goes_on(url: str, told: list[Event]) -> None:
    """What was told is there in the same order, and whoever had read it all is told of what happens now."""
    last = told[-1]
    with psycopg.connect(url, autocommit=True) as connection:
        assert feed(connection) == told
        row = connection.execute("SELECT id FROM waybill.premises LIMIT 1").fetchone()
        assert row is not None
        connection.execute("BEGIN")
        put_event(connection, "order.changed", true_now(), row[0], {})
        connection.execute("COMMIT")
        assert [event.type for event in feed(connection, (last.written_by, last.id))] == ["order.changed"]
        connection.execute("DELETE FROM waybill.event WHERE type = 'order.changed'")


def goes_on(folder: Path, broker: Broker, one: Path, tmp_path: Path) -> None:
    """The device logs in as before, is told the truth, and what it sends is there to be read."""
    environ = {"WAYBILL_CONFIG": str(folder / "waybill.toml")}
    with (
        waybill_process("gateway", environ=environ, log=tmp_path / "gateway.log"),
        device_at(broker) as device,
    ):
        # It sends what it still has, one message twice, and is told what this database holds and no more.
        device.send(fixes(8, 10))
        device.send(fixes(16, 20))
        receipt = eventually(lambda: next(iter(heard(device, 20)), None), 20)
    assert (receipt.through, receipt.also) == (10, [(16, 20)])
    called = caller(environ)
    csv = called(
        "history", "--vehicle", "van-1", "--premises", "shop", "--from", f"{true_now() - timedelta(hours=1):%FT%TZ}"
    )
    assert csv.exit_code == 0, csv
    assert len(csv.out.splitlines()) == 1 + 15
    assert f"backup    {one.name}" in called("status").out


def heard(device: Device, seq: int) -> Iterator[Receipt]:
    """Receipts that came and confirm `seq`."""
    while not device.receipts.empty():
        receipt = device.receipts.get()
        if receipt.through >= seq or any(first <= seq <= last for first, last in receipt.also):
            yield receipt


def test_own_servers_a_database_with_rows_is_put_aside_only_when_told(
    world: World, empty_database: Database, postgres: Postgres, tmp_path: Path
) -> None:
    one = world.make()
    before = content(world.database.owner_url)
    state = tmp_path / "state"
    state.mkdir()
    (state / "mosquitto.db").write_bytes(b"receipts of later than the set")
    left = tmp_path / "to/.restoring/credentials/gps-01"
    left.parent.mkdir(parents=True)
    left.write_text("of a restore that was killed")
    call = caller(
        {**settings_of_tests(empty_database), "WAYBILL_BROKER_PORT": "1", "WAYBILL_DATA_DIR": str(tmp_path / "to")}
    )
    words = ("restore", str(one), "--identity", str(world.identity), "--broker-state", str(state))

    asked = call(*words)
    first = call(*words, "--yes")
    again = call(*words)
    yes = call(*words, "--replace", "--yes")

    assert asked.exit_code == 1
    assert "mosquitto.db; --yes moves them aside and keeps them" in asked.error
    assert first.exit_code == 0, first
    assert not left.exists()
    assert {*content(empty_database.owner_url)} == {*before}
    assert content(empty_database.owner_url)["fix"] == before["fix"]
    # The broker had saved nothing yet: what lay there is not mixed with the credentials of the set.
    assert not (state / "mosquitto.db").exists()
    assert list(state.glob("mosquitto.db.before-*"))
    assert again.exit_code == 1
    assert "--replace puts it aside" in again.error
    assert yes.exit_code == 0, yes
    name = str(psycopg.conninfo.conninfo_to_dict(empty_database.owner_url)["dbname"])
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        names = [
            row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{name}_"])
        ]
        assert len(names) == 1
        assert names[0].startswith(f"{name}_replaced_")
        assert f"{names[0]} now" in yes.out
        assert content(postgres.url(names[0]))["fix"] == before["fix"]
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(names[0])))


def test_what_does_not_fit_changes_nothing(world: World, empty_database: Database, tmp_path: Path) -> None:
    one = world.make()
    state = tmp_path / "state"
    state.mkdir()
    environ = {**settings_of_tests(empty_database), "WAYBILL_DATA_DIR": str(tmp_path / "to")}
    words = ("restore", str(one), "--identity", str(world.identity))

    nowhere = caller({**environ, "WAYBILL_BROKER_PORT": "1"})(*words)
    alive = caller({**environ, "WAYBILL_BROKER_PORT": str(world.broker.port)})(*words, "--broker-state", str(state))
    with psycopg.connect(empty_database.owner_url):
        busy = caller({**environ, "WAYBILL_BROKER_PORT": "1"})(*words, "--without-broker")
    gone = caller({**environ, "WAYBILL_BROKER_PORT": "1"})("restore", str(tmp_path / "no.tar"))

    assert "--broker-state FOLDER" in nowhere.error
    assert "a broker answers" in alive.error
    assert "in use by waybill_owner" in busy.error
    assert "No such file" in gone.error
    assert {answer.exit_code for answer in (nowhere, alive, busy, gone)} == {1}
    assert list(state.iterdir()) == []
    assert not list((tmp_path / "to").glob("*"))
    with psycopg.connect(empty_database.owner_url) as connection:
        assert connection.execute("SELECT to_regnamespace('waybill')").fetchone() == (None,)


def test_rows_that_are_missing_after_a_restore_are_told_and_the_old_database_stays(
    world: World, empty_database: Database, postgres: Postgres
) -> None:
    one = world.make()
    before = content(world.database.owner_url)
    target = Target(
        owner_url=world.database.owner_url, role_urls=[], replace=True, actor=Actor("system", "test"), at=true_now()
    )
    with SetReader(one) as reader:
        key = key_by_identity(world.identity)
        manifest = reader.manifest(key)
        wrong = msgspec.structs.replace(manifest, rows={**manifest.rows, "fix": manifest.rows["fix"] + 1})
        other = msgspec.structs.replace(manifest, timescaledb="2.99.0")
        newer = msgspec.structs.replace(manifest, migrations={**manifest.migrations, "9999_pre_later.sql": "00"})
        compressed = msgspec.structs.replace(manifest, compressed_days=3, edition="timescale")

        with pytest.raises(BackupError, match=r"fix has [\d,]+ rows instead of"):
            restore_database(reader, key, wrong, target, lambda _what, _more: None)
        with pytest.raises(BackupError, match=r"needs TimescaleDB 2\.99\.0, the server has 2\."):
            check_target(other, target)
        with pytest.raises(BackupError, match=r"9999_pre_later\.sql.* restore it with Waybill"):
            check_target(newer, target)
        if manifest.edition == "apache":
            with pytest.raises(BackupError, match="take the Community edition"):
                check_target(compressed, target)
    del before["audit_event"]  # the backup itself has left one
    after = content(world.database.owner_url)
    del after["audit_event"]
    assert after == before
    with psycopg.connect(postgres.url()) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '_restoring|_replaced'").fetchall()
    assert left == []
