"""`waybill backup` and `waybill restore`: what was there is there again on another machine, and works."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pyrage
import pytest
from psycopg import sql

from contract.clock import true_now
from contract.fix import Fix, utc_ms
from contract.messages import Receipt
from gateway.broker_admin import BrokerAdmin
from storage.audit import Actor
from storage.parts import put_part
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import DEVICE_PASSWORD, Device, eventually, register, running_gateway
from tests.fixtures.processes import waybill_process
from tests.fixtures.seed import seed
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD, new_broker
from waybill.backup.errors import BackupError
from waybill.backup.keys import key_by_identity
from waybill.backup.restore import Target, check_target, restore_database
from waybill.backup.set_file import SetReader
from waybill.configuration import configure
from waybill.stack.broker import Broker
from waybill.stack.places import run_as, stand_in
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.stack import Stack, remove_server_data

Content = dict[str, list[str]]
DROVE_AT = utc_ms(true_now()) - timedelta(minutes=5)


@dataclass(frozen=True)
class World:
    """An installation with a day of deliveries on a database and a broker of its own, and who may open its sets."""

    database: Database
    broker: Broker
    data: Path
    folder: Path
    recipient: str
    identity: Path

    def call(self, *words: str, **more: str) -> tuple[int, str]:
        answer = caller(
            {
                **settings_of_tests(self.database),
                "WAYBILL_DATA_DIR": str(self.data),
                "WAYBILL_BROKER_PORT": "1",
                "WAYBILL_BACKUP_RECIPIENT": self.recipient,
            }
        )(*words, **more)
        return answer.exit_code, answer.out + answer.err + answer.error

    def make(self, *words: str) -> Path:
        made = self.made(*words)
        assert made is not None
        return made

    def made(self, *words: str) -> Path | None:
        """The set that was made; None when one of this second is there already."""
        state = str(self.broker.data_dir / "state")
        code, said = self.call("backup", "make", "--to", str(self.folder), "--broker-state", state, *words)
        assert code == 0 or "in this very second" in said, said
        return max(self.folder.glob("*.tar")) if code == 0 else None


@pytest.fixture
def world(
    owner: psycopg.Connection, database: Database, server_folder: Path, server_ports: Ports, tmp_path: Path
) -> Iterator[World]:
    seed(owner, true_now(), vans=2)
    register(owner, "backup-a")
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"{identity}\n")
    data = tmp_path / "data"
    (data / "map").mkdir(parents=True)
    (data / "map/basemap.geojson").write_text("{}")
    (data / "waybill.toml").write_text('public_url = "https://waybill.example.org"\nretention_on_trip_days = 200\n')
    broker = new_broker(server_folder / f"broker-{tmp_path.name}", server_ports)
    with broker:
        yield World(database, broker, data, tmp_path / "sets", str(identity.to_public()), tmp_path / "key")
    broker.remove()


@pytest.fixture
def elsewhere(server_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder that is not there yet, for servers of its own."""
    folder = server_folder / f"elsewhere-{tmp_path.name}"
    yield folder
    remove_server_data(folder)
    shutil.rmtree(folder, ignore_errors=True)


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
        before = content(world.database.owner_url)
        one = world.make("--include", str(tmp_path / "key"))
        # Later than the set: the device is told that they are stored, and deletes them.
        device.send(fixes(11, 15))
        device.receipt(15)

    restored_on(elsewhere, world, one)

    assert credentials(elsewhere) == {"admin", "gateway", "backup-a"}
    assert (elsewhere / "map/basemap.geojson").read_text() == "{}"
    assert (elsewhere / "included/key").is_file()
    settings = configure({}, data_dir=elsewhere).settings
    assert (settings.public_url, settings.retention_on_trip_days) == ("https://waybill.example.org", 200)
    assert not list(elsewhere.glob(".restoring-*"))
    with Stack(elsewhere, print, {}) as stack:
        servers = stack.start_servers(print)
        assert servers.broker is not None
        rows = content(servers.database_owner_url)
        events = rows.pop("audit_event")
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
        environ = {"WAYBILL_CONFIG": str(elsewhere / "waybill.toml")}
        with (
            waybill_process("gateway", environ=environ, log=tmp_path / "gateway.log"),
            device_at(servers.broker) as device,
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


def test_a_full_disk_leaves_nothing_half_done(world: World) -> None:
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")},
        **settings_of_tests(world.database),
        "WAYBILL_DATA_DIR": str(world.data),
        "WAYBILL_BACKUP_RECIPIENT": world.recipient,
    }
    program = Path(sys.executable).with_name("waybill")
    command = [program, "backup", "make", "--to", world.folder, "--broker-state", world.broker.data_dir / "state"]
    # The kernel refuses to let a file grow beyond this, as a full disk does (with another number).
    limit = 40_000
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip

    assert done.returncode == 1
    assert "was not written: File too large; nothing of it is kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(world.folder.iterdir()) == []
    with psycopg.connect(world.database.owner_url) as connection:
        assert connection.execute("SELECT 1 FROM waybill.audit_event WHERE action = 'backup.made'").fetchone() is None


