"""What the database says of devices, kept in memory between batches until it tells of a change. Judges nothing."""

from __future__ import annotations

import time
from collections.abc import Set

import psycopg

from gateway.derive.ground import Grounds
from gateway.ingest.plans import Fitted, Routes, fitted_devices
from storage.ingest import ensure_spools
from storage.senders import Registered, registered
from storage.tracking import listen_for_plan_changes

# The database tells of every change (storage/schema/65_plan_changes.sql); this bounds what a word that got lost costs.
_REREAD_S = 5.0
_MOST_SPOOLS = 200_000  # a sender may name a new one with every message


class Known:
    """Ids of devices and spools, and what devices are fitted in. Belongs to the connection that writes the fixes."""

    def __init__(self, connection: psycopg.Connection, grounds: Grounds, routes: Routes) -> None:
        self._connection = connection
        self._grounds, self._routes = grounds, routes  # dear to make: they outlive a forgetting
        self._senders = Registered({}, {}, frozenset())  # devices under their own names
        self._spools: dict[tuple[int, str], int] = {}
        self._new_spools: dict[tuple[int, str], int] = {}  # made in a transaction that is not committed yet
        self._fitted: dict[int, Fitted] = {}
        self._changed = False
        self._read_at_s = time.monotonic()
        listen_for_plan_changes(connection, self._hear)

    def _hear(self, notification: psycopg.Notify) -> None:
        del notification
        self._changed = True

    def begin(self) -> None:
        """To be called first in every transaction: what changed before it is read again."""
        self._new_spools.clear()
        now_s = time.monotonic()
        if self._changed or now_s - self._read_at_s > _REREAD_S:
            self.forget()
            self._read_at_s = now_s

    def forget(self) -> None:
        """Everything is read again; whoever was given something before keeps it to the end of the transaction."""
        self._changed = False
        self._senders = Registered({}, {}, frozenset())
        self._spools = {}
        self._fitted = {}

    def committed(self) -> None:
        """The spools that were made exist from now on."""
        if self._new_spools:
            kept = {} if len(self._spools) > _MOST_SPOOLS else self._spools
            self._spools = {**kept, **self._new_spools}

    def senders(self, names: set[str]) -> Registered:
        """The registered ones among `names`, and others. Foreign senders are read every time: there are few."""
        missing = names - self._senders.ids.keys()
        if not missing:
            return self._senders
        found = registered(self._connection, missing)
        own = {said for said, name in found.names.items() if said == name}
        self._senders = _joined(self._senders, found, own)
        return _joined(self._senders, found, found.ids.keys() - own)

    def spool_ids(self, wanted: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
        """Ids of the spools, given as (device_id, name), and of others; new ones are made."""
        missing = wanted - self._spools.keys()
        if not missing:
            return self._spools
        self._new_spools = ensure_spools(self._connection, missing)
        return self._spools | self._new_spools

    def fitted(self, device_ids: list[int]) -> dict[int, Fitted]:
        """What each of the devices is fitted in, and others."""
        missing = [device_id for device_id in device_ids if device_id not in self._fitted]
        if missing:
            self._fitted |= fitted_devices(self._connection, missing, self._grounds, self._routes)
        return self._fitted


def _joined(first: Registered, second: Registered, names: Set[str]) -> Registered:
    """All of `first`, and of `second` those that report under `names`."""
    if not names:
        return first
    ids = {name: second.ids[name] for name in names}
    return Registered(
        first.ids | ids,
        first.names | {name: second.names[name] for name in names},
        first.phones | (second.phones & set(ids.values())),
    )
