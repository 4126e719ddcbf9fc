"""The page behind the link in every message: no more of them, or some again. Knows nobody's order."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse

from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.notify.contacts import CUSTOMER, turn
from storage.telling import contact_by_token, contact_language

router = APIRouter(prefix="/o", tags=["messages"], include_in_schema=False)

Token = Annotated[str, Path(max_length=64)]
_HEADERS = {
    # Nothing is loaded from anywhere; the one thing that can be done here is to press the button.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Robots-Tag": "noindex",
}
_STYLE = (
    ":root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;"
    "padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}"
)
_TEXTS = {
    "en": {
        "title": "Messages about your orders",
        "told": "{address} gets messages about orders that are on their way.",
        "end": "No more messages",
        "ended": "{address} gets no more messages.",
        "begin": "Send me messages again",
        "wrong": "This link leads nowhere. Use the one in the newest message, or ask the shop.",
    },
    "es": {
        "title": "Mensajes sobre sus pedidos",
        "told": "{address} recibe mensajes sobre los pedidos que están en camino.",
        "end": "No quiero más mensajes",
        "ended": "{address} ya no recibe mensajes.",
        "begin": "Quiero recibir mensajes otra vez",
        "wrong": "Este enlace no lleva a ninguna parte. Use el del mensaje más reciente o pregunte en la tienda.",
    },
}


@router.get("/{token}", summary="The customer's choice about messages, as a page")
def show_choice(token: Token, connection: Database) -> HTMLResponse:
    # Looking changes nothing: mail programs look at links before anybody has pressed them.
    found = contact_by_token(connection, token)
    if found is None:
        return _nowhere()
    language = contact_language(connection, found.id)
    return _page(language, found.address, token, wanted=found.opted_out_at is None)


@router.post("/{token}", summary="The customer ends messages (RFC 8058), or begins them again")
def choose(
    token: Token, connection: Database, now: Now, wanted: Annotated[bool, Query()] = False,  # noqa: FBT002
) -> HTMLResponse:  # fmt: skip
    found = contact_by_token(connection, token)
    if found is None:
        return _nowhere()
    turn(connection, found, wanted=wanted, actor=CUSTOMER, at=now)
    return _page(contact_language(connection, found.id), found.address, token, wanted=wanted)


def _page(language: str | None, address: str, token: str, *, wanted: bool) -> HTMLResponse:
    chosen = language if language in _TEXTS else "en"
    texts = _TEXTS[str(chosen)]
    says = texts["told" if wanted else "ended"].format(address=f"<b>{escape(_hidden(address))}</b>")
    action = escape(f"/o/{token}?wanted={'false' if wanted else 'true'}")
    button = f'<form method="post" action="{action}"><button>{texts["end" if wanted else "begin"]}</button></form>'
    return _html(str(chosen), texts["title"], f"<p>{says}</p>{button}")


def _nowhere() -> HTMLResponse:
    both = "".join(f'<p lang="{name}">{texts["wrong"]}</p>' for name, texts in _TEXTS.items())
    return _html("en", _TEXTS["en"]["title"], both, HTTPStatus.NOT_FOUND)


def _html(language: str, title: str, inner: str, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{inner}</main></body></html>"
    )
    return HTMLResponse(page, status, _HEADERS)


def _hidden(address: str) -> str:
    """Enough to know one's own, not enough for whoever found the link: e…@example.org, …0147."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…{at}{domain}" if at else f"…{address[-4:]}"
