"""The router for whoever runs the installation: is it alive, is it ready. Needs no log-in and tells no data."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from msgspec import to_builtins
from pydantic import BaseModel, Field

from contract.clock import true_now
from gateway.api.problems import MEDIA_TYPE, problem
from gateway.api.readiness import check_readiness

router = APIRouter(prefix="/v1", tags=["operations"])


class Health(BaseModel):
    status: str = Field(description="always 'ok': the process answers")
    version: str = Field(description="Waybill's version")


class CheckResult(BaseModel):
    name: str = Field(description="database, schema or gateway")
    ok: bool
    says: str = Field(description="what was found")


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
    checks = check_readiness(request.app.state.connect, true_now())
    failing = [check.name for check in checks if not check.ok]
    if failing:
        detail = "not ready: " + ", ".join(failing)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, checks=to_builtins(checks))
    return JSONResponse({"status": "ready", "checks": to_builtins(checks)})
