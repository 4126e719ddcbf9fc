"""Puts servers, schema and parts together in one data folder, each started when what it needs runs. Has no fleet."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import psycopg

from contract.clock import true_now
from storage.health import parts
from storage.migrate import migrate, set_passwords
from waybill.configuration import configure
from waybill.settings import Settings
from waybill.stack.command import Command
from waybill.stack.stack import MONITORED, Stack

Progress = Callable[[str], None]

_LOOK_EVERY_S = 0.2
_ROLE_URLS = ("database_url", "database_reader_url", "database_retention_url")


class Addresses(msgspec.Struct, frozen=True):
    """Where people and programs reach the parts that run."""

    api: str
    dashboard: str | None


def start_servers(stack: Stack, progress: Progress) -> Settings:
    """Database and broker run and the schema is this version's; the settings that lead to them."""
    stack.start_servers(progress)
    settings = settings_in(stack)
    assert settings.database_owner_url is not None, "the stack names or requires it"
    applied = migrate(settings.database_owner_url)
    set_passwords(settings.database_owner_url, [url for name in _ROLE_URLS if (url := getattr(settings, name))])
    progress("schema: up to date" if not applied else f"schema: applied {', '.join(applied)}")
    return settings


def settings_in(stack: Stack) -> Settings:
    """The settings that a process of this stack has."""
    return configure(stack.child_environ()).settings


def start_parts(
    stack: Stack, progress: Progress, *, environ: Mapping[str, str] | None = None, dashboard: bool = True
) -> Addresses:
    """Starts gateway, api, worker and dashboard under the stack's supervisor; `environ` is for all of them."""
    api_port, dashboard_port = _port(stack, "api_port"), _port(stack, "dashboard_port")
    monitored = {name: _port(stack, name) for name in MONITORED}
    environ = {**stack.child_environ(), **(environ or {})}
    settings = configure(environ).settings
    assert settings.database_url is not None, "the stack names or requires it"
    api = _origin(settings.api_host, api_port)
    pages = _origin(settings.dashboard_host, dashboard_port)
    checks: list[tuple[str, int | None, Callable[[], bool]]] = [
        # 0: nobody is to watch this part.
        ("gateway", monitored["gateway_metrics_port"] or None, _gives_signs_of_life(settings.database_url, "gateway")),
        ("worker", monitored["worker_metrics_port"] or None, _gives_signs_of_life(settings.database_url, "worker")),
        ("api", api_port, _answers(f"{api}/v1/health")),
    ]
    if dashboard:
        checks.append(("dashboard", dashboard_port, _answers(f"{pages}/_stcore/health")))
    ports = {name: port for name, port, _ in checks}
    # None needs another: one after the other they took 12 s of a second start on two busy cores, most of it imports.
    stack.supervisor.start_together(
        [(name, _command(stack, name, [name], environ, ready), port) for name, port, ready in checks],
        lambda name: progress(f"{name}: running" + ("" if ports[name] is None else f", port {ports[name]}")),
    )
    return Addresses(api, pages if dashboard else None)


def start_part(
    stack: Stack,
    name: str,
    words: list[str],
    *,
    environ: Mapping[str, str],
    port: int | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> Command:
    """Starts `waybill WORDS` under the supervisor and waits until it is ready."""
    command = _command(stack, name, words, environ, ready)
    stack.supervisor.start(name, command, port)
    return command


def _command(
    stack: Stack, name: str, words: list[str], environ: Mapping[str, str], ready: Callable[[], bool]
) -> Command:
    program = Path(sys.executable).with_name("waybill")
    return Command(name, [program, *words], environ=environ, log=stack.logs / f"{name}.log", ready=ready)


def _port(stack: Stack, setting: str) -> int:
    """A port that the environment names is meant as it is; otherwise the folder's own, or the next free one."""
    loaded = configure(stack.child_environ())
    if loaded.origins[setting].startswith("environment"):
        return int(getattr(loaded.settings, setting))
    return stack.port(setting) if getattr(loaded.settings, setting) else 0


def _origin(host: str, port: int) -> str:
    # 0.0.0.0 and :: are every address of this machine; a browser on it needs one.
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104


def _gives_signs_of_life(database_url: str, name: str) -> Callable[[], bool]:
    """Whether the part `name` was seen after now. The database is asked 5 times a second, not at every look."""
    asked_at, since = 0.0, true_now()

    def seen() -> bool:
        nonlocal asked_at
        if time.monotonic() - asked_at < _LOOK_EVERY_S:
            return False
        asked_at = time.monotonic()
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            return any(part.name == name and part.seen_at >= since for part in parts(connection))

    return seen


def _answers(url: str) -> Callable[[], bool]:
    def answered() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return answered
