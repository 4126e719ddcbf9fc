"""Sign-in of people: a random token against a name and a password. Knows no cookie and counts no tries."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import psycopg

from contract.clock import true_now
from gateway.people.passwords import is_right
from storage import people
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.people import Account, Session

# A dispatcher's shift with its breaks; a browser left open over night has to sign in again.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
_TOUCH_EVERY = timedelta(minutes=1)  # a page that asks every 2 s must not write every 2 s


def sign_in(
    connection: psycopg.Connection, name: str, password: str, *, address: str, browser: str | None, at: datetime
) -> tuple[str, Account] | None:
    """The session's token and whose it is; None when name or password is wrong, whichever of them."""
    found = people.password_hash_of(connection, name)
    if not is_right(password, None if found is None else found[1]) or found is None:
        _record(connection, "session.refused", name, at, {"address": address})
        return None
    account = people.account_by_id(connection, found[0])
    if account is None:
        return None
    return open_session(connection, account, address=address, browser=browser, at=at), account


def open_session(
    connection: psycopg.Connection, account: Account, *, address: str, browser: str | None, at: datetime
) -> str:
    """A session of somebody who has proved who he is; its token, which is kept nowhere."""
    now, token = true_now(), secrets.token_urlsafe(32)
    session = Session(new_id(now), account.id, now, now, now + LONGEST)
    people.put_session(connection, session, digest(token), address, browser)
    _record(connection, "session.opened", account.name, at, {"address": address})
    return token


def session_of(connection: psycopg.Connection, token: str) -> tuple[Session, Account] | None:
    """The session of a token, if it is good still, and the account with the roles it has now."""
    now = true_now()
    session = people.session_of_token(connection, digest(token), now, now - IDLE)
    account = None if session is None else people.account_by_id(connection, session.account_id)
    if session is None or account is None:
        return None
    if now - session.seen_at >= _TOUCH_EVERY:
        people.touch_session(connection, session.id, now)
    return session, account


def sign_out(connection: psycopg.Connection, session: Session, account: Account, at: datetime) -> None:
    people.end_session(connection, session.id, true_now())
    _record(connection, "session.ended", account.name, at, None)


def digest(secret: str) -> bytes:
    """What is kept of a random secret: with 256 random bits a plain SHA-256 can be neither guessed nor reversed."""
    return hashlib.sha256(secret.encode()).digest()


def _record(
    connection: psycopg.Connection, action: str, name: str, at: datetime, after: dict[str, object] | None
) -> None:
    event = AuditEvent(
        at=at, actor=Actor("account", name[:64]), action=action, object_kind="account", object_id=name[:64], after=after
    )
    record(connection, [event])
