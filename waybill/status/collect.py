"""Looks at processes, broker and database of one installation and says what it found. Changes nothing."""

from __future__ import annotations

import re
import socket
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from contract.clock import true_now
from gateway.api.readiness import FRESH
from storage import health
from storage.migrate import MigrationError, applied, pending
from waybill.setting_rules import shown
from waybill.settings import Settings
from waybill.stack.process_state import StackState, read_state
from waybill.stack.processes import STATE_FILE
from waybill.status import backups, keeping, register
from waybill.status.asking import failing_checks
from waybill.status.report import (
    BrokerReport,
    DatabaseReport,
    DayReport,
    PartReport,
    ProcessReport,
    StatusReport,
)

PARTS = ("gateway", "worker", "api")
_PATIENCE_S = 3
_BROKER_STARTS = re.compile(r"mosquitto version (\S+) starting")


def collect(settings: Settings) -> StatusReport:
    """The status of the installation that the settings lead to."""
    clock = settings.parsed_clock()
    now = clock.now()
    state = read_state(settings.data_dir / "run" / STATE_FILE)
    if state is not None and not state.runs():
        state = None
    broker = _broker(settings, state)
    report = StatusReport(
        version=version("waybill"), data_dir=str(settings.data_dir), clock=clock.text(), now=now, running=False,
        problems=[], warnings=[], database=DatabaseReport(place="(not set)", reachable=False), broker=broker,
        processes=[] if state is None else _processes(state),
    )  # fmt: skip
    report = _with_database(report, settings, now, local=state is not None)
    alive = any(part.alive for part in report.parts)
    running = state is not None or alive or (report.database.reachable and broker.reachable)
    return msgspec.structs.replace(report, running=running, problems=[*_problems(report), *_troubles(settings)])


def _processes(state: StackState) -> list[ProcessReport]:
    return [
        ProcessReport(
            name=one.name, pid=one.pid if one.runs() else None, port=one.port, started_at=one.started_at,
            restarts=one.restarts, log=one.log,
        )
        for one in state.processes
    ]  # fmt: skip


def _broker(settings: Settings, state: StackState | None) -> BrokerReport:
    # A log-in as the gateway would take the gateway's session, so the open port has to be enough.
    place = f"{settings.broker_host}:{settings.broker_port}"
    try:
        socket.create_connection((settings.broker_host, settings.broker_port), timeout=_PATIENCE_S).close()
    except OSError:
        return BrokerReport(place=place, reachable=False)
    process = next((one for one in state.processes if one.name == "broker"), None) if state is not None else None
    return BrokerReport(
        place=place, reachable=True, version=None if process is None else _version_in(Path(process.log))
    )


