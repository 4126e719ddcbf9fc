"""Accounts, roles, sessions and API keys as rows, in the caller's transaction. Hashes nothing and judges nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement


class Grant(msgspec.Struct, frozen=True):
    """One role of an account; premises None = all premises."""

    role: str
    premises_id: UUID | None
    premises: str | None = None  # the premises' code, when it was read


class Account(msgspec.Struct, frozen=True):
    """A person who may sign in."""

    id: UUID
    name: str
    full_name: str | None
    email: str | None
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    grants: tuple[Grant, ...]
    driver_id: UUID | None = None  # whose account it is on the road
    employee_no: str | None = None
    driver_premises: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A sign-in that is still good; times are true time."""

    id: UUID
    account_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class ApiKey(msgspec.Struct, frozen=True):
    """What an order system proves itself with, without the secret."""

    id: UUID
    premises_id: UUID | None
    premises: str | None
    name: str
    prefix: str
    scopes: list[str]
    test: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class KeyInUse(msgspec.Struct, frozen=True):
    """As much of a key as a request needs."""

    id: UUID
    premises_id: UUID | None
    name: str
    scopes: list[str]
    test: bool
    used_at: datetime | None


def put_account(connection: psycopg.Connection, account: Account, password_hash: str | None) -> None:
    """The account with its roles."""
    connection.execute(
        statement("put_account"),
        {
            "id": account.id, "name": account.name, "password_hash": password_hash, "created_at": account.created_at,
            "full_name": account.full_name, "email": account.email,
        },
    )  # fmt: skip
    set_roles(connection, account.id, account.grants)


def set_roles(connection: psycopg.Connection, account_id: UUID, grants: Iterable[Grant]) -> None:
    """These roles instead of all the account had."""
    given = list(grants)
    connection.execute(statement("clear_roles"), {"id": account_id})
    connection.execute(
        statement("put_roles"),
        {"id": account_id, "roles": [one.role for one in given], "premises_ids": [one.premises_id for one in given]},
    )


def accounts(
    connection: psycopg.Connection, *, text: str | None = None, after: str | None = None, most: int | None = None,
    premises_ids: list[UUID] | None = None,
) -> list[Account]:  # fmt: skip
    """Accounts by name: those whose name, full name or e-mail holds `text`, after the name `after`.

    With `premises_ids` only those that have a role there.
    """
    return _accounts(connection, text=text, after=after, most=most, premises_ids=premises_ids)


def account_by_name(connection: psycopg.Connection, name: str) -> Account | None:
    return next(iter(_accounts(connection, name=name)), None)


def account_by_id(connection: psycopg.Connection, account_id: UUID) -> Account | None:
    return next(iter(_accounts(connection, id=account_id)), None)


def account_by_subject(connection: psycopg.Connection, subject: str) -> Account | None:
    """The account that is linked to this identity of OpenID Connect: issuer and subject."""
    row = connection.execute(statement("account_of_subject"), {"subject": subject}).fetchone()
    return None if row is None else account_by_id(connection, row[0])


def accounts_to_link(connection: psycopg.Connection, email: str) -> list[Account]:
    """Accounts in use with this e-mail address that are linked to no identity yet."""
    found = connection.execute(statement("accounts_to_link"), {"email": email}).fetchall()
    return [account for (row_id,) in found if (account := account_by_id(connection, row_id)) is not None]


def link_subject(connection: psycopg.Connection, account_id: UUID, subject: str) -> None:
    connection.execute(statement("link_subject"), {"id": account_id, "subject": subject})


def _accounts(connection: psycopg.Connection, **wanted: object) -> list[Account]:
    values = {"name": None, "id": None, "text": None, "after": None, "most": None, "premises_ids": None, **wanted}
    found = []
    for *columns, roles, driver_id, employee_no, premises in connection.execute(statement("accounts"), values):
        grants = msgspec.convert(roles, tuple[Grant, ...])
        found.append(Account(*[*columns, grants, driver_id, employee_no, premises]))
    return found


def password_hash_of(connection: psycopg.Connection, name: str) -> tuple[UUID, str | None] | None:
    """(account id, hash) of an account that may sign in; None: there is none of this name."""
    row = connection.execute(statement("password_hash_of"), {"name": name}).fetchone()
    return None if row is None else (row[0], row[1])


