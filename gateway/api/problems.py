"""Every error of the API as a problem document (RFC 9457). Tells nothing of the inside."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from gateway.api.headers import SECURITY_HEADERS
from gateway.refusals import ConflictError, NotThereError, RefusedError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PROBLEM_SCHEMA = {"type": "object", "required": ["status", "detail"]}


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """A problem document; `members` are what this kind of problem has besides (RFC 9457, 3.2)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    # The answer to an unforeseen error is made outside the middleware that sets these headers.
    return JSONResponse(body, status, headers={**SECURITY_HEADERS, **(headers or {})}, media_type=MEDIA_TYPE)


def speak_problems(app: FastAPI) -> None:
    """Makes `app` answer with problems whatever goes wrong."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RefusedError, _cannot)
    app.add_exception_handler(psycopg.DataError, _cannot_be_kept)
    app.add_exception_handler(psycopg.OperationalError, _database_away)
    app.add_exception_handler(PoolTimeout, _database_away)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _unforeseen)


def _cannot(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, NotThereError):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, ConflictError):
        status = HTTPStatus.CONFLICT
    if error.errors:
        return problem(status, str(error), errors=list(error.errors))
    if error.field is None:
        return problem(status, str(error))
    return problem(status, str(error), errors=[{"at": error.field, "says": str(error)}])


def _cannot_be_kept(_request: Request, error: Exception) -> JSONResponse:
    """What no rule of ours foresaw and the database refuses: a NUL in a text, a time beyond its calendar."""
    log.warning("unforeseen value", extra={"action": "value_refused", "error": " ".join(str(error).split())})
    detail = "the request holds a value that cannot be kept: a NUL character, or a number or time out of any range"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def _database_away(_request: Request, _error: Exception) -> JSONResponse:
    # Why is in the log and in `waybill status`; strangers may see this answer.
    detail = "the database does not answer; nothing was changed, try again"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})


def refusals(**said: str) -> dict[int | str, dict[str, Any]]:
    """What an endpoint's description says of its errors: refusals(_404="There is no such order")."""
    content = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in said.items()}


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.url.path}; /v1/openapi.json lists what is"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "other methods")
        detail = f"{request.url.path} does not take {request.method}, but {allowed}"
    return problem(error.status_code, detail, headers=dict(error.headers or {}))


def _unreadable(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The value itself is left out: it may be a password or somebody's address.
    wrong = [{"at": ".".join(str(step) for step in one["loc"]), "says": one["msg"]} for one in error.errors()]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request does not say what it must", errors=wrong)


def _unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    # The server has the error with its traceback in the log.
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something broke here; it is in the log")
