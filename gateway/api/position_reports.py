"""The router for phones that report by HTTP (Traccar Client, OsmAnd): each shows its token. Decodes no report."""

from __future__ import annotations

import logging
import math
import time
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from contract import osmand
from contract.clock import true_now
from contract.codec import MAX_BODY_BYTES
from contract.foreign import OSMAND, Sender
from gateway.api.database import Connect
from gateway.api.problems import MEDIA_TYPE, problem
from gateway.api.tries import Tries, sender
from gateway.master.senders import hash_token
from gateway.master.strangers import meet_at_the_door
from storage.posted import posted_waiting, put_posted
from storage.senders import sender_by_token

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/osmand", tags=["phones"])

MOST_WAITING = 100_000  # reports that the gateway has not taken yet; beyond it phones keep theirs
_PROBLEM: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": {"type": "object", "required": ["status", "detail"]}}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The report names no sender", **_PROBLEM},
    404: {"description": "No such token, or another sender's", **_PROBLEM},
    413: {"description": "Larger than a message may be", **_PROBLEM},
    429: {"description": "Too many reports from nobody registered; `Retry-After` says how long to wait", **_PROBLEM},
    503: {"description": "Nothing can be kept now; the phone sends it again", **_PROBLEM},
}


@router.get("/{token}", summary="A phone's report in the query (OsmAnd protocol); kept when it answers 200",
            responses=_REFUSALS)  # fmt: skip
async def report_by_query(request: Request, token: str) -> Response:
    return await _take(request, token)


@router.post("/{token}", summary="The same as a form, in the query, or as Traccar Client's JSON", responses=_REFUSALS)
async def report(request: Request, token: str) -> Response:
    return await _take(request, token)


async def _take(request: Request, token: str) -> Response:
    body = bytearray(request.url.query.encode())
    if not body:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY_BYTES:
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a report has at most {MAX_BODY_BYTES} bytes")
    return await run_in_threadpool(_keep, request, token, bytes(body))


def _keep(request: Request, token: str, body: bytes) -> Response:
    named = osmand.sender_id(body)
    if named is None:
        return problem(HTTPStatus.BAD_REQUEST, "the report names no sender: id in a query, device_id in JSON")
    tries: Tries = request.app.state.report_tries
    address = sender(request)
    try:
        kept = _post(request.app.state.connect, named, token, body)
        if kept is None:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many reports wait for the gateway; send it again later")
        if kept:
            return Response(status_code=HTTPStatus.OK)
        if wait_s := tries.take(address, time.monotonic()):
            detail = "too many reports from nobody registered; wait before the next one"
            return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(math.ceil(wait_s))})
        with request.app.state.connect() as connection, connection.transaction():
            meet_at_the_door(connection, Sender(OSMAND, named), body, true_now())
    except (psycopg.OperationalError, TimeoutError) as error:
        log.warning("no report kept", extra={"action": "report_failed", "error": " ".join(str(error).split())})
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer; send it again")
    log.warning("report refused", extra={"action": "report_refused", "sender": named[:64], "address": address})
    return problem(HTTPStatus.NOT_FOUND, "no device has this token and this identifier: waybill device add --osmand")


def _post(connect: Connect, named: str, token: str, body: bytes) -> bool | None:
    """Whether it is kept for the gateway: committed, so that 200 means stored. None: too many wait."""
    with connect() as connection, connection.transaction():
        known = sender_by_token(connection, OSMAND, hash_token(token))
        if known is None or known.address != named:
            return False
        if posted_waiting(connection, MOST_WAITING) >= MOST_WAITING:
            return None
        put_posted(connection, Sender(OSMAND, known.address).topic, body, true_now())
        return True