def test_so_many_are_kept_and_listed_and_a_damaged_set_is_told(world: World, elsewhere: Path) -> None:
    first = world.make("--keep", "2")
    for number in range(2):
        (world.folder / f"waybill-2025010{number + 1}T000000Z.tar").write_bytes(b"old")
    second = eventually(lambda: world.made("--keep", "2"))  # not in the very second of the first

    assert sorted(world.folder.iterdir()) == [first, second]
    code, listed = world.call("backup", "list", "--to", str(world.folder))
    assert code == 0
    assert listed.index(second.name) < listed.index(first.name)
    assert world.call("backup", "check", str(second), "--identity", str(world.identity))[0] == 0
    whole = second.read_bytes()
    second.write_bytes(whole[: len(whole) // 2] + b"!" + whole[len(whole) // 2 + 1 :])
    code, said = world.call("backup", "check", str(second), "--identity", str(world.identity))
    assert (code, "cannot be opened" in said) == (1, True)
    answer = caller({})("restore", str(second), "--into", str(elsewhere), "--identity", str(world.identity))
    assert answer.exit_code == 1
    assert not elsewhere.exists()


def test_nothing_is_written_without_encryption_or_without_the_brokers_credentials(world: World, tmp_path: Path) -> None:
    bare = caller({**settings_of_tests(world.database), "WAYBILL_DATA_DIR": str(tmp_path / "bare")})
    (tmp_path / "weak").write_text("letmein\n")

    plain = bare("backup", "make", "--without-broker")
    weak = bare("backup", "make", "--without-broker", "--passphrase-file", str(tmp_path / "weak"))
    half = bare("backup", "make", WAYBILL_BACKUP_RECIPIENT=world.recipient)

    assert "never written without encryption" in plain.error
    assert "7 characters" in weak.error
    assert "letmein" not in weak.error
    assert "--broker-state FOLDER" in half.error
    assert {answer.exit_code for answer in (plain, weak, half)} == {1}
    assert not (tmp_path / "bare").exists()


def test_status_tells_of_the_newest_backup_and_when_it_is_overdue(world: World, owner: psycopg.Connection) -> None:
    def warnings() -> list[str]:
        return [
            line for line in world.call("status")[1].splitlines() if line.startswith("warning: ") and "backup" in line
        ]

    with psycopg.connect(world.database.gateway_url) as connection:
        put_part(connection, "gateway", "0.1.0", true_now(), {})
    assert warnings() == []  # only simulated vans: nobody's records
    owner.execute("UPDATE waybill.last_fix SET quality = 'gps'")
    assert warnings() == ["warning: no backup was ever made: waybill backup make"]
    one = world.make()
    assert f"backup    {one.name}, made " in world.call("status")[1]
    assert warnings() == []
    hours = timedelta(hours=49)
    owner.execute("ALTER TABLE waybill.audit_event DISABLE TRIGGER audit_event_keeps_rows")
    owner.execute(
        "UPDATE waybill.audit_event SET after = jsonb_set(after, '{made_at}', to_jsonb(%s::text))"
        " WHERE action = 'backup.made'",
        [(true_now() - hours).isoformat()],
    )
    [warning] = warnings()
    assert warning.startswith("warning: the newest backup is of ")
