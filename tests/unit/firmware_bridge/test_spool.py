"""The spool's promises one by one; tests/properties/test_spool.py tries them in any order."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from contract.clock import Clock, true_now
from contract.fix import Quality
from contract.messages import Receipt
from firmware_bridge.nmea.position import Position
from firmware_bridge.spool import Spool, SpoolError
from firmware_bridge.spool_desk import SpoolDesk
from firmware_bridge.spooled import START, Gap, Origin

ORIGIN = Origin(device="gps-01", replayed=True)
FULL = Position(
    fixed_at=datetime(2026, 11, 23, 9, 0, 0, 123000, tzinfo=UTC),
    lat_e7=601_700_000,
    lon_e7=249_400_000,
    altitude_m=12.34,
    speed_mps=5.144,
    course_deg=90.01,
    hdop=1.1,
    satellites=8,
    quality=Quality.DGPS,
)


def positions(count: int) -> list[Position]:
    instant = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return [Position(fixed_at=instant + timedelta(seconds=n), lat_e7=n, lon_e7=1) for n in range(count)]


def test_a_fix_is_read_back_as_it_was_given(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)

    (given,) = spool.append([FULL])

    pack = spool.next_pack(10)
    assert pack is not None
    assert pack.fixes == [given]
    assert (given.seq, given.replayed, given.boot_id, given.hdop) == (1, True, 1, 1.1)
    spool.close()


def test_a_pack_holds_fixes_of_one_boot(tmp_path: Path) -> None:
    for _ in range(2):
        spool = Spool(tmp_path / "spool.db", ORIGIN)
        spool.append(positions(3))
        spool.close()

    spool = Spool(tmp_path / "spool.db", ORIGIN)
    first = spool.next_pack(10)
    assert first is not None
    second = spool.next_pack(10, first.end)
    assert second is not None
    spool.close()

    packs = [[(fix.seq, fix.boot_id) for fix in pack.fixes] for pack in (first, second)]
    assert packs == [[(1, 1), (2, 1), (3, 1)], [(4, 2), (5, 2), (6, 2)]]


def test_numbers_go_on_after_everything_was_confirmed_and_the_file_reopened(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append(positions(3))
    spool.confirm(Receipt(spool=spool.spool_id, through=3))
    spool.close()

    again = Spool(tmp_path / "spool.db", ORIGIN)

    assert [fix.seq for fix in again.append(positions(1))] == [4]
    assert (again.boot, again.spool_id) == (2, spool.spool_id)
    again.close()


def test_newest_time_survives_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append([FULL])
    spool.close()

    again = Spool(tmp_path / "spool.db", ORIGIN)

    assert again.newest_at == FULL.fixed_at
    again.close()


def test_a_copy_gets_its_own_id_and_delivers_the_old_numbers_under_the_old_one(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append(positions(2))
    spool.close()
    shutil.copyfile(tmp_path / "spool.db", tmp_path / "copy.db")

    copy = Spool(tmp_path / "copy.db", ORIGIN)
    copy.append(positions(1))

    assert copy.spool_id != spool.spool_id
    old = copy.next_pack(10)
    assert old is not None
    assert [(fix.spool_id, fix.seq) for fix in old.fixes] == [(spool.spool_id, 1), (spool.spool_id, 2)]
    new = copy.next_pack(10, old.end)
    assert new is not None
    assert [(fix.spool_id, fix.seq) for fix in new.fixes] == [(copy.spool_id, 1)]
    copy.close()


def test_a_unit_with_another_name_takes_along_what_it_holds(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append(positions(1200))
    spool.confirm(Receipt(spool=spool.spool_id, through=2))
    spool.close()

    renamed = Spool(tmp_path / "spool.db", Origin(device="gps-02"))
    renamed.append([FULL])
    pack = renamed.next_pack(2000)

    assert renamed.spool_id != spool.spool_id
    assert pack is not None
    assert {(fix.device, fix.spool_id) for fix in pack.fixes} == {("gps-02", renamed.spool_id)}
    assert [fix.seq for fix in pack.fixes] == list(range(1, 1199))
    assert [fix.lat_e7 for fix in pack.fixes] == list(range(2, 1200))
    assert (renamed.backlog, renamed.last_seq, renamed.confirmed) == (1199, 1199, 0)
    renamed.close()


def test_an_empty_spool_of_another_name_is_replaced_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.close()

    renamed = Spool(tmp_path / "spool.db", Origin(device="gps-02"))
    renamed.close()
    again = Spool(tmp_path / "spool.db", Origin(device="gps-02"))

    assert spool.spool_id != renamed.spool_id == again.spool_id
    again.close()


def test_what_was_copied_from_another_device_is_kept_beside_and_not_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append(positions(3))
    spool.close()
    shutil.copyfile(tmp_path / "spool.db", tmp_path / "copy.db")

    other = Spool(tmp_path / "copy.db", Origin(device="gps-02"))

    assert (other.backlog, other.last_seq) == (0, 0)
    other.close()
    assert "copied from gps-01" in caplog.text
    kept = Spool(tmp_path / "copy.db.gps-01-1", ORIGIN)
    assert kept.backlog == 3
    kept.close()


def test_a_renamed_file_stays_the_same_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.close()
    (tmp_path / "spool.db").rename(tmp_path / "renamed.db")

    renamed = Spool(tmp_path / "renamed.db", ORIGIN)

    assert renamed.spool_id == spool.spool_id
    renamed.close()


def test_a_pack_ends_before_a_hole_so_that_its_claim_is_true(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    spool.append(positions(9))
    spool.confirm(Receipt(spool=spool.spool_id, through=2, also=[(5, 6)]))

    first = spool.next_pack(100)
    assert first is not None
    second = spool.next_pack(100, first.end)
    assert second is not None

    assert [fix.seq for fix in first.fixes] == [3, 4]
    assert [fix.seq for fix in second.fixes] == [7, 8, 9]
    spool.close()


def test_a_full_spool_gives_up_the_oldest_and_says_which(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN, max_fixes=5)

    spool.append(positions(4))
    spool.append(positions(4))

    oldest = spool.next_pack(1, START)
    assert oldest is not None
    assert oldest.fixes[0].seq == 4
    assert spool.gaps() == [Gap(1, 3, "size")]
    assert (spool.backlog, spool.confirmed, spool.given_up) == (5, 0, 3)
    spool.close()


def test_what_is_older_than_the_bound_is_given_up_and_told_as_age(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)
    later = [at_day(n) for n in (0, 0.5, 3, 7.6)]

    for position in later:
        spool.append([position])

    assert spool.gaps() == [Gap(1, 2, "age")]
    assert (spool.backlog, spool.given_up) == (2, 2)
    spool.close()


def test_a_receiver_that_jumps_into_the_future_makes_nothing_old(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    spool = Spool(tmp_path / "spool.db", ORIGIN, clock=Clock(origin=now, wall=true_now()))

    spool.append(positions(2))
    spool.append([msgspec.structs.replace(FULL, fixed_at=now + timedelta(weeks=1024))])

    assert (spool.backlog, spool.gaps()) == (3, [])
    spool.close()


def at_day(days: float) -> Position:
    return msgspec.structs.replace(FULL, fixed_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days))


def test_a_damaged_file_is_moved_aside_and_a_new_spool_begins(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path, ORIGIN)
    spool.append(positions(2000))
    before = spool.spool_id
    spool.close()
    data = bytearray(path.read_bytes())
    data[8192:40960] = b"\xff" * (40960 - 8192)
    path.write_bytes(data)

    anew = Spool(path, ORIGIN)

    assert anew.spool_id != before
    assert (anew.backlog, anew.last_seq) == (0, 0)
    assert "damaged" in caplog.text
    assert str(tmp_path / "spool.db.damaged-1") in caplog.text
    assert (tmp_path / "spool.db.damaged-1").read_bytes() == data
    anew.append(positions(1))
    anew.close()


def test_a_file_that_is_no_database_is_moved_aside_too(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"no database at all" * 500)

    spool = Spool(tmp_path / "spool.db", ORIGIN)

    assert spool.append(positions(1))[0].seq == 1
    assert (tmp_path / "spool.db.damaged-1").exists()
    spool.close()


def test_damage_found_while_in_use_starts_a_new_spool(tmp_path: Path) -> None:
    async def scene() -> tuple[str, str, int]:
        spool = Spool(tmp_path / "spool.db", ORIGIN)
        desk, before = SpoolDesk(spool, "gps-01"), spool.spool_id
        spool.append(positions(20_000))
        spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        spool._db.execute("PRAGMA cache_size = 1")
        with (tmp_path / "spool.db").open("r+b") as file:
            file.seek(12_288)
            file.write(b"\xff" * 400_000)
        await desk.next_pack(500, START)
        after = spool.append(positions(1))[0]
        await desk.close()
        return before, after.spool_id, after.seq

    before, after, seq = asyncio.run(scene())

    assert after != before
    assert seq == 1


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "spool.db")
    old.execute("CREATE TABLE dropped (no INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL)")
    old.execute("INSERT INTO dropped VALUES (1, 5, 9)")
    old.commit()
    old.close()

    spool = Spool(tmp_path / "spool.db", ORIGIN)

    assert spool.gaps() == [Gap(5, 9, "size")]
    spool.close()


def test_a_second_bridge_on_the_same_file_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", ORIGIN)

    with pytest.raises(SpoolError, match="no second bridge"):
        Spool(tmp_path / "spool.db", ORIGIN)

    spool.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SpoolError, match=str(tmp_path / "file" / "spool.db")):
        Spool(tmp_path / "file" / "spool.db", ORIGIN)


DIES = """
import os, sys
from pathlib import Path
from firmware_bridge.spool import Spool
from tests.unit.firmware_bridge.test_spool import ORIGIN, positions
Spool(Path(sys.argv[1]), ORIGIN).append(positions(7))
os.kill(os.getpid(), 9)
"""


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path / "spool.db")], check=False)
    assert died.returncode == -9

    spool = Spool(tmp_path / "spool.db", ORIGIN)

    assert (spool.backlog, spool.last_seq) == (7, 7)
    spool.close()
