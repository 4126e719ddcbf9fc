"""The API's frame without a database: problems, headers, description. No endpoint's content."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from gateway.api.app import make_app
from gateway.api.headers import SECURITY_HEADERS


@contextmanager
def no_database() -> Iterator[psycopg.Connection]:
    raise psycopg.OperationalError("connection to postgresql://user:secret@host refused")
    yield


@pytest.fixture
def app() -> FastAPI:
    return make_app(no_database)


def ask(app: FastAPI, path: str, method: str = "GET") -> httpx.Response:
    """What a client gets, also when the app broke."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path)

    return asyncio.run(request())


def test_alive_without_a_database(app: FastAPI) -> None:
    answer = ask(app, "/v1/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_not_ready_without_a_database_and_no_secret_is_told(app: FastAPI) -> None:
    answer = ask(app, "/v1/ready")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["checks"] == [
        {
            "name": "database",
            "ok": False,
            "says": "not reachable",
            "remedy": "start the database; waybill status says why",
        }
    ]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v1/nothing", 404, "there is nothing at /v1/nothing; /v1/openapi.json lists what is"),
        ("POST", "/v1/health", 405, "/v1/health does not take POST, but GET"),
        ("GET", "/broken", 500, "something broke here; it is in the log"),
        ("GET", "/counted?many=x", 422, "the request does not say what it must"),
    ],
)
def test_every_error_is_a_problem(app: FastAPI, method: str, path: str, status: int, detail: str) -> None:
    def broken() -> None:
        raise RuntimeError("inside")

    def counted(many: int) -> int:
        return many

    app.add_api_route("/broken", broken)
    app.add_api_route("/counted", counted)

    answer = ask(app, path, method)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"], body["detail"]) == ("about:blank", status, detail)
    assert body["title"]
    assert "inside" not in answer.text


def test_what_is_wrong_is_named_without_its_value(app: FastAPI) -> None:
    def counted(many: int) -> int:
        return many

    app.add_api_route("/counted", counted)

    body = ask(app, "/counted?many=hunter2").json()

    assert body["errors"][0]["at"] == "query.many"
    assert "hunter2" not in str(body)


@pytest.mark.parametrize("path", ["/v1/health", "/v1/ready", "/v1/nothing", "/broken"])
def test_every_answer_has_the_security_headers(app: FastAPI, path: str) -> None:
    def broken() -> None:
        raise RuntimeError

    app.add_api_route("/broken", broken)

    headers = ask(app, path).headers

    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_description_names_version_and_no_page_comes_from_elsewhere(app: FastAPI) -> None:
    description = ask(app, "/v1/openapi.json").json()

    assert description["info"]["title"] == "Waybill"
    assert description["info"]["version"]
    assert set(description["paths"]) >= {"/v1/health", "/v1/ready", "/v1/enrolments/redeem", "/v1/session"}
    assert ask(app, "/docs").status_code == 404
    assert ask(app, "/redoc").status_code == 404
