"""What `waybill status` tells, as records, and what in it is a problem. Looks at nothing itself."""

from __future__ import annotations

from datetime import datetime

import msgspec

from storage.health import DeviceHealth
from waybill.status.keeping import Keeping
from waybill.status.register import RegisterReport


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True):
    """One process of this machine's supervisor; pid None: it does not run now."""

    name: str
    pid: int | None
    port: int | None
    started_at: datetime
    restarts: int
    log: str


class PartReport(msgspec.Struct, frozen=True, kw_only=True):
    """gateway, worker or api by its signs of life; seen_s None: never seen."""

    name: str
    alive: bool
    seen_s: float | None = None
    version: str | None = None
    host: str | None = None
    pid: int | None = None
    counters: dict[str, object] = {}


class DatabaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """The database; edition is TimescaleDB's licence: apache or community."""

    place: str
    reachable: bool
    postgresql: str | None = None
    timescaledb: str | None = None
    edition: str | None = None
    schema: str | None = None  # the newest migration applied
    pending: list[str] = []
    error: str | None = None


class BrokerReport(msgspec.Struct, frozen=True, kw_only=True):
    """The broker; version None: only a broker of this machine's stack can be asked."""

    place: str
    reachable: bool
    version: str | None = None


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the day that began at from_at, midnight in the zone `tz`; rejects are those of the true day."""

    tz: str
    from_at: datetime
    fixes: int
    refused: dict[str, int]
    rejects: dict[str, int]


class BackupReport(msgspec.Struct, frozen=True, kw_only=True):
    """The newest backup, or the one that the database was brought back from; made_at is true time."""

    name: str
    made_at: datetime
    overdue: bool


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything; `problems` is empty when all is well."""

    version: str
    data_dir: str
    clock: str
    now: datetime
    running: bool  # whether anything of Waybill runs or answers at all
    problems: list[str]
    warnings: list[str]
    database: DatabaseReport
    broker: BrokerReport
    processes: list[ProcessReport] = []
    parts: list[PartReport] = []
    devices: list[DeviceHealth] = []
    today: DayReport | None = None
    backup: BackupReport | None = None  # None: none was ever made
    keeping: Keeping | None = None
    register: RegisterReport | None = None
