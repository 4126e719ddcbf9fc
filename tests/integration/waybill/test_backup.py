"""`waybill backup`: sets are made whole or not at all, kept, listed, checked, and missed when there is none."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg

from contract.clock import true_now
from storage.parts import put_part
from tests.fixtures.backups import World
from tests.fixtures.command_line import caller, settings_of_tests
from tests.fixtures.gateway import eventually


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
