"""The router for signing in and out. Knows no page."""

from __future__ import annotations

import logging
import math
import time
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.api.callers import Staff, cookie_name, is_secure
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.problems import problem, refusals
from gateway.api.tries import Tries, sender
from gateway.people.accounts import change_password
from gateway.people.passwords import MOST_PASSWORD, is_right
from gateway.people.permissions import PERMISSIONS, Role
from gateway.people.sessions import LONGEST, sign_in, sign_out
from storage.people import Account, password_hash_of

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1/session", tags=["people"])


class SignIn(BaseModel):
    name: str = Field(max_length=64, description="the account's name")
    password: str = Field(max_length=MOST_PASSWORD)


class GrantOut(BaseModel):
    role: str
    premises: str | None = Field(description="the premises' code; null: all premises")
    may: list[str] = Field(description="what the role allows")


class Me(BaseModel):
    name: str
    full_name: str | None
    roles: list[GrantOut]


class NewPassword(BaseModel):
    old: str = Field(max_length=MOST_PASSWORD)
    new: str = Field(max_length=MOST_PASSWORD, description="at least 15 characters")


@router.post(
    "", summary="Signs a person in; the answer sets the session's cookie", response_model=Me,
    responses=refusals(_401="Name or password is wrong", _429="Too many wrong tries; `Retry-After` says how long"),
)  # fmt: skip
def open_session(request: Request, wanted: SignIn, connection: Database, now: Now) -> JSONResponse:
    tries: Tries = request.app.state.sign_in_tries
    address = sender(request)
    # By name too: a guesser with many addresses is as slow against one account as one with a single address.
    for key in (address, f"name {wanted.name}"):
        if wait_s := tries.take(key, time.monotonic()):
            headers = {"Retry-After": str(math.ceil(wait_s))}
            return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong passwords; wait a while", headers=headers)
    signed_in = sign_in(
        connection, wanted.name, wanted.password, address=address, browser=request.headers.get("user-agent", "")[:200],
        at=now,
    )  # fmt: skip
    if signed_in is None:
        log.warning("sign-in refused", extra={"action": "sign_in_refused", "account": wanted.name, "address": address})
        return problem(HTTPStatus.UNAUTHORIZED, "name or password is wrong, or the account is disabled")
    token, account = signed_in
    tries.give_back(address)
    tries.give_back(f"name {wanted.name}")
    answer = JSONResponse(me(account).model_dump())
    set_session_cookie(request, answer, token)
    return answer


def set_session_cookie(request: Request, answer: Response, token: str) -> None:
    """The one cookie that api, dashboard and custom routes check."""
    answer.set_cookie(
        cookie_name(request), token, max_age=int(LONGEST.total_seconds()), path="/", secure=is_secure(request),
        httponly=True, samesite="lax",
    )  # fmt: skip


@router.get("", summary="Who is signed in", responses=refusals(_401="Nobody"))
def who(caller: Staff) -> Me:
    return me(caller.account)


@router.delete("", status_code=204, summary="Signs out", responses=refusals(_401="Nobody is signed in"))
def close_session(request: Request, response: Response, caller: Staff, connection: Database, now: Now) -> None:
    sign_out(connection, caller.session, caller.account, now)
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")


@router.put(
    "/password", status_code=204, summary="Changes the own password; every session ends, this one too",
    responses=refusals(_401="Nobody is signed in", _403="The old password is wrong", _422="The new one is too short"),
)  # fmt: skip
def put_password(request: Request, wanted: NewPassword, caller: Staff, connection: Database, now: Now) -> Response:
    tries: Tries = request.app.state.sign_in_tries
    key = f"name {caller.account.name}"
    if wait_s := tries.take(key, time.monotonic()):
        headers = {"Retry-After": str(math.ceil(wait_s))}
        return problem(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong passwords; wait a while", headers=headers)
    found = password_hash_of(connection, caller.account.name)
    if found is None or not is_right(wanted.old, found[1]):
        return problem(HTTPStatus.FORBIDDEN, "the old password is wrong")
    tries.give_back(key)
    change_password(connection, caller.account, wanted.new, actor=caller.actor, at=now)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def me(account: Account) -> Me:
    roles = [
        GrantOut(role=one.role, premises=one.premises, may=sorted(PERMISSIONS[Role(one.role)]))
        for one in account.grants
    ]
    return Me(name=account.name, full_name=account.full_name, roles=roles)
