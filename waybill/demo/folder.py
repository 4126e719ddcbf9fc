"""Looks after a demo's data folder: whether it is one, and emptying it. Touches nothing that is not a demo's."""

from __future__ import annotations

import shutil
from pathlib import Path

from waybill.demo.state import STATE_FILE
from waybill.stack.installation import FILE_NAME
from waybill.stack.stack import remove_server_data


class FolderError(RuntimeError):
    """The folder is not a demo's; nothing in it was touched."""


def check_folder(data_dir: Path, *, fresh: bool) -> None:
    """Raises FolderError unless the folder is a demo's, empty, or not there yet."""
    if not data_dir.exists() or (data_dir / STATE_FILE).is_file():
        return
    if not data_dir.is_dir():
        raise FolderError(f"{data_dir} is no folder; choose another --data-dir")
    if (data_dir / FILE_NAME).exists():
        raise FolderError(f"{data_dir} holds an installation that is no demo; choose another --data-dir")
    # A stack that was ended before it wrote anything leaves its folder for locks behind.
    strange = sorted(entry.name for entry in data_dir.iterdir() if entry.name != "run")
    if fresh and strange:
        raise FolderError(
            f"{data_dir} holds no {STATE_FILE}, so it is not a demo's and --fresh deletes nothing in it "
            f"({', '.join(strange[:3])}, …); choose another --data-dir"
        )


def empty_folder(data_dir: Path) -> None:
    """Deletes a demo's content; the caller holds the folder's lock (waybill.stack.stack), which stays."""
    check_folder(data_dir, fresh=True)
    remove_server_data(data_dir)
    for entry in data_dir.iterdir():
        if entry.name == "run":
            _empty_run(entry)
        elif entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _empty_run(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name != "lock":
            entry.unlink()
