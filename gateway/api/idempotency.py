"""A request that is sent again with the same Idempotency-Key is answered as before and not done again.

The key is taken, and the answer kept, in the transaction of what the request does: all of it is there or nothing.
(After draft-ietf-httpapi-idempotency-key-header.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

import psycopg
from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from contract.clock import true_now
from gateway.api.callers import cookie_name
from gateway.api.database import Database
from gateway.api.problems import problem
from storage.idempotency import Answered, answer_of, keep_answer, take_key

MOST_KEY = 255
_KEPT_HEADERS = ("content-type", "etag", "location")


class _AnsweredBefore(Exception):  # noqa: N818 - the way out of an endpoint, not a fault
    """The request with this key was done before."""

    def __init__(self, answered: Answered | None, digest: bytes) -> None:
        super().__init__()
        self.answered = answered
        self.digest = digest


class _Taken(NamedTuple):
    """The key of a request that is being done."""

    connection: psycopg.Connection
    caller: str
    key: str


class IdempotentRoute(APIRoute):
    """The route class of routers whose endpoints depend on `Once`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except _AnsweredBefore as before:
                return _again(before)
            taken: _Taken | None = getattr(request.state, "idempotency", None)
            if taken is not None:
                # The transaction is open still: FastAPI ends "function" dependencies when this route has its answer.
                await run_in_threadpool(_keep, taken, response)
            return response

        return answer


async def _digest(request: Request) -> bytes:
    said = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    said.update(await request.body())
    return said.digest()


def _once(
    request: Request, connection: Database, digest: Annotated[bytes, Depends(_digest)],
    idempotency_key: Annotated[
        str | None,
        Header(max_length=MOST_KEY, description="any text of the sender's, new for each request, the same when it is "
               "sent again: it is done once"),
    ] = None,
) -> None:  # fmt: skip
    if idempotency_key is None:
        return
    caller = _who(request)
    if not take_key(connection, caller, idempotency_key, digest, true_now()):
        raise _AnsweredBefore(answer_of(connection, caller, idempotency_key), digest)
    request.state.idempotency = _Taken(connection, caller, idempotency_key)


Once = Depends(_once)


def _who(request: Request) -> str:
    proof = request.headers.get("authorization") or request.cookies.get(cookie_name(request), "")
    return hashlib.sha256(proof.encode()).hexdigest()


def _keep(taken: _Taken, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    keep_answer(taken.connection, taken.caller, taken.key, response.status_code, bytes(response.body), headers)


def _again(before: _AnsweredBefore) -> Response:
    answered = before.answered
    if answered is None or answered.request_digest != before.digest:
        detail = "this Idempotency-Key was used for another request: take a new one"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    headers = {**answered.headers, "Idempotency-Replayed": "true"}
    return Response(answered.body, answered.status, headers)
