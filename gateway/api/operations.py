"""The router for whoever runs the installation: is it alive, is it ready. Needs no log-in and tells no data."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from contract.checks import Check, readiness
from contract.clock import true_now
from gateway.api.problems import MEDIA_TYPE, problem
from gateway.api.readiness import check_readiness

router = APIRouter(prefix="/v1", tags=["operations"])
# Not below /v1, which a front server publishes: these are for who watches the parts, each by itself.
monitors = APIRouter(tags=["operations"], include_in_schema=False)


class Health(BaseModel):
    status: str = Field(description="always 'ok': the process answers")
    version: str = Field(description="Waybill's version")


class CheckResult(BaseModel):
    name: str = Field(description="database, schema or gateway")
    ok: bool
    says: str = Field(description="what was found")
    remedy: str | None = Field(default=None, description="what to do about it; only when it is not ok")


class Readiness(BaseModel):
    status: str = Field(description="'ready'")
    checks: list[CheckResult]


_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Not ready; `checks` says what fails",
        "content": {MEDIA_TYPE: {"schema": {"type": "object", "required": ["status", "detail", "checks"]}}},
    }
}


@router.get("/health", summary="Liveness: does the process answer?")
def health() -> Health:
    return Health(status="ok", version=version("waybill"))


@router.get("/ready", summary="Readiness: database, schema and gateway", response_model=Readiness, responses=_NOT_READY)
def ready(request: Request) -> JSONResponse:
    return _answer(check_readiness(request.app.state.connect, true_now()))


@monitors.get("/healthz", summary="Liveness of this part")
def healthz() -> Health:
    return health()


@monitors.get("/readyz", summary="Readiness of this part, with what is wrong and the remedy")
def readyz(request: Request) -> JSONResponse:
    return _answer(request.app.state.asking())


@monitors.get("/metrics", summary="Metrics of this part in Prometheus' text format")
def metrics(request: Request) -> Response:
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


def _answer(checks: list[Check]) -> JSONResponse:
    status, body = readiness(checks)
    if status is HTTPStatus.OK:
        return JSONResponse(body)
    return problem(status, str(body["detail"]), checks=body["checks"])