def set_password(connection: psycopg.Connection, account_id: UUID, password_hash: str) -> None:
    connection.execute(statement("set_password"), {"id": account_id, "password_hash": password_hash})


def set_names(connection: psycopg.Connection, account_id: UUID, full_name: str | None, email: str | None) -> None:
    connection.execute(statement("set_account_names"), {"id": account_id, "full_name": full_name, "email": email})


def set_driver(connection: psycopg.Connection, account_id: UUID, driver_id: UUID | None) -> None:
    connection.execute(statement("set_account_driver"), {"id": account_id, "driver_id": driver_id})


def is_employed_driver(connection: psycopg.Connection, driver_id: UUID, now: datetime) -> bool:
    """Whether somebody drives still: in service, and employed on the day that it is where the premises are."""
    row = connection.execute(statement("is_employed_driver"), {"driver_id": driver_id, "now": now}).fetchone()
    return row is not None and bool(row[0])


def set_disabled(connection: psycopg.Connection, account_id: UUID, at: datetime | None) -> None:
    connection.execute(statement("set_disabled"), {"id": account_id, "disabled_at": at})


def lock_accounts(connection: psycopg.Connection) -> None:
    """Until the transaction ends nobody else changes accounts."""
    connection.execute(statement("lock_accounts"))


def other_administrators(connection: psycopg.Connection, account_id: UUID) -> int:
    """How many accounts besides this one may administer all premises."""
    row = connection.execute(statement("administrators"), {"id": account_id}).fetchone()
    return 0 if row is None else int(row[0])


def put_session(
    connection: psycopg.Connection, session: Session, token_digest: bytes, address: str, browser: str | None
) -> None:
    connection.execute(
        statement("put_session"),
        {
            "id": session.id, "account_id": session.account_id, "token_digest": token_digest,
            "created_at": session.created_at, "expires_at": session.expires_at, "address": address,
            "browser": browser,
        },
    )  # fmt: skip


def session_of_token(
    connection: psycopg.Connection, token_digest: bytes, now: datetime, idle_since: datetime
) -> Session | None:
    """The session that is good at `now` and was used after `idle_since`."""
    values = {"token_digest": token_digest, "now": now, "idle_since": idle_since}
    row = connection.execute(statement("session_of_token"), values).fetchone()
    return None if row is None else Session(*row)


def touch_session(connection: psycopg.Connection, session_id: UUID, now: datetime) -> None:
    connection.execute(statement("touch_session"), {"id": session_id, "now": now})


def end_session(connection: psycopg.Connection, session_id: UUID, now: datetime) -> None:
    connection.execute(statement("end_session"), {"id": session_id, "now": now})


def end_sessions(connection: psycopg.Connection, account_id: UUID, now: datetime, *, but: UUID | None = None) -> int:
    """Ends an account's sessions, all but one; how many there were."""
    values = {"account_id": account_id, "now": now, "but": but}
    return connection.execute(statement("end_sessions"), values).rowcount


def put_api_key(connection: psycopg.Connection, key: ApiKey, secret_digest: bytes) -> None:
    connection.execute(statement("put_api_key"), {**msgspec.structs.asdict(key), "secret_digest": secret_digest})


def api_keys(connection: psycopg.Connection, prefix: str | None = None) -> list[ApiKey]:
    """Keys, newest first; those of `prefix` alone when one is given."""
    return [ApiKey(*row) for row in connection.execute(statement("api_keys"), {"prefix": prefix})]


def api_key_of_secret(connection: psycopg.Connection, secret_digest: bytes, now: datetime) -> KeyInUse | None:
    values = {"secret_digest": secret_digest, "now": now}
    row = connection.execute(statement("api_key_of_secret"), values).fetchone()
    return None if row is None else KeyInUse(*row)


def touch_api_key(connection: psycopg.Connection, key_id: UUID, now: datetime) -> None:
    connection.execute(statement("touch_api_key"), {"id": key_id, "now": now})


def expire_api_key(connection: psycopg.Connection, key_id: UUID, expires_at: datetime) -> None:
    connection.execute(statement("expire_api_key"), {"id": key_id, "expires_at": expires_at})


def revoke_api_key(connection: psycopg.Connection, key_id: UUID, now: datetime) -> bool:
    """Whether it was good until now."""
    return connection.execute(statement("revoke_api_key"), {"id": key_id, "now": now}).rowcount == 1
