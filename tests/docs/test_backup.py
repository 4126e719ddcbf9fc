"""The backup of docs/operations.md, taken and brought back with its own commands on a real database."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from contract.fix import Fix, utc_ms
from storage.fixes import FixRow, store_fixes
from storage.ingest import ensure_spools
from storage.migrate import pending
from tests.docs.documents import examples
from tests.fixtures.database import Database
from tests.fixtures.gateway import register
from waybill.stack.servers import ensure

EXAMPLES = examples("operations.md")


def fill(owner: psycopg.Connection) -> None:
    """Fixes of three days, which are three chunks, and an audit event."""
    device_id = register(owner, "backup-a")
    spool_id = ensure_spools(owner, [(device_id, "0123456789abcdef")])[device_id, "0123456789abcdef"]
    now = true_now()
    fixes = [
        Fix(device="backup-a", spool_id="0123456789abcdef", seq=seq, fixed_at=utc_ms(now - timedelta(hours=seq)),
            lat_e7=601_700_000 + seq, lon_e7=249_400_000, speed_mps=1.5)
        for seq in range(1, 73)
    ]  # fmt: skip
    store_fixes(owner, [FixRow(fix, device_id, spool_id, now, None) for fix in fixes])
    owner.execute(
        "INSERT INTO waybill.audit_event (id, at, recorded_at, actor_kind, actor, action, object_kind, object_id)"
        " VALUES (gen_random_uuid(), now(), now(), 'system', 'test', 'tested', 'fix', 'all')"
    )


def content(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT * FROM waybill.fix ORDER BY seq").fetchall()
        rows += connection.execute("SELECT * FROM waybill.audit_event").fetchall()
        return rows + connection.execute("SELECT name, digest FROM waybill.migration ORDER BY name").fetchall()


def run(example: str, folder: Path, url: str) -> None:
    """The example's commands for the database at `url`, without the container around them."""
    lines = [line for line in EXAMPLES[example].splitlines() if "exec -T database" in line]
    text = "\n".join(line.replace("docker compose exec -T database ", "") for line in lines)
    parts = psycopg.conninfo.conninfo_to_dict(url)
    text = text.replace("waybill_owner waybill ", f"waybill_owner {parts['dbname']} ").replace(
        "-d waybill ", f"-d {parts['dbname']} "
    ).replace("-Fc waybill ", f"-Fc {parts['dbname']} ")  # fmt: skip
    programs = ensure("postgres", print) / "usr/lib/postgresql/17/bin"
    environ = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": str(parts["host"]), "PGPORT": str(parts["port"]), "PGPASSWORD": str(parts["password"]),
    }  # fmt: skip
    done = subprocess.run(["sh", "-euxc", text], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_was_backed_up_comes_back_whole(
    database: Database, empty_database: Database, owner: psycopg.Connection, tmp_path: Path
) -> None:
    fill(owner)

    run("backup", tmp_path, database.owner_url)
    run("restore", tmp_path, empty_database.owner_url)

    restored = content(empty_database.owner_url)
    assert restored == content(database.owner_url)
    assert len(restored) > 72
    with psycopg.connect(empty_database.owner_url) as connection:
        assert pending(connection) == []
        chunks = connection.execute("SELECT count(*) FROM timescaledb_information.chunks").fetchone()
        assert chunks is not None
        assert chunks[0] >= 3
        with pytest.raises(psycopg.errors.RaiseException, match="insert-only"):
            connection.execute("DELETE FROM waybill.audit_event")
