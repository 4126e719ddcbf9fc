"""How pages for people outside go out: their headers, their files, and a page for everything that goes wrong.

Knows no order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from psycopg_pool import PoolTimeout

from gateway.pages.rendering import render
from gateway.pages.static import static_files
from gateway.pages.words import Words, choose_language, words_of

log = logging.getLogger(__name__)

NOBODY = "'none'"
AGAIN_S = 10  # a page that could not be looked up tries again after so long
_A_YEAR = "public, max-age=31536000, immutable"
_NOT_FOR_SEARCH = {"X-Robots-Tag": "noindex, nofollow, noarchive"}


def page_headers(*, frames: str | None = None) -> dict[str, str]:
    """Nothing is loaded but from here, no script stands in the page, and only `frames` may frame it."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {frames or NOBODY}"
    )
    return {"Content-Security-Policy": policy, "Vary": "Accept-Language", **_NOT_FOR_SEARCH}


def words_for(request: Request, kind: str, otherwise: str | None = None) -> Words:
    """The language that was asked for, that the browser prefers, or that the order names."""
    asked, accepted = request.query_params.get("lang"), request.headers.get("accept-language")
    return words_of(kind, choose_language(asked, accepted, otherwise))


def page(
    template: str, words: Words, *, status: int = HTTPStatus.OK, frames: str | None = None,
    headers: dict[str, str] | None = None, **values: object,
) -> HTMLResponse:  # fmt: skip
    """The template as an answer; the other languages' links lead to `here` ("": this very page) and keep `keep`."""
    body = render(template, words, **{"statics": "/t/-/", "here": "", "keep": "", **values})
    return HTMLResponse(body, status, headers={**page_headers(frames=frames), **(headers or {})})


def sorry(request: Request, what: str, status: int, wait_s: int | None = None) -> HTMLResponse:
    """A page for what went wrong: gone, away, broken or slow."""
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    again_s = wait_s if what == "away" else None
    frames = request.app.state.customer_pages.frames
    words = words_for(request, "customer")
    return page("sorry.html", words, status=status, headers=headers, frames=frames, what=what, again_s=again_s)


class PageRoute(APIRoute):
    """An endpoint that answers with a page also when the database is away or something breaks."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except (psycopg.OperationalError, PoolTimeout):
                return sorry(request, "away", HTTPStatus.SERVICE_UNAVAILABLE, AGAIN_S)
            except (HTTPException, RequestValidationError, psycopg.DataError):
                return sorry(request, "gone", HTTPStatus.NOT_FOUND)
            except Exception:
                log.exception("a page broke", extra={"action": "page_broke", "route": self.path})
                return sorry(request, "broken", HTTPStatus.INTERNAL_SERVER_ERROR)

        return handle


static_router = APIRouter(prefix="/t/-", include_in_schema=False)


@static_router.get("/{name}", summary="A file that pages load; its name changes with its content")
def static_file(name: str) -> Response:
    found = static_files().get(name)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {"Cache-Control": _A_YEAR, **_NOT_FOR_SEARCH}
    return Response(found.body, media_type=found.media_type, headers=headers)
