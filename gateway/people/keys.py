"""API keys of order systems: made, shown once, rotated, revoked. Checks no request's scope."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from contract.fix import DEVICE_NAME
from gateway.people.errors import PeopleConflictError, PeopleError, UnknownPersonError
from gateway.people.permissions import KEY_SCOPES
from gateway.people.sessions import digest
from storage import people
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.people import ApiKey, KeyInUse

_TOUCH_EVERY = timedelta(minutes=1)
MOST_OVERLAP = timedelta(days=30)  # an old key beside the new one for longer is no rotation


class MadeKey(msgspec.Struct, frozen=True):
    """A key and its secret, which is kept nowhere."""

    key: ApiKey
    secret: str


def make_key(
    connection: psycopg.Connection, name: str, scopes: Iterable[str], *, premises_id: UUID | None, test: bool,
    actor: Actor, at: datetime,
) -> MadeKey:  # fmt: skip
    """A new key for the order system `name`; several keys may have one name, and then are one system."""
    if not DEVICE_NAME.fullmatch(name):
        raise PeopleError(f"key name {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -")
    wanted = sorted(set(scopes))
    if unknown := [scope for scope in wanted if scope not in KEY_SCOPES]:
        raise PeopleError(f"a key cannot have the scope {unknown[0]!r}; it can have: {', '.join(sorted(KEY_SCOPES))}")
    if not wanted:
        raise PeopleError(f"a key needs a scope: {', '.join(sorted(KEY_SCOPES))}")
    prefix = f"wb_{'test' if test else 'live'}_{secrets.token_hex(4)}"
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        new_id(at), premises_id, None, name, prefix, wanted, test, at, f"{actor.kind} {actor.name}", None, None, None
    )
    people.put_api_key(connection, key, digest(secret))
    after = {"name": name, "prefix": prefix, "scopes": wanted, "test": test}
    _record(connection, "key.made", key, actor, at, after)
    return MadeKey(key, secret)


def find_key(connection: psycopg.Connection, prefix: str) -> ApiKey:
    """The key with this readable beginning; the secret itself finds it too."""
    wanted = "_".join(prefix.split("_")[:3])
    found = people.api_keys(connection, wanted)
    if not found:
        raise UnknownPersonError(f"there is no key {wanted!r}: waybill key list shows them")
    return found[0]


def rotate_key(
    connection: psycopg.Connection, key: ApiKey, *, overlap: timedelta, actor: Actor, at: datetime
) -> MadeKey:
    """A new key like the old one, which ends after `overlap` (true time)."""
    if key.revoked_at is not None or key.expires_at is not None:
        raise PeopleConflictError(
            f"key {key.prefix} ends already; rotate the newest key of {key.name}, or make another"
        )
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise PeopleError(f"the old key may live on for 0 to {MOST_OVERLAP.days} days")
    made = make_key(connection, key.name, key.scopes, premises_id=key.premises_id, test=key.test, actor=actor, at=at)
    expires_at = true_now() + overlap
    people.expire_api_key(connection, key.id, expires_at)
    _record(connection, "key.rotated", key, actor, at, {"expires_at": expires_at, "new": made.key.prefix})
    return made


def revoke_key(connection: psycopg.Connection, key: ApiKey, *, actor: Actor, at: datetime) -> None:
    """The key ends at once."""
    if not people.revoke_api_key(connection, key.id, true_now()):
        raise PeopleConflictError(f"key {key.prefix} is revoked already")
    _record(connection, "key.revoked", key, actor, at, {"name": key.name})


def key_of(connection: psycopg.Connection, secret: str) -> KeyInUse | None:
    """The key of this secret, if it is good now."""
    now = true_now()
    key = people.api_key_of_secret(connection, digest(secret), now)
    if key is not None and (key.used_at is None or now - key.used_at >= _TOUCH_EVERY):
        people.touch_api_key(connection, key.id, now)
    return key


def _record(
    connection: psycopg.Connection, action: str, key: ApiKey, actor: Actor, at: datetime, after: Mapping[str, object]
) -> None:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="api_key", object_id=str(key.id), premises_id=key.premises_id,
        after=after,
    )  # fmt: skip
    record(connection, [event])
