"""Where a set is brought back to: servers of one's own, or the private copy in a data folder. Writes nothing there."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from waybill.backup.errors import BackupError
from waybill.configuration import Loaded, configure
from waybill.connections import needed
from waybill.settings import Settings
from waybill.stack.places import run_as, stand_in
from waybill.stack.stack import Stack

_ROLE_URLS = ("database_url", "database_reader_url", "database_retention_url")
_PATIENCE_S = 3


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One installation to be; `broker` is the folder of its broker's state, None: the broker is left alone."""

    settings: Settings
    into: Path
    broker: Path | None
    private: bool

    @property
    def owner_url(self) -> str:
        return needed(self.settings, "database_owner_url")

    @property
    def role_urls(self) -> list[str]:
        return [url for name in _ROLE_URLS if (url := getattr(self.settings, name)) is not None]


@contextmanager
def found_place(
    loaded: Loaded, broker_state: Path | None, *, with_broker: bool, report: Callable[[str], None]
) -> Iterator[Place]:
    """The place with its database running; the broker and every part must be stopped."""
    settings = loaded.settings
    into = settings.data_dir.resolve()
    if not _is_private(loaded):
        broker = _own_broker(settings, broker_state) if with_broker else None
        yield Place(settings=settings, into=into, broker=broker, private=False)
        return
    with Stack(into, report) as stack:
        stack.start_database(report)
        here = configure(stack.child_environ()).settings
        folder = stand_in(into / "broker", run_as()) / "state" if with_broker else None
        yield Place(settings=here, into=into, broker=folder, private=True)


def _is_private(loaded: Loaded) -> bool:
    """Whether `waybill up` would start a database of its own for this data folder."""
    if any(os.environ.get(f"WAYBILL_{name.upper()}") for name in (*_ROLE_URLS, "database_owner_url")):
        return False
    if loaded.settings.database_owner_url is None:
        return True
    return stand_in(loaded.settings.data_dir / "pg", run_as()).is_dir()


def _own_broker(settings: Settings, folder: Path | None) -> Path:
    if folder is None:
        raise BackupError(
            "the set holds the broker's credentials: --broker-state FOLDER says where the broker keeps its "
            "dynamic-security.json, --without-broker leaves the broker as it is"
        )
    if not folder.is_dir():
        raise BackupError(f"--broker-state {folder} is no folder")
    try:
        socket.create_connection((settings.broker_host, settings.broker_port), timeout=_PATIENCE_S).close()
    except OSError:
        return folder
    raise BackupError(
        f"a broker answers on {settings.broker_host}:{settings.broker_port}: stop it first, or it writes its own "
        "state over the restored one when it ends"
    )
