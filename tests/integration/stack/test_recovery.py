"""Point-in-time recovery as docs/operations.md has it: base backup, archived WAL, back to a second. Makes no set."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import psycopg

from contract.clock import true_now
from storage.migrate import migrate
from tests.docs.documents import document
from tests.fixtures.command_line import caller
from tests.fixtures.gateway import eventually, register
from tests.fixtures.servers import POSTGRES_PASSWORD, postgres_servers
from waybill.stack.places import run_as
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres


def fix_at(connection: psycopg.Connection, device_id: int, seq: int) -> datetime:
    """Stores a fix; the server's time after it was committed."""
    connection.execute(
        "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed, source)"
        " VALUES (%s, %s, %s, %s, 1, 601700000, 249400000, false, 'dedicated')",
        [true_now(), true_now(), seq, device_id],
    )
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return datetime.fromisoformat(str(row[0]))


def configure(server: Postgres, *lines: str) -> None:
    with (server.data_dir / "cluster/postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\n".join(("", *lines, "")))


def seqs(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM waybill.fix ORDER BY seq")]


def test_the_database_goes_back_to_the_second_before_a_mistake(server_folder: Path, server_ports: Ports) -> None:
    page = document("operations.md")
    archive, base = server_folder / "wal", server_folder / "base"
    for folder in (archive, base):
        folder.mkdir(mode=0o700)
        if (user := run_as()) is not None:
            shutil.chown(folder, user.uid, user.gid)
    command = page.partition('"archive_command=')[2].partition('"')[0]
    assert command.startswith("test ! -f /wal/%f && cp %p")
    restore = page.partition("restore_command='")[2].partition("'")[0]
    port = server_ports.claim(0)
    old = Postgres(server_folder / "before", port, POSTGRES_PASSWORD, postgres_servers())
    old.start()
    old.stop()
    configure(
        old,
        "archive_mode = on",
        "archive_timeout = 300",
        f"archive_command = '{command.replace('/wal', str(archive))}'",
    )
    with old:
        old.create_database("waybill")
        url = old.url("waybill")
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            device_id = register(connection, "recovered-a")
            fix_at(connection, device_id, 1)
            copied = subprocess.run(
                [postgres_servers() / "usr/lib/postgresql/17/bin/pg_basebackup", "-d", old.url("postgres"), "-D", "-",
                 "-Ft", "-X", "fetch", "--checkpoint=fast"],
                capture_output=True, check=True,
            )  # fmt: skip
            fix_at(connection, device_id, 2)
            target_at = fix_at(connection, device_id, 3)
            connection.execute("DELETE FROM waybill.fix")
            fix_at(connection, device_id, 4)
            connection.execute("SELECT pg_switch_wal()")
            archived = "SELECT archived_count > 0 AND last_archived_wal >= %s FROM pg_stat_archiver"
            (wal,) = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn() - 1)").fetchone() or ("",)
            eventually(lambda: (connection.execute(archived, [wal]).fetchone() or (False,))[0], 30)
        assert seqs(url) == [4]

    new = Postgres(server_folder / "after", port, POSTGRES_PASSWORD, postgres_servers())
    cluster = new.data_dir / "cluster"
    cluster.mkdir(mode=0o700, parents=True)
    subprocess.run(["tar", "xf", "-", "-C", str(cluster)], input=copied.stdout, check=True)
    (cluster / "recovery.signal").touch()
    configure(
        new, f"restore_command = '{restore.replace('/wal', str(archive))}'",
        f"recovery_target_time = '{target_at.isoformat()}'", "recovery_target_action = promote",
        "archive_mode = off",
    )  # fmt: skip
    subprocess.run(["chown", "-R", "--reference", str(archive), str(cluster)], check=True)
    with new:
        url = new.url("waybill")
        with psycopg.connect(new.url("postgres"), autocommit=True) as connection:
            eventually(lambda: connection.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,), 30)
        assert seqs(url) == [1, 2, 3]
        called = caller({"WAYBILL_DATABASE_OWNER_URL": url, "WAYBILL_DATABASE_URL": url})
        answer = called("backup", "recovered", "--to", target_at.isoformat(), "--reason", "somebody deleted all fixes")
        assert answer.exit_code == 0, answer
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT after ->> 'set', reason FROM waybill.audit_event WHERE action = 'backup.restored'"
            ).fetchone()
        assert row == ("point-in-time recovery", "somebody deleted all fixes")
        assert "--to 'yesterday'" in called("backup", "recovered", "--to", "yesterday").error
    for server in (old, new):
        server.remove()
