"""Counts the API's answers and their times by endpoint. Knows no endpoint."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TIMES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountRequests:
    """ASGI middleware; the endpoint's template is the label, never the path, so the number of series is bounded."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._answers = Counter(
            "waybill_http_answers", "Answers by endpoint and status.", ("method", "endpoint", "status"),
            registry=registry,
        )  # fmt: skip
        self._times = Histogram(
            "waybill_http_seconds", "Time to the end of an answer.", ("endpoint",), registry=registry, buckets=_TIMES_S
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began_s = 500, time.monotonic()

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            # FastAPI leaves the matched route in the scope; what matched none shares one series.
            endpoint = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._answers.labels(method, endpoint, str(status)).inc()
            self._times.labels(endpoint).observe(time.monotonic() - began_s)
