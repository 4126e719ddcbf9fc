"""A server that goes from the Community edition back to Apache's. Says nothing of what compression does."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from storage.ids import new_id
from storage.migrate import migrate, set_passwords
from storage.retention import compress_oldest_fixes, drop_old_fixes
from tests.fixtures.database import Database
from tests.fixtures.servers import POSTGRES_PASSWORD, postgres_servers
from tests.integration.storage.test_editions import compress_all, compressed_days, midnight, retention
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres


@pytest.mark.usefixtures("community")
def test_nothing_goes_while_compressed_days_cannot_be_read(server_folder: Path, server_ports: Ports) -> None:
    """Compressed under the Community licence, then started under Apache's: the days are there, and read as empty."""
    with Postgres(server_folder / "changed", server_ports.claim(0), POSTGRES_PASSWORD, postgres_servers()) as server:
        migrate(server.url())
        retention_url = server.url(user="waybill_retention", password="role-of-the-tests")
        set_passwords(server.url(), [retention_url])
        database = Database(server.url(), "", "", retention_url)
        with psycopg.connect(server.url(), autocommit=True) as owner:
            owner.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, 1, 1, 1, 1, 1, false, 'dedicated')",
                [midnight(300), true_now()],
            )
            assert compress_all(database) == 1
        server.stop()
        with (server.data_dir / "cluster/postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("timescaledb.license = 'apache'\n")
        server.start()

        with retention(database) as connection:
            for attempt in (
                lambda: drop_old_fixes(connection, 180, new_id(true_now())),
                lambda: compress_oldest_fixes(connection, new_id(true_now())),
            ):
                with pytest.raises(psycopg.errors.RaiseException, match="1 days of fixes are compressed"):
                    attempt()

        with psycopg.connect(server.url()) as owner:
            assert compressed_days(owner) == [midnight(300)]
