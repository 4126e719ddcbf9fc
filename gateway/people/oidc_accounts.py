"""Which account somebody has who signed in through OpenID Connect. Makes none, and asks no provider."""

from __future__ import annotations

from datetime import datetime

import psycopg

from gateway.people.oidc import Identity
from storage import people
from storage.audit import Actor, AuditEvent, record
from storage.people import Account


def account_of(connection: psycopg.Connection, identity: Identity, *, address: str, at: datetime) -> Account | None:
    """The account that is linked to this identity; the first time the one with the verified e-mail, linked from now on.

    None: nobody's, or a disabled account's. That is put on record.
    """
    linked = people.account_by_subject(connection, identity.subject)
    if linked is not None:
        if linked.disabled_at is None:
            return linked
        _record(connection, "session.refused", linked.name, at, {"address": address, "subject": identity.subject})
        return None
    account = None if identity.email is None else _first_time(connection, identity.email)
    if account is None:
        _record(connection, "session.refused", (identity.email or "(no verified e-mail)")[:64], at,
                {"address": address, "subject": identity.subject})  # fmt: skip
        return None
    people.link_subject(connection, account.id, identity.subject)
    _record(connection, "account.oidc_linked", account.name, at,
            {"subject": identity.subject, "email": identity.email})  # fmt: skip
    return account


def _first_time(connection: psycopg.Connection, email: str) -> Account | None:
    """The only account in use that has this address and is linked to nobody yet."""
    found = people.accounts_to_link(connection, email)
    return found[0] if len(found) == 1 else None


def _record(
    connection: psycopg.Connection, action: str, name: str, at: datetime, after: dict[str, object]
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=Actor("account", name), action=action, object_kind="account", object_id=name, after=after
    )
    record(connection, [event])
