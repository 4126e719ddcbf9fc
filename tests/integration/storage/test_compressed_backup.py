"""A backup of compressed days, taken and brought back as `waybill backup` does it. Knows no format of a dump."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pyrage
import pytest

from contract.clock import true_now
from storage.audit import Actor
from storage.fixes import Stored, store_fixes
from tests.fixtures.database import Database
from tests.integration.storage.test_editions import COUNT, World, compress_all, compressed_days, midnight, world
from waybill.backup.keys import Key, lock_by_recipients
from waybill.backup.make import Wanted, make_set
from waybill.backup.restore import Target, check_set, check_target, restore_database
from waybill.backup.set_file import SetReader

__all__ = ["world"]  # the fixture of the other editions' tests


@pytest.mark.usefixtures("community")
def test_compressed_days_come_back_from_a_backup_and_take_late_fixes(
    database: Database, empty_database: Database, world: World, tmp_path: Path
) -> None:
    for days_ago in (12, 10):
        world.store(world.rows(days_ago))
    assert compress_all(database) == 2
    identity, path = pyrage.x25519.Identity.generate(), tmp_path / "a.tar"
    wanted = Wanted(owner_url=database.owner_url, broker=None, files=[])

    make_set(path, true_now(), wanted, lock_by_recipients([str(identity.to_public())]), lambda _what, _more: None)
    target = Target(
        owner_url=empty_database.owner_url, role_urls=[], replace=False, actor=Actor("system", "test"), at=true_now()
    )
    with SetReader(path) as one:
        manifest = check_set(one, Key([identity]), lambda _what, _more: None)
        assert manifest.compressed_days == 2
        check_target(manifest, target)
        restore_database(one, Key([identity]), manifest, target, lambda _what, _more: None)

    with psycopg.connect(empty_database.owner_url) as restored, psycopg.connect(database.owner_url) as origin:
        every = "SELECT * FROM waybill.fix ORDER BY seq"
        assert restored.execute(every).fetchall() == origin.execute(every).fetchall()
        assert compressed_days(restored) == [midnight(12), midnight(10)]
        stored = store_fixes(restored, world.rows(10) + world.rows(10, shift_ms=500))
        assert stored == Stored(frozenset(range(COUNT, 2 * COUNT)), frozenset())
