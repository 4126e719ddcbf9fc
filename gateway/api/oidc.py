"""The router for signing in through an OpenID Connect provider: there and back. Judges no ID token itself."""

from __future__ import annotations

import hmac
import logging
import math
import secrets
import time
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from gateway.api.callers import cookie_name, is_secure
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.problems import problem, refusals
from gateway.api.sessions import set_session_cookie
from gateway.api.tries import Tries, sender
from gateway.people.oidc import Attempt, Identity, ProofError, Provider, ProviderError, attempt_of
from gateway.people.oidc_accounts import account_of
from gateway.people.sessions import open_session

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1/session/oidc", tags=["people"])

_ATTEMPT_S = 600  # for typing a password and a second factor over there
_NOT_SET = "sign-in through OpenID Connect is not set up: oidc_issuer, oidc_client_id, oidc_client_secret, public_url"
_PROVIDER_AWAY = "the sign-in provider does not answer as it must; the log of api says why"
_Said = Annotated[str | None, Query(max_length=4096)]


class SeeOther(RedirectResponse):
    """Goes on by GET, and is kept by nobody."""

    def __init__(self, url: str) -> None:
        super().__init__(url, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})


@router.get(
    "/start", summary="Sends the browser to the sign-in provider", status_code=303, response_class=SeeOther,
    responses=refusals(_404="OpenID Connect is not set up", _502="The provider does not answer"),
)  # fmt: skip
def start(request: Request) -> SeeOther:
    provider, back = _set_up(request)
    secret = secrets.token_urlsafe(32)
    try:
        answer = SeeOther(provider.sign_in_url(attempt_of(secret), back))
    except ProviderError as error:
        raise _away(error) from error
    # Lax: the way back is a navigation from another site, and a Strict cookie would stay behind.
    answer.set_cookie(
        _attempt_cookie(request), secret, max_age=_ATTEMPT_S, path="/", secure=is_secure(request), httponly=True,
        samesite="lax",
    )  # fmt: skip
    return answer


def _proved(
    request: Request, code: _Said = None, state: _Said = None, error: _Said = None, iss: _Said = None
) -> Identity:
    """Who comes back. A dependency before the database's: no connection waits for a slow provider."""
    provider, back = _set_up(request)
    tries: Tries = request.app.state.sign_in_tries
    address = sender(request)
    if wait_s := tries.take(address, time.monotonic()):
        headers = {"Retry-After": str(math.ceil(wait_s))}
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, "too many tries; wait a while", headers=headers)
    attempt = attempt_of(request.cookies.get(_attempt_cookie(request), secrets.token_urlsafe(32)))
    try:
        return _identity(provider, attempt, back, code=code, state=state, error=error, iss=iss)
    except ProviderError as why:
        raise _away(why) from why
    except ProofError as why:
        said = {"action": "sign_in_refused", "address": address, "error": str(why)}
        log.warning("sign-in through OpenID Connect refused", extra=said)
        detail = "this sign-in proves nothing or took too long: begin again"
        raise HTTPException(HTTPStatus.UNAUTHORIZED, detail) from why


@router.get(
    "/callback", summary="Where the provider sends the browser back to; opens the session", status_code=303,
    response_class=SeeOther,
    responses=refusals(_401="It proves nothing, or there is no account", _404="OpenID Connect is not set up",
                       _429="Too many wrong tries", _502="The provider does not answer"),
)  # fmt: skip
def callback(
    request: Request, identity: Annotated[Identity, Depends(_proved)], connection: Database, now: Now
) -> Response:
    address = sender(request)
    account = account_of(connection, identity, address=address, at=now)
    if account is None:
        said = {"action": "sign_in_refused", "address": address, "subject": identity.subject}
        log.warning("nobody has an account for this sign-in", extra=said)
        detail = "no account here is yours: an administrator has to open one with your verified e-mail address"
        return problem(HTTPStatus.UNAUTHORIZED, detail)
    request.app.state.sign_in_tries.give_back(address)
    browser = request.headers.get("user-agent", "")[:200]
    token = open_session(connection, account, address=address, browser=browser, at=now)
    answer = SeeOther("/")
    answer.delete_cookie(_attempt_cookie(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")
    set_session_cookie(request, answer, token)
    return answer


def _identity(
    provider: Provider, attempt: Attempt, back: str, *, code: str | None, state: str | None, error: str | None,
    iss: str | None,
) -> Identity:  # fmt: skip
    if not hmac.compare_digest((state or "").encode(), attempt.state.encode()):
        raise ProofError("it was not begun in this browser, or too long ago")
    if iss is not None and iss != provider.issuer:  # RFC 9207: an answer of another provider
        raise ProofError(f"the answer comes from {iss[:200]}")
    if code is None:
        raise ProofError(f"the provider refused: {(error or 'no reason given')[:200]}")
    return provider.identity(attempt, code, back)


def _set_up(request: Request) -> tuple[Provider, str]:
    """The provider, and where it sends browsers: of the public address, never of what a request says of its host."""
    provider: Provider | None = request.app.state.oidc
    public_url: str | None = request.app.state.public_url
    if provider is None or public_url is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, _NOT_SET)
    return provider, f"{public_url.rstrip('/')}/v1/session/oidc/callback"


def _attempt_cookie(request: Request) -> str:
    return f"{cookie_name(request)}-oidc"


def _away(error: ProviderError) -> HTTPException:
    log.error("the sign-in provider cannot be asked", extra={"action": "oidc_failed", "error": str(error)})
    return HTTPException(HTTPStatus.BAD_GATEWAY, _PROVIDER_AWAY)