def _version_in(log: Path) -> str | None:
    """The version that the broker wrote into its log when it last started."""
    try:
        found = _BROKER_STARTS.findall(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return found[-1] if found else None


def _with_database(report: StatusReport, settings: Settings, now: datetime, *, local: bool) -> StatusReport:
    url = settings.database_url
    if url is None:
        return report
    place = shown("database", url)
    try:
        with psycopg.connect(url, connect_timeout=_PATIENCE_S) as connection:
            return _with_keeping(
                _with_records(report, connection, settings, place, now, local=local), connection, settings, local=local
            )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        database = DatabaseReport(place=place, reachable=False, error=reason)
        return msgspec.structs.replace(report, database=database)


def _with_records(
    report: StatusReport, connection: psycopg.Connection, settings: Settings, place: str, now: datetime, *, local: bool
) -> StatusReport:
    versions = health.server_versions(connection)
    # What TimescaleDB calls timescale in SHOW timescaledb.license everybody else calls the Community edition.
    edition = "community" if versions.edition == "timescale" else versions.edition
    newest, missing, error = _schema(connection)
    database = DatabaseReport(
        place=place, reachable=True, postgresql=versions.postgresql, timescaledb=versions.timescaledb,
        edition=edition, schema=newest, pending=missing, error=error,
    )  # fmt: skip
    report = msgspec.structs.replace(report, database=database)
    if newest is None or error is not None:
        return report
    real, backup = health.holds_real_fixes(connection), backups.newest(connection, settings.backup_max_age_hours)
    warnings = []
    if local and real:
        warnings.append("real vehicles report to the private copy of the servers, which gets no security updates")
    if said := backups.warning(backup, real=real):
        warnings.append(said)
    return msgspec.structs.replace(
        report,
        parts=_parts(connection),
        devices=health.device_health(connection),
        today=_today(connection, now),
        warnings=warnings,
        backup=backup,
    )


def _with_keeping(
    report: StatusReport, connection: psycopg.Connection, settings: Settings, *, local: bool
) -> StatusReport:
    """With sizes, ages, clocks and what master data lacks, once the schema is this version's."""
    database = report.database
    if database.schema is None or database.error is not None or database.pending:
        return report
    found = keeping.keeping(connection, settings.parsed_clock(), settings.data_dir if local else None)
    known = register.register_report(connection, report.now, settings.document_warning_days)
    soon = [*keeping.warnings(found, true_now(), len(report.devices)), *register.warnings(known)]
    return msgspec.structs.replace(report, keeping=found, register=known, warnings=[*report.warnings, *soon])


def _schema(connection: psycopg.Connection) -> tuple[str | None, list[str], str | None]:
    """The newest migration applied, those pending, and what is wrong with the schema otherwise."""
    try:
        done = list(applied(connection))
        return (done[-1] if done else None), [migration.name for migration in pending(connection)], None
    except MigrationError as error:
        return done[-1], [], str(error)


def _parts(connection: psycopg.Connection) -> list[PartReport]:
    seen = {part.name: part for part in health.parts(connection)}
    now = true_now()
    reports = []
    for name in PARTS:
        part = seen.get(name)
        if part is None:
            reports.append(PartReport(name=name, alive=False))
            continue
        seen_s = (now - part.seen_at).total_seconds()
        report = PartReport(
            name=name, alive=abs(seen_s) <= FRESH.total_seconds(), seen_s=round(seen_s, 1), version=part.version,
            host=part.host, pid=part.pid, counters=part.counters,
        )  # fmt: skip
        reports.append(report)
    return reports


def _today(connection: psycopg.Connection, now: datetime) -> DayReport:
    zones = health.zones(connection)
    # Premises in several zones have several midnights; UTC's is nobody's, and says so.
    tz = zones[0] if len(zones) == 1 else "UTC"
    midnight = _midnight(now, tz)
    # A receiver's clock may be ahead of ours by 10 minutes (contract/codec.py).
    fixes = health.fix_counts(connection, midnight, now + timedelta(minutes=10))
    # When a reject was received is true time, whatever day the installation's clock shows.
    wall = true_now()
    rejects = health.reject_counts(connection, _midnight(wall, tz), wall + timedelta(minutes=10))
    return DayReport(
        tz=tz, from_at=midnight, fixes=fixes.pop(None, 0), refused={str(rule): count for rule, count in fixes.items()},
        rejects={str(reason): count for reason, count in rejects.items()},
    )  # fmt: skip


def _midnight(at: datetime, tz: str) -> datetime:
    return at.astimezone(ZoneInfo(tz)).replace(hour=0, minute=0, second=0, microsecond=0)


def _problems(report: StatusReport) -> list[str]:
    """What is down, by name; empty when all is well."""
    database = report.database
    found = [f"{one.name} does not run (log: {one.log})" for one in report.processes if one.pid is None]
    if not database.reachable:
        found.append(f"database {database.place} is not reachable: {database.error or 'database_url is not set'}")
    elif database.error is not None:
        found.append(f"schema: {database.error}")
    elif database.pending:
        found.append(f"schema: {len(database.pending)} pending: run waybill db migrate")
    if not report.broker.reachable:
        found.append(f"broker {report.broker.place} is not reachable")
    for part in report.parts:
        if not part.alive:
            found.append(f"{part.name} {_silent(part.seen_s)}")
    if report.keeping is not None:
        found += keeping.problems(report.keeping, database.edition)
    return found


def _silent(seen_s: float | None) -> str:
    if seen_s is None:
        return "was never seen"
    if seen_s < 0:
        return f"was last seen {-seen_s:.0f} s in the future: a clock was set back, here or there (timedatectl)"
    return f"gave no sign of life for {seen_s:.0f} s"


def _troubles(settings: Settings) -> list[str]:
    """What gateway and worker on this machine say themselves: with a full disk they cannot even give signs of life."""
    found = []
    for name, port in (("gateway", settings.gateway_metrics_port), ("worker", settings.worker_metrics_port)):
        for check in failing_checks(settings.metrics_host, port) if port else []:
            found.append(f"{name}: {check.name}: {check.says}" + ("" if check.remedy is None else f": {check.remedy}"))
    return found
