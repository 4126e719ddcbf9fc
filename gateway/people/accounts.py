"""Opens and changes accounts of people, each with its audit event. Opens no session and deletes nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.clock import true_now
from gateway.people.errors import PeopleConflictError, PeopleError, UnknownPersonError
from gateway.people.passwords import hash_password
from gateway.people.permissions import Role
from storage import people
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Driver, Premises, drivers
from storage.people import Account, Grant, account_by_name

# Read out on the phone, typed on a phone, part of URLs; an e-mail address is a good name too.
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is to be."""

    name: str
    grants: tuple[Grant, ...]
    full_name: str | None = None
    email: str | None = None


def open_account(
    connection: psycopg.Connection, wanted: Wanted, password: str | None, *, actor: Actor, at: datetime
) -> Account:
    """A new account. Without a password it signs in through OpenID Connect only."""
    if not NAME.fullmatch(wanted.name):
        raise PeopleError(
            f"account name {wanted.name!r} must be 1 to 64 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit"
        )
    people.lock_accounts(connection)
    if account_by_name(connection, wanted.name) is not None:
        raise PeopleConflictError(f"an account {wanted.name} exists already", field="name")
    hashed = None if password is None else hash_password(password)
    account = Account(
        new_id(at), wanted.name, wanted.full_name, wanted.email, at, None, hashed is not None, _checked(wanted.grants)
    )
    people.put_account(connection, account, hashed)
    _record(connection, "account.opened", account, actor, at, after=_told(account))
    return account


def find_account(connection: psycopg.Connection, name: str) -> Account:
    """The account of this name; the error lists what there is."""
    account = account_by_name(connection, name)
    if account is None:
        known = [one.name for one in people.accounts(connection, most=41)]
        names = ", ".join(known[:40]) or "none; make one with waybill user add"
        raise UnknownPersonError(f"there is no account {name!r}; known: {names}" + (" …" if len(known) > 40 else ""))
    return account


def change_roles(
    connection: psycopg.Connection, account: Account, grants: Iterable[Grant], *, actor: Actor, at: datetime
) -> Account:
    """These roles instead of the old ones, at once for open sessions too."""
    changed = msgspec.structs.replace(account, grants=_checked(grants))
    people.lock_accounts(connection)
    if changed.disabled_at is None:
        _keep_an_administrator(connection, account, still=_administers_all(changed))
    people.set_roles(connection, account.id, changed.grants)
    _record(connection, "account.roles_changed", account, actor, at, before=_told(account), after=_told(changed))
    return changed


def change_names(
    connection: psycopg.Connection, account: Account, full_name: str | None, email: str | None, *, actor: Actor,
    at: datetime,
) -> Account:  # fmt: skip
    """The person's name and address for mail."""
    changed = msgspec.structs.replace(account, full_name=full_name, email=email)
    people.set_names(connection, account.id, full_name, email)
    _record(connection, "account.changed", account, actor, at, before=_told(account), after=_told(changed))
    return changed


def disable_account(connection: psycopg.Connection, account: Account, *, actor: Actor, at: datetime) -> Account:
    """No sign-in any more, and every session ends now. What the person did stays on record."""
    if account.disabled_at is not None:
        raise PeopleConflictError(f"account {account.name} is disabled already")
    people.lock_accounts(connection)
    _keep_an_administrator(connection, account, still=False)
    people.set_disabled(connection, account.id, at)
    ended = people.end_sessions(connection, account.id, true_now())
    _record(connection, "account.disabled", account, actor, at, after={"name": account.name, "sessions_ended": ended})
    return msgspec.structs.replace(account, disabled_at=at)


def enable_account(connection: psycopg.Connection, account: Account, *, actor: Actor, at: datetime) -> Account:
    if account.disabled_at is None:
        raise PeopleConflictError(f"account {account.name} is not disabled")
    people.set_disabled(connection, account.id, None)
    _record(connection, "account.enabled", account, actor, at, after={"name": account.name})
    return msgspec.structs.replace(account, disabled_at=None)


def change_password(
    connection: psycopg.Connection, account: Account, password: str, *, actor: Actor, at: datetime
) -> int:
    """A new password; every session of the account ends. How many there were."""
    people.set_password(connection, account.id, hash_password(password))
    ended = people.end_sessions(connection, account.id, true_now())
    after = {"name": account.name, "sessions_ended": ended}
    _record(connection, "account.password_changed", account, actor, at, after=after)
    return ended


def tie_to_driver(
    connection: psycopg.Connection, account: Account, driver: Driver | None, *, actor: Actor, at: datetime
) -> Account:
    """Whose account it is on the road: what is said with it of a trip is that driver's word. None: no driver's."""
    if driver is not None and all(grant.role != Role.DRIVER for grant in account.grants):
        raise PeopleConflictError(f"account {account.name} has no role driver: give it one first", field="body.driver")
    changed = msgspec.structs.replace(
        account, driver_id=None if driver is None else driver.id,
        employee_no=None if driver is None else driver.employee_no,
        driver_premises=None if driver is None else driver.premises_code,
    )  # fmt: skip
    people.set_driver(connection, account.id, changed.driver_id)
    _record(connection, "account.driver_changed", account, actor, at, before=_told(account), after=_told(changed))
    return changed


def find_driver(connection: psycopg.Connection, premises: Premises, employee_no: str) -> Driver:
    """The driver of this number at the premises."""
    for driver in drivers(connection, premises.id):
        if driver.employee_no == employee_no:
            return driver
    raise UnknownPersonError(f"{premises.code} has no driver {employee_no!r}: waybill driver list", field="body.driver")


def driver_of(connection: psycopg.Connection, account: Account, now: datetime) -> UUID | None:
    """The driver that the account's person is now; None for whoever drives no more."""
    drives = any(grant.role == Role.DRIVER for grant in account.grants)
    if account.driver_id is None or not drives or not people.is_employed_driver(connection, account.driver_id, now):
        return None
    return account.driver_id


def _checked(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    given = tuple(dict.fromkeys(grants))
    for grant in given:
        if grant.role not in set(Role):
            raise PeopleError(f"there is no role {grant.role!r}; there are: {', '.join(Role)}")
    return given


def _administers_all(account: Account) -> bool:
    return any(grant.role == Role.ADMINISTRATOR and grant.premises_id is None for grant in account.grants)


def _keep_an_administrator(connection: psycopg.Connection, account: Account, *, still: bool) -> None:
    if _administers_all(account) and not still and people.other_administrators(connection, account.id) == 0:
        raise PeopleConflictError(
            f"{account.name} is the only account that administers all premises: make another one administrator first"
        )


def _told(account: Account) -> dict[str, object]:
    roles = [{"role": one.role, "premises_id": one.premises_id} for one in account.grants]
    told: dict[str, object] = {
        "name": account.name, "full_name": account.full_name, "email": account.email, "roles": roles,
    }  # fmt: skip
    return told if account.driver_id is None else {**told, "employee_no": account.employee_no}


def _record(
    connection: psycopg.Connection, action: str, account: Account, actor: Actor, at: datetime, *,
    after: Mapping[str, object], before: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind="account", object_id=str(account.id), before=before, after=after
    )
    record(connection, [event])
