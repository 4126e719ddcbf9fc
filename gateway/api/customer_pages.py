"""The router for customers: the page behind an order's link, its map, the note for the driver. Holds no rules.

Whoever has the link is the customer: there is no sign-in. A link that never was, was replaced or has expired gives one
and the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from contract.clock import Clock
from gateway.api.clock import Now
from gateway.api.forms import Form
from gateway.api.pace import Pace
from gateway.api.pages import PageRoute, page, page_headers, sorry, words_for
from gateway.api.tries import sender
from gateway.customer import notes
from gateway.customer.frame import HALVES_M, Frame
from gateway.customer.ground import CONTENT_SECURITY_POLICY, Ground
from gateway.customer.looking import Facts, look, others_of
from gateway.customer.notes import NoteTooLongError, TooLateError, leave_note
from gateway.customer.van import SHOWN_WITHIN_M, Van, is_next
from gateway.customer.view import Page, may_note, page_of, van_words
from gateway.pages.times import PlaceTime
from gateway.pages.words import Words
from storage.customer import CustomerOrder, customer_order

router = APIRouter(prefix="/t", route_class=PageRoute, include_in_schema=False)

# A page that is open asks every 10 s; a household or an office behind one address may have many open.
_ANSWERS_A_MINUTE = 300
# Nobody types 22 letters; whoever tries links gets this many in 10 minutes.
_WRONG_LINKS, _WRONG_WITHIN_S = 30, 600.0
_NOTES, _NOTES_WITHIN_S = 6, 3600.0
# What messages put behind a link, and phones take for a part of it.
_AFTER_LINKS = ".,;:!?)>\"'"
_UNREADABLE = HTTPStatus.UNPROCESSABLE_ENTITY
_PICTURE_KEPT = "private, max-age=600"


class CustomerPages:
    """What the pages go by: how long a link lasts, who may frame it, the map; and who asked how often."""

    def __init__(self, *, link_days: int = 30, frame_origins: str | None = None, map_dir: Path | None = None) -> None:
        self.link_days = link_days
        self.frames = frame_origins  # None: nobody may
        self.ground = Ground(map_dir)
        self.answers = Pace(_ANSWERS_A_MINUTE, 60.0)
        self.wrong_links = Pace(_WRONG_LINKS, _WRONG_WITHIN_S)
        self.notes = Pace(_NOTES, _NOTES_WITHIN_S)


Handler = Callable[[psycopg.Connection, CustomerOrder], Response]


@router.get("/{token}", summary="The customer's page of one order")
def tracking_page(request: Request, token: str, now: Now, map: str = "") -> Response:  # noqa: A002 - its name on the wire
    def answer(connection: psycopg.Connection, order: CustomerOrder) -> Response:
        words = words_for(request, "customer", order.customer_language)
        facts = look(connection, order, now, _rate(request))
        shown = _page(request, facts, words, now)
        return page(
            "customer.html", words, frames=_pages(request).frames, page=shown, token=token,
            keep="&map=1" if map else "", map=bool(map), as_of=_as_of(order, words, now),
            dial="".join(letter for letter in order.shop_phone or "" if letter in "+0123456789"),
            van=facts.van, van_words=van_words(facts.van, order, words), level=_level(facts.van),
            about=_about(facts.van), has_ground=bool(_pages(request).ground),
        )  # fmt: skip

    if (bare := token.rstrip(_AFTER_LINKS)) != token:
        return RedirectResponse(f"/t/{quote(bare)}", HTTPStatus.PERMANENT_REDIRECT, headers=page_headers())
    return _answered(request, token, now, answer)


@router.get("/{token}/state", summary="Whether the page would say something else, and where the van is")
def state(request: Request, token: str, now: Now) -> Response:
    def answer(connection: psycopg.Connection, order: CustomerOrder) -> Response:
        words = words_for(request, "customer", order.customer_language)
        facts = look(connection, order, now, _rate(request))
        shown, van = _page(request, facts, words, now), facts.van
        where = None if van is None else {"x": van.x, "y": van.y, "level": van.frame.level, "about": _about(van)}
        said = {
            "version": shown.version, "van": where,
            "van_words": van_words(van, order, words) if shown.live else None, "as_of": _as_of(order, words, now),
        }  # fmt: skip
        return JSONResponse(said, headers=page_headers())

    return _answered(request, token, now, answer)


@router.get("/{token}/ground/{level}", summary="The streets around the order's own door, while the order is next")
def ground(request: Request, token: str, level: int, now: Now) -> Response:
    def answer(connection: psycopg.Connection, order: CustomerOrder) -> Response:
        if order.lat_e7 is None or order.lon_e7 is None or level not in range(len(HALVES_M)):
            return sorry(request, "gone", HTTPStatus.NOT_FOUND)
        if not is_next(order, others_of(connection, order)):
            return sorry(request, "gone", HTTPStatus.NOT_FOUND)
        picture = _pages(request).ground.picture(Frame(order.lat_e7, order.lon_e7, level))
        headers = {
            **page_headers(), "Cache-Control": _PICTURE_KEPT, "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        }  # fmt: skip
        return Response(picture, media_type="image/svg+xml", headers=headers)

    return _answered(request, token, now, answer)


@router.get("/{token}/note", summary="The form for a note to the driver")
def note_form(request: Request, token: str, now: Now) -> Response:
    return _answered(request, token, now, lambda _connection, order: _note_page(request, token, order))


@router.post("/{token}/note", summary="Leaves a note for the driver")
def put_note(request: Request, token: str, now: Now, form: Form) -> Response:
    def answer(connection: psycopg.Connection, order: CustomerOrder) -> Response:
        words = words_for(request, "customer", order.customer_language)
        text = form.get("note", [""])[0]
        if "note" not in form:
            return _note_page(request, token, order, words("note_too_long", n="…", most=notes.MOST), None, _UNREADABLE)
        if _pages(request).notes.take(str(order.id), time.monotonic()):
            return _note_page(request, token, order, words("note_too_often"), text, HTTPStatus.TOO_MANY_REQUESTS)
        try:
            leave_note(connection, order, text, now)
        except NoteTooLongError as error:
            problem = words("note_too_long", n=error.characters, most=notes.MOST)
            return _note_page(request, token, order, problem, text, _UNREADABLE)
        except TooLateError:
            return _note_page(request, token, order, words("note_too_late"), text, HTTPStatus.CONFLICT)
        headers = page_headers(frames=_pages(request).frames)
        return RedirectResponse(f"/t/{token}?lang={words.language}", HTTPStatus.SEE_OTHER, headers=headers)

    return _answered(request, token, now, answer)


@router.get("/{rest:path}", summary="The answer to every link that leads nowhere")
def no_page(request: Request, rest: str) -> Response:  # noqa: ARG001 - whatever it is
    return _gone(request)


def _answered(request: Request, token: str, now: datetime, answer: Handler) -> Response:
    """The answer of `answer` for the order behind the link; the same page for whatever leads nowhere."""
    pages, address, now_s = _pages(request), sender(request), time.monotonic()
    if wait_s := pages.answers.take(address, now_s):
        return sorry(request, "slow", HTTPStatus.TOO_MANY_REQUESTS, wait_s)
    if pages.wrong_links.is_full(address, now_s):
        return sorry(request, "slow", HTTPStatus.TOO_MANY_REQUESTS, 60)
    with _transaction(request) as connection:
        order = customer_order(connection, token, now=now, link_days=pages.link_days)
        return _gone(request) if order is None else answer(connection, order)


def _gone(request: Request) -> Response:
    _pages(request).wrong_links.take(sender(request), time.monotonic())
    return sorry(request, "gone", HTTPStatus.NOT_FOUND)


@contextmanager
def _transaction(request: Request) -> Iterator[psycopg.Connection]:
    """Here and not as a dependency: what fails while it opens or commits is a page too."""
    with request.app.state.connect() as connection, connection.transaction():
        yield connection


def _note_page(
    request: Request, token: str, order: CustomerOrder, problem: str | None = None, text: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:  # fmt: skip
    words = words_for(request, "customer", order.customer_language)
    open_ = may_note(order.milestone)
    return page(
        "customer_note.html", words, status=status, frames=_pages(request).frames, token=token,
        problem=problem or (None if open_ else words("note_too_late")), may_note=open_, most=notes.MOST,
        note=order.customer_note or "" if text is None else text,
    )  # fmt: skip


def _page(request: Request, facts: Facts, words: Words, now: datetime) -> Page:
    return page_of(facts.order, facts.reached, facts.others, facts.profile, words, now, _rate(request))


def _as_of(order: CustomerOrder, words: Words, now: datetime) -> str:
    return words("as_of", at=PlaceTime(order.tz, words).clock(now))


def _level(van: Van | None) -> int:
    return 0 if van is None else van.frame.level


def _about(van: Van | None) -> int:
    """Radius on the map within which the van is, in the map's units."""
    return 0 if van is None else round(SHOWN_WITHIN_M * van.frame.units_per_m)


def _pages(request: Request) -> CustomerPages:
    pages: CustomerPages = request.app.state.customer_pages
    return pages


def _rate(request: Request) -> float:
    clock: Clock = request.app.state.clock
    return clock.rate
