"""Whether the dashboard lives and can show the records, for monitors. Draws no page."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contract.checks import Asking, Check, readiness
from dashboard import data


def routes() -> list[Route]:
    """/healthz and /readyz, with the meaning that they have for every part."""
    return [Route("/healthz", _alive), Route("/readyz", _ready)]


def _alive(_request: Request) -> Response:
    return Response(msgspec.json.encode({"status": "ok", "version": version("waybill")}), media_type="application/json")


def _ready(_request: Request) -> Response:
    # Not async: Starlette runs it in a thread, and a page does not wait while the database is asked.
    status, body = readiness(_asking())
    kind = "application/json" if status is HTTPStatus.OK else "application/problem+json"
    return Response(msgspec.json.encode(body), status, media_type=kind)


def _records() -> list[Check]:
    try:
        data.ask()
    except data.UnavailableError as error:
        return [Check("database", ok=False, says=str(error), remedy=error.remedy)]
    return [Check("database", ok=True, says="reachable as reader")]


_asking = Asking(_records)
