"""The router for phones of drivers: a shift's link is opened, and ends; and who asks, for all of the driver's pages.

An endpoint takes `caller: DriverHere`, or a page's body runs in `answered`. Holds no rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from gateway.api.callers import is_secure, refuse_foreign_page
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.driver_pages import (
    DriverPages,
    DriverRoute,
    NotSignedInError,
    driver_page,
    driver_sorry,
    driver_words,
    plain_headers,
)
from gateway.api.tries import sender
from gateway.driver.shifts import InUseError, actor_of, link_of_token, open_link, refuse_phone, shift_of_phone, sign_out
from gateway.pages.times import PlaceTime
from storage.audit import Actor
from storage.shift_links import ShiftLink

router = APIRouter(prefix="/driver", route_class=DriverRoute, include_in_schema=False)

HOME = "/driver"
# The cookie is worth nothing after the shift; this only has a browser forget it one day.
_COOKIE_S = 24 * 3600
# What messages put behind a link, and phones take for a part of it.
_AFTER_LINKS = ".,;:!?)>\"'"


class DriverCaller(msgspec.Struct, frozen=True, kw_only=True):
    """The driver whose phone asks."""

    driver_id: UUID
    driver_name: str
    employee_no: str
    premises_id: UUID
    actor: Actor
    shift_link_id: UUID
    ends_at: datetime
    tz: str
    lang: str
    link: ShiftLink


def driver_caller(request: Request, connection: psycopg.Connection, now: datetime) -> DriverCaller:
    """Whose phone it is; raises NotSignedInError when it is nobody's (any more)."""
    secret = request.cookies.get(cookie_name(request))
    link = None if secret is None else shift_of_phone(connection, secret, now)
    if link is None:
        raise NotSignedInError
    refuse_foreign_page(request)
    return DriverCaller(
        driver_id=link.driver_id, driver_name=link.driver_name, employee_no=link.employee_no,
        premises_id=link.premises_id, actor=actor_of(link), shift_link_id=link.id, ends_at=link.ends_at, tz=link.tz,
        lang=driver_words(request).language, link=link,
    )  # fmt: skip


def _driver_here(request: Request, connection: Database, now: Now) -> DriverCaller:
    return driver_caller(request, connection, now)


# For endpoints that answer with JSON, in the request's own transaction.
DriverHere = Annotated[DriverCaller, Depends(_driver_here)]


def answered(
    request: Request, now: datetime, answer: Callable[[psycopg.Connection, DriverCaller], Response]
) -> Response:
    """The page that `answer` makes for the driver, in a transaction that is rolled back when it raises."""
    with request.app.state.connect() as connection, connection.transaction():
        return answer(connection, driver_caller(request, connection, now))


def frame(request: Request, caller: DriverCaller, now: datetime) -> dict[str, Any]:
    """What stands below every page of a driver who is signed in."""
    until = PlaceTime(caller.tz, driver_words(request)).moment(caller.ends_at, now)
    return {"driver_name": caller.driver_name, "until": until}


def cookie_name(request: Request) -> str:
    """With HTTPS a name that browsers give only to this very host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-waybill-driver" if is_secure(request) else "waybill-driver"


@router.get("/in/{token}", summary="What a shift's link opens: whose it is, and the button that binds it")
def look_at_link(request: Request, token: str, now: Now) -> Response:
    # Looking binds nothing: programs that carry messages look at links before anybody has pressed them.
    if (bare := token.rstrip(_AFTER_LINKS)) != token:
        return RedirectResponse(f"{HOME}/in/{bare}", HTTPStatus.PERMANENT_REDIRECT, headers=plain_headers())
    with request.app.state.connect() as connection, connection.transaction():
        link = _link(request, connection, token, now)
        if isinstance(link, Response):
            return link
        if link.opened_at is not None:
            return _opened_before(request, connection, link, now)
        words = driver_words(request)
        return driver_page(
            request, "driver_sign_in.html", token=token, name=link.driver_name,
            until=PlaceTime(link.tz, words).moment(link.ends_at, now),
        )  # fmt: skip


@router.post("/in/{token}", summary="Binds a shift's link to this phone")
def open_shift(request: Request, token: str, now: Now) -> Response:
    refuse_foreign_page(request)
    with request.app.state.connect() as connection, connection.transaction():
        link = _link(request, connection, token, now)
        if isinstance(link, Response):
            return link
        try:
            secret = open_link(connection, link, _browser(request), sender(request), now)
        except InUseError:
            return _opened_before(request, connection, link, now)
    response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER, headers=plain_headers())
    response.set_cookie(
        cookie_name(request), secret, max_age=_COOKIE_S, path="/", secure=is_secure(request), httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response


@router.get("/out", summary="Asks whether the driver really wants to sign out")
def ask_out(request: Request, now: Now) -> Response:
    return answered(request, now, lambda _connection, _caller: driver_page(request, "driver_sign_out.html", done=False))


@router.post("/out", summary="Ends the shift on this phone")
def go_out(request: Request, now: Now) -> Response:
    def answer(connection: psycopg.Connection, caller: DriverCaller) -> Response:
        sign_out(connection, caller.link, now)
        response = driver_page(request, "driver_sign_out.html", done=True)
        response.delete_cookie(
            cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax"
        )  # fmt: skip
        return response

    return answered(request, now, answer)


def _link(request: Request, connection: psycopg.Connection, token: str, now: datetime) -> ShiftLink | Response:
    """The link of the token, or the one page for all that lead nowhere."""
    pages: DriverPages = request.app.state.driver_pages
    address, now_s = sender(request), time.monotonic()
    if pages.wrong_links.is_full(address, now_s):
        return driver_sorry(request, "slow", HTTPStatus.TOO_MANY_REQUESTS, 60)
    link = link_of_token(connection, token, now)
    if link is not None:
        return link
    pages.wrong_links.take(address, now_s)
    return driver_sorry(request, "link_gone", HTTPStatus.NOT_FOUND)


def _opened_before(request: Request, connection: psycopg.Connection, link: ShiftLink, now: datetime) -> Response:
    """The phone that has the link goes on to its trip; another one is refused, and that is kept."""
    secret = request.cookies.get(cookie_name(request))
    own = None if secret is None else shift_of_phone(connection, secret, now)
    if own is not None and own.id == link.id:
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER, headers=plain_headers())
    pages: DriverPages = request.app.state.driver_pages
    # Whoever presses a dead link again and again fills no record.
    if not pages.wrong_links.take(sender(request), time.monotonic()):
        refuse_phone(connection, link, _browser(request), sender(request), now)
    return driver_sorry(request, "in_use", HTTPStatus.FORBIDDEN)


def _browser(request: Request) -> str:
    return request.headers.get("user-agent", "")
