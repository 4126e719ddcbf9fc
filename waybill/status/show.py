"""The status as tables and lines for a terminal. Collects and judges nothing."""

from __future__ import annotations

from datetime import datetime

from contract.clock import true_now
from contract.times import format_instant
from waybill.status import keeping, register
from waybill.status.report import StatusReport
from waybill.terminal import say, show_table


def show(report: StatusReport) -> None:
    """Servers, parts, devices, the day's counts, then what is wrong."""
    _servers(report)
    if report.processes or report.parts:
        _processes(report)
    if report.devices:
        _devices(report)
    _today(report)
    if report.backup is not None:
        say(f"backup    {report.backup.name}, made {report.backup.made_at:%Y-%m-%d %H:%M:%S} UTC")
    if report.keeping is not None:
        for line in keeping.lines(report.keeping, true_now()):
            say(line)
    if report.register is not None and (holes := register.line(report.register)):
        say(holes)
    for warning in report.warnings:
        say(f"warning: {warning}")
    for problem in report.problems:
        say(f"DOWN: {problem}")
    if not report.problems:
        say("All is well.")


def _servers(report: StatusReport) -> None:
    database, broker = report.database, report.broker
    say(f"waybill   {report.version}, data in {report.data_dir}")
    if report.clock != "system":
        say(f"clock     {format_instant(report.now)} ({report.clock})")
    if database.reachable:
        edition = f"TimescaleDB {database.timescaledb or 'missing'}, {database.edition or 'unknown'} edition"
        say(f"database  {database.place}, PostgreSQL {database.postgresql}, {edition}")
        pending = f", {len(database.pending)} pending" if database.pending else ", up to date"
        say(f"schema    {database.schema or 'none'}{pending}")
    if broker.reachable:
        say(f"broker    {broker.place}" + ("" if broker.version is None else f", Mosquitto {broker.version}"))


def _processes(report: StatusReport) -> None:
    alive = {part.name: part for part in report.parts}
    local = {process.name: process for process in report.processes}
    rows = []
    for name in [*local, *(name for name in alive if name not in local)]:
        process, part = local.get(name), alive.get(name)
        runs = process.pid is not None if process is not None else part is not None and part.alive
        seen = None if part is None or part.seen_s is None else f"{max(part.seen_s, 0):.0f} s ago"
        rows.append(
            (
                name,
                "runs" if runs else "DOWN",
                process.pid if process is not None else None if part is None else part.pid,
                None if process is None else process.port,
                seen,
                None if process is None else process.restarts,
                None if part is None else _counters(part.counters),
            )
        )
    show_table(("part", "state", "pid", "port", "seen", "restarts", "counters"), rows)


def _counters(counters: dict[str, object]) -> str:
    """What a glance needs: how often each job ran stands in the metrics and in --json."""
    return " ".join(f"{name}={count}" for name, count in counters.items() if not name.endswith("_runs"))


def _devices(report: StatusReport) -> None:
    rows = [
        (
            one.device, one.vehicle, _ago(one.fixed_at, report.now), _ago(one.receipt_at, report.now),
            one.through, one.state, one.backlog,
        )
        for one in report.devices
    ]  # fmt: skip
    show_table(("device", "vehicle", "last fix", "last receipt", "through", "state", "backlog"), rows)


def _today(report: StatusReport) -> None:
    day = report.today
    if day is None:
        return
    refused = ", ".join(f"{count} {rule}" for rule, count in day.refused.items()) or "none"
    rejects = ", ".join(f"{count} {reason}" for reason, count in day.rejects.items()) or "none"
    say(f"today ({day.tz}): {day.fixes} fixes count; refused: {refused}; rejects: {rejects}")


def _ago(at: datetime | None, now: datetime) -> str | None:
    """How long ago, in the unit that a glance takes in."""
    if at is None:
        return None
    seconds = max(0, round((now - at).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
