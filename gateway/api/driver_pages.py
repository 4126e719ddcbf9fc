"""How pages for drivers go out: language, headers, and a page in the driver's words for whatever goes wrong.

Knows no trip. A page's transaction is `answered`'s: what breaks is rolled back before its page is made.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from psycopg_pool import PoolTimeout

from contract.clock import true_now
from gateway.api.callers import is_secure
from gateway.api.pace import Pace
from gateway.api.pages import AGAIN_S, page, page_headers
from gateway.custody.door_page import waiting_texts
from gateway.pages.words import LANGUAGES, Words, choose_language, words_of
from gateway.refusals import NotThereError

log = logging.getLogger(__name__)

# Nobody types 43 letters; whoever tries links gets this many in 10 minutes.
_WRONG_LINKS, _WRONG_WITHIN_S = 30, 600.0
_LANGUAGE_COOKIE = "waybill-driver-language"
_A_YEAR_S = 365 * 24 * 3600
# With no-referrer a browser names no origin with a form, and a foreign page could not be told from this one.
_REFERRER = {"Referrer-Policy": "same-origin"}


class DriverPages:
    """Who tried wrong links how often."""

    def __init__(self) -> None:
        self.wrong_links = Pace(_WRONG_LINKS, _WRONG_WITHIN_S)


class NotSignedInError(HTTPException):
    """The phone has no shift, or has one no more."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "not signed in: open the link of this shift (/driver/in/…)")


def driver_words(request: Request) -> Words:
    """The language that was asked for here or before, or that the browser prefers."""
    asked = request.query_params.get("lang") or request.cookies.get(_LANGUAGE_COOKIE)
    return words_of("driver", choose_language(asked, request.headers.get("accept-language")))


def driver_page(
    request: Request, template: str, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None,
    **values: object,
) -> HTMLResponse:  # fmt: skip
    """The template as an answer, in the driver's language."""
    return driver_page_in(driver_words(request), template, status=status, headers=headers, **values)


def driver_page_in(
    words: Words, template: str, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None, **values: object
) -> HTMLResponse:
    """The template as an answer, in these words."""
    said: dict[str, Any] = values
    return page(template, words, status=status, headers={**_REFERRER, **(headers or {})}, **said)


def waiting_box(language: str) -> dict[str, Any]:
    """What a page says of handoffs that wait on the phone, and when the phone heard of us."""
    return {"waiting": json.dumps(waiting_texts(language)), "contact": true_now().isoformat()}


def plain_headers() -> dict[str, str]:
    """Headers of an answer that is no page: a redirect."""
    return {**page_headers(), **_REFERRER}


def driver_sorry(request: Request, what: str, status: int, wait_s: int | None = None) -> HTMLResponse:
    """A page for what went wrong, and the way out."""
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    # What was sent by a form cannot be asked for again by its address.
    here = "" if request.method == "GET" else "/driver"
    again_s = wait_s if what == "away" and not here else None
    return driver_page(
        request, "driver_sorry.html", status=status, headers=headers, what=what, again_s=again_s, here=here
    )  # fmt: skip


class DriverRoute(APIRoute):
    """An endpoint that answers with a page also when the database is away or something breaks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await answer(request)
            except (psycopg.OperationalError, PoolTimeout):
                response = driver_sorry(request, "away", HTTPStatus.SERVICE_UNAVAILABLE, AGAIN_S)
            except NotSignedInError:
                response = driver_sorry(request, "not_signed_in", HTTPStatus.UNAUTHORIZED)
            except HTTPException as error:
                foreign = error.status_code == HTTPStatus.FORBIDDEN
                response = driver_sorry(request, "foreign" if foreign else "gone", error.status_code)
            except (NotThereError, RequestValidationError, psycopg.DataError):
                response = driver_sorry(request, "gone", HTTPStatus.NOT_FOUND)
            except Exception:
                log.exception("a page broke", extra={"action": "page_broke", "route": self.path})
                response = driver_sorry(request, "broken", HTTPStatus.INTERNAL_SERVER_ERROR)
            _keep_language(request, response)
            return response

        return handle


def _keep_language(request: Request, response: Response) -> None:
    """What was chosen once holds for the pages that follow."""
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(
            _LANGUAGE_COOKIE, asked, max_age=_A_YEAR_S, path="/driver", secure=is_secure(request), httponly=True,
            samesite="lax",
        )  # fmt: skip
