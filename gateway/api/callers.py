"""Who asks, and whether they may: the session cookie of a person, or an order system's key. Opens no session.

An endpoint names its kind of caller in its signature: `caller: OrderWriter`.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, HTTPException, Request

from gateway.api.database import Database
from gateway.people.accounts import driver_of
from gateway.people.keys import key_of
from gateway.people.permissions import Permission, Scope, scope_of
from gateway.people.sessions import session_of
from gateway.refusals import NotThereError
from storage.audit import Actor
from storage.people import Account, Session

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN_FIRST = "sign in first (POST /v1/session), or send an API key: Authorization: Bearer wb_…"


class Caller:
    """Somebody who has proved who they are, and what they may do where."""

    def __init__(
        self, actor: Actor, scope: Callable[[Permission], Scope], *, test: bool = False, driver_id: UUID | None = None
    ) -> None:
        self.actor = actor
        self.scope = scope
        self.test = test  # with a test key: what it makes reaches no customer, driver or report
        self.driver_id = driver_id  # of somebody who drives: their own trips are theirs to speak of

    def must_see(self, premises_id: UUID, permission: Permission, what: str) -> None:
        """Raises as if there were no such thing when it belongs to premises the caller has nothing to do with."""
        if premises_id not in self.scope(permission):
            raise NotThereError(f"there is no {what}")


class StaffMember(Caller):
    """A person with an open session."""

    def __init__(self, account: Account, session: Session, driver_id: UUID | None) -> None:
        actor = Actor("account", account.name)
        super().__init__(actor, lambda permission: scope_of(account.grants, permission), driver_id=driver_id)
        self.account = account
        self.session = session


def cookie_name(request: Request) -> str:
    """With HTTPS a name that browsers give only to this very host (RFC 6265bis, 4.1.3.2)."""
    return "__Host-waybill" if is_secure(request) else "waybill"


def is_secure(request: Request) -> bool:
    public_url: str | None = request.app.state.public_url
    return urlsplit(public_url or "").scheme == "https"


def _signed_in(request: Request, connection: Database) -> StaffMember | None:
    token = request.cookies.get(cookie_name(request))
    found = None if token is None else session_of(connection, token)
    if found is None:
        return None
    refuse_foreign_page(request)
    session, account = found
    return StaffMember(account, session, driver_of(connection, account, request.app.state.clock.now()))


def _caller(request: Request, connection: Database) -> Caller:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = key_of(connection, secret.strip())
        if key is None:
            raise _unauthorized("this API key is unknown, has ended or was revoked")
        own = Scope(None if key.premises_id is None else frozenset({key.premises_id}))
        actor = Actor("order_system", key.name)
        return Caller(actor, lambda wanted: own if wanted in key.scopes else Scope(frozenset()), test=key.test)
    member = _signed_in(request, connection)
    if member is None:
        raise _unauthorized(SIGN_IN_FIRST)
    return member


def _staff(request: Request, connection: Database) -> StaffMember:
    member = _signed_in(request, connection)
    if member is None:
        raise _unauthorized("sign in first: POST /v1/session")
    return member


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": 'Bearer realm="waybill"'})


def refuse_foreign_page(request: Request) -> None:
    """A page of another origin must not act with the cookie of whoever looks at it."""
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {request.headers.get("host", ""), urlsplit(request.app.state.public_url or "").netloc}
    foreign = site not in (None, "same-origin", "none") or (origin is not None and urlsplit(origin).netloc not in own)
    if foreign:
        raise HTTPException(HTTPStatus.FORBIDDEN, "this request comes from a page of another origin")


def needs_trip(permission: Permission) -> Callable[..., Caller]:
    """As `needs`, but whoever drives may call too; the endpoint looks whether the trip is theirs."""

    def check(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if not caller.scope(permission) and caller.driver_id is None:
            raise HTTPException(HTTPStatus.FORBIDDEN, f"{caller.actor.name} has no right to {permission}")
        return caller

    return check


def needs(permission: Permission) -> Callable[..., Caller]:
    """The dependency of an endpoint: a caller who may do this somewhere; where is asked with `caller.scope`."""

    def check(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if not caller.scope(permission):
            raise HTTPException(HTTPStatus.FORBIDDEN, f"{caller.actor.name} has no right to {permission}")
        return caller

    return check


Staff = Annotated[StaffMember, Depends(_staff)]
AnyCaller = Annotated[Caller, Depends(_caller)]
OrderReader = Annotated[Caller, Depends(needs(Permission.ORDERS_READ))]
OrderWriter = Annotated[Caller, Depends(needs(Permission.ORDERS_WRITE))]
TripReader = Annotated[Caller, Depends(needs(Permission.TRIPS_READ))]
TripWriter = Annotated[Caller, Depends(needs(Permission.TRIPS_WRITE))]
# Dispatch, or somebody of the crew.
TripWatcher = Annotated[Caller, Depends(needs_trip(Permission.TRIPS_READ))]
TripSpeaker = Annotated[Caller, Depends(needs_trip(Permission.TRIPS_WRITE))]
MasterReader = Annotated[Caller, Depends(needs(Permission.MASTER_READ))]
MasterWriter = Annotated[Caller, Depends(needs(Permission.MASTER_WRITE))]
WebhookWriter = Annotated[Caller, Depends(needs(Permission.WEBHOOKS_WRITE))]
ExceptionWriter = Annotated[Caller, Depends(needs(Permission.EXCEPTIONS_WRITE))]
ProfileWriter = Annotated[Caller, Depends(needs(Permission.PROFILES_WRITE))]
RecordsReader = Annotated[Caller, Depends(needs(Permission.RECORDS_READ))]
PeopleWriter = Annotated[Caller, Depends(needs(Permission.PEOPLE_WRITE))]
