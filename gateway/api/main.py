"""Runs the HTTP API on its port until told to stop, with signs of life. Knows no endpoint."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import psycopg
import uvicorn
from psycopg_pool import ConnectionPool

from contract.clock import Clock, parse_clock, true_now
from gateway.api.app import make_app
from gateway.api.customer_pages import CustomerPages
from gateway.api.enrolments import EnrolmentDesk
from gateway.people.oidc import Provider
from gateway.places.places import Places
from gateway.watch.common import counted_events, new_registry
from storage.parts import put_part

log = logging.getLogger(__name__)

_HEARTBEAT_S = 5.0
_CONNECTION_WAIT_S = 3.0  # a health check that waits longer is no answer
_LAST_REQUESTS_S = 3


class ApiError(Exception):
    """The API cannot run."""


class ApiOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the API listens (port 0: any), where its database is, and what it exchanges enrolment codes with."""

    host: str
    port: int
    database_url: str
    enrolment_desk: EnrolmentDesk | None = None
    clock: Clock = parse_clock("system")
    public_url: str | None = None
    document_warning_days: int = 30
    provider: Provider | None = None  # of sign-ins through OpenID Connect
    webhook_allow_private: bool = False
    places: Places = msgspec.field(default_factory=Places)
    map_dir: Path | None = None  # whose streets estimates go along; None: straight lines
    customer_pages: CustomerPages = msgspec.field(default_factory=CustomerPages)


def run_api(options: ApiOptions, stop: threading.Event) -> None:
    """Serves until `stop` is set; requests in hand may finish. A database that is away makes it not ready, no more."""
    listener = _listen(options.host, options.port)
    registry = new_registry("api")
    options.places.index()  # now: names of 100,000 streets take 3 s, which no order has to wait for
    with counted_events(registry), _pool(options.database_url) as pool:

        @contextmanager
        def connect() -> Iterator[psycopg.Connection]:
            with pool.connection(timeout=_CONNECTION_WAIT_S) as connection:
                yield connection

        config = uvicorn.Config(
            make_app(
                connect, options.enrolment_desk, clock=options.clock, public_url=options.public_url, registry=registry,
                document_warning_days=options.document_warning_days, provider=options.provider,
                webhook_allow_private=options.webhook_allow_private, places=options.places,
                map_dir=options.map_dir,
                customer=options.customer_pages,
            ),
            log_config=None, access_log=False, server_header=False, proxy_headers=False,
            lifespan="off", timeout_graceful_shutdown=_LAST_REQUESTS_S,
        )  # fmt: skip
        server = uvicorn.Server(config)
        # Not in the main thread: there uvicorn takes the signals for itself and ends the process by them.
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http")
        serving.start()
        host, port = listener.getsockname()[:2]
        log.info("listening", extra={"action": "listening", "host": host, "port": port})
        _beat_until(stop, serving, pool, true_now())
        server.should_exit = True
        serving.join()
    listener.close()
    if not stop.is_set():
        raise ApiError("the HTTP server ended by itself; its log says why")
    log.info("api stopped", extra={"action": "stopped"})


def _beat_until(stop: threading.Event, serving: threading.Thread, pool: ConnectionPool, started_at: datetime) -> None:
    """Signs of life every 5 s until `stop`, or until the server is gone."""
    rest_s = 0.0
    while serving.is_alive():
        if rest_s <= 0:
            rest_s = _HEARTBEAT_S
            try:
                with pool.connection(timeout=_CONNECTION_WAIT_S) as connection:
                    put_part(connection, "api", version("waybill"), started_at, {})
            except psycopg.Error as error:
                log.warning("no sign of life stored", extra={"action": "heartbeat_failed", "error": _line(error)})
        if stop.wait(0.5):
            return
        rest_s -= 0.5


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, made by us so that a busy port is one clear line."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as unless_it_works:
            listener = unless_it_works.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            unless_it_works.pop_all()
    except OSError as error:
        raise ApiError(f"cannot listen on {host}:{port} ({error.strerror}): set api_host or api_port") from error
    return listener


def _pool(url: str) -> ConnectionPool:
    # check: a connection that a restarted database forgot is replaced instead of handed out.
    return ConnectionPool(
        url, min_size=1, max_size=8, open=True, check=ConnectionPool.check_connection,
        kwargs={"connect_timeout": int(_CONNECTION_WAIT_S)}, reconnect_timeout=30,
    )  # fmt: skip


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
