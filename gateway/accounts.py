"""Accounts of people and how their passwords are kept. Opens no session and asks nobody."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg
from argon2 import PasswordHasher

from gateway.master.errors import MasterDataError
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Account, account_by_name, put_account

ADMINISTRATOR = "administrator"
# NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where a password is the only factor.
LEAST_PASSWORD = 15
# OWASP's second recommendation for Argon2id; the library's own default takes 64 MiB for each log-in.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """An Argon2id hash in PHC form; refuses a password that is too short to be the only factor."""
    if len(password) < LEAST_PASSWORD:
        raise MasterDataError(f"the password has {len(password)} characters; at least {LEAST_PASSWORD} are needed")
    return _HASHER.hash(password)


def open_account(
    connection: psycopg.Connection,
    *,
    name: str,
    password: str,
    role: str,
    premises_id: UUID | None,
    actor: Actor,
    at: datetime,
) -> Account:
    """Makes the account with its audit event; one that exists is given back unchanged, its password too."""
    existing = account_by_name(connection, name)
    if existing is not None:
        return existing
    account = Account(new_id(at), premises_id, name, role, at, None)
    put_account(connection, account, hash_password(password))
    after = {"name": name, "role": role}
    event = AuditEvent(
        at=at, actor=actor, action="account.opened", object_kind="account", object_id=str(account.id),
        premises_id=premises_id, after=after,
    )  # fmt: skip
    record(connection, [event])
    return account
