"""A small HTTP listener for monitors: /metrics, /healthz, /readyz of one part. Takes no data and changes nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from contract.checks import Asking, Check, readiness

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0  # a client that says nothing does not keep its thread for longer
PATHS = ("/metrics", "/healthz", "/readyz")


class Watched(msgspec.Struct, frozen=True):
    """What a monitor may ask of a part."""

    registry: CollectorRegistry
    ready: Callable[[], list[Check]]


class Listen(msgspec.Struct, frozen=True):
    """Where to listen; port 0: any, for tests."""

    host: str
    port: int


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that hangs must not keep the process

    def __init__(self, listen: Listen, watched: Watched) -> None:
        self.watched = watched
        self.ready = Asking(watched.ready)
        super().__init__((listen.host, listen.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is its own affair."""
        del request, client_address
        log.debug("a monitor's request failed", extra={"action": "monitor_failed"})


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE_S
    server_version = "waybill"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.server.watched.registry))
        elif path == "/healthz":
            self._answer(HTTPStatus.OK, "application/json", _json({"status": "ok", "version": version("waybill")}))
        elif path == "/readyz":
            status, body = readiness(self.server.ready())
            kind = "application/json" if status is HTTPStatus.OK else "application/problem+json"
            self._answer(status, kind, _json(body))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", f"there is {', '.join(PATHS)}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Monitors ask every few seconds; their requests are no events."""

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def listening(listen: Listen | None, watched: Watched) -> Iterator[int | None]:
    """Answers monitors while the block runs; gives the port. A busy port costs the monitor, not the part."""
    server = None if listen is None else _server(listen, watched)
    if server is None:
        yield None
        return
    port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="monitor", daemon=True)
    thread.start()
    log.info("answering monitors", extra={"action": "listening", "host": server.server_address[0], "port": port})
    try:
        yield port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(listen: Listen, watched: Watched) -> _Server | None:
    try:
        return _Server(listen, watched)
    except OSError as error:
        log.error(  # noqa: TRY400 - the address and the reason say it all
            "no metrics: the address is taken or not ours; set metrics_host or this part's metrics port (0: off)",
            extra={"action": "listen_failed", "host": listen.host, "port": listen.port, "error": str(error)},
        )
        return None


def _json(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)
