"""The folder of sets: which stay, which go, and what killed backups left behind."""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.waybill.backup.test_set_file import locked
from waybill.backup.errors import BackupError
from waybill.backup.shelf import Shelf

AT = datetime(2026, 11, 24, 20, tzinfo=UTC)


def test_names_sort_as_times_do_and_the_oldest_go(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    paths = [shelf.new_path(AT + timedelta(hours=7 * number)) for number in range(5)]
    for path in paths:
        path.write_bytes(b"")
    (tmp_path / "notes.tar").write_bytes(b"")
    (tmp_path / "other-20200101T000000Z.tar").write_bytes(b"")

    deleted = shelf.keep_newest(2, paths[-1])

    assert deleted == [path.name for path in paths[2::-1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["notes.tar", "other-20200101T000000Z.tar", paths[3].name, paths[4].name]
    )


def test_the_one_just_made_stays_even_if_the_clock_went_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    later, made = shelf.new_path(AT + timedelta(days=400)), shelf.new_path(AT)
    for path in (later, made):
        path.write_bytes(b"")

    assert shelf.keep_newest(1, made) == []
    assert made.exists()


def test_what_a_killed_backup_left_is_swept_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    left, busy = tmp_path / "waybill-20261124T200000Z.tar.part", tmp_path / "waybill-20261124T200001Z.tar.part"
    left.write_bytes(b"half")
    with busy.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Shelf(tmp_path).sweep()

    assert not left.exists()
    assert busy.exists()


def test_the_list_tells_good_from_bad_without_opening_any(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    locked(shelf.new_path(AT))
    shelf.new_path(AT + timedelta(days=1)).write_bytes(b"no tar at all")

    bad, good = shelf.sets()

    assert (good.made_at, good.opened_by, good.trouble) == (AT, "identity", None)
    assert bad.opened_by is None
    assert "no whole set" in str(bad.trouble)


@pytest.mark.parametrize("word", ["", "../up", "Shop", "a b", "-x"])
def test_a_word_that_is_no_name_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(BackupError, match="--name"):
        Shelf(tmp_path, word)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="gone"):
        Shelf(tmp_path / "gone").sets()
