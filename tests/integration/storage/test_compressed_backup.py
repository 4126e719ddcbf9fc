"""A backup of compressed days, taken and brought back with the documents' own commands. Knows no format of a dump."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from storage.fixes import Stored, store_fixes
from tests.docs.test_backup import content, run
from tests.fixtures.database import Database
from tests.integration.storage.test_editions import COUNT, World, compress_all, compressed_days, midnight, world

__all__ = ["world"]  # the fixture of the other editions' tests


@pytest.mark.usefixtures("community")
def test_compressed_days_come_back_from_a_backup_and_take_late_fixes(
    owner: psycopg.Connection, database: Database, empty_database: Database, world: World, tmp_path: Path
) -> None:
    for days_ago in (12, 10):
        world.store(world.rows(days_ago))
    assert compress_all(database) == 2

    run("backup", tmp_path, database.owner_url)
    run("restore", tmp_path, empty_database.owner_url)

    assert content(empty_database.owner_url) == content(database.owner_url)
    with psycopg.connect(empty_database.owner_url) as restored:
        assert compressed_days(restored) == [midnight(12), midnight(10)]
        stored = store_fixes(restored, world.rows(10) + world.rows(10, shift_ms=500))
        assert stored == Stored(frozenset(range(COUNT, 2 * COUNT)), frozenset())
