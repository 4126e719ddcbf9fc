"""The router for administrators: accounts and their roles. Signs nobody in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.api.callers import Caller, PeopleWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.paging import Cursor, Limit, read_cursor, write_cursor
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.sessions import GrantOut, me
from gateway.master.premises import find_premises
from gateway.people import accounts as service
from gateway.people.errors import PeopleConflictError, UnknownPersonError
from gateway.people.passwords import MOST_PASSWORD
from gateway.people.permissions import Permission, Role
from storage.master import Driver
from storage.people import Account, Grant, account_by_name, accounts

router = APIRouter(prefix="/v1/accounts", tags=["people"])


class GrantIn(BaseModel):
    role: Role
    premises: str | None = Field(None, max_length=32, description="the premises' code; left out: all premises")


class DriverOfAccount(BaseModel):
    employee_no: str = Field(max_length=32)
    premises: str = Field(max_length=32, description="the premises' code")


class AccountOut(BaseModel):
    id: UUID
    name: str
    full_name: str | None
    email: str | None
    roles: list[GrantOut]
    has_password: bool = Field(description="false: signs in through OpenID Connect only")
    driver: DriverOfAccount | None = Field(description="whose account it is on the road")
    created_at: datetime
    disabled_at: datetime | None


class AccountPage(BaseModel):
    accounts: list[AccountOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class NewAccount(BaseModel):
    name: str = Field(max_length=64)
    password: str | None = Field(None, max_length=MOST_PASSWORD, description="at least 15 characters")
    roles: list[GrantIn] = Field(max_length=50)
    full_name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=254)


class AccountChange(BaseModel):
    """What is left out stays as it is."""

    roles: list[GrantIn] | None = Field(None, max_length=50)
    full_name: str | None = Field(None, max_length=200)
    email: str | None = Field(None, max_length=254)
    disabled: bool | None = None
    driver: DriverOfAccount | None = Field(None, description="whose account it is on the road; null: no driver's")
    password: str | None = Field(None, max_length=MOST_PASSWORD)


_UNKNOWN = refusals(_401="Nobody is signed in", _403="Not an administrator", _404="There is no such account")


@router.get("", summary="Accounts by name", responses=refusals(_401="Nobody is signed in", _403="Not an administrator"))
def list_accounts(
    caller: PeopleWriter, connection: Database,
    q: Annotated[str | None, Query(max_length=100, description="part of name, full name or e-mail")] = None,
    after: Cursor = None, limit: Limit = 50,
) -> AccountPage:  # fmt: skip
    place = read_cursor(after, str)
    found = accounts(
        connection, text=q, after=None if place is None else place[0], most=limit + 1,
        premises_ids=caller.scope(Permission.PEOPLE_WRITE).listed,
    )  # fmt: skip
    page = found[:limit]
    following = write_cursor(page[-1].name) if len(found) > limit else None
    return AccountPage(accounts=[_out(one) for one in page], next=following)


@router.post(
    "", status_code=201, summary="Opens an account",
    responses=refusals(_401="Nobody is signed in", _403="Not an administrator", _409="The name is taken"),
)  # fmt: skip
def open_account(wanted: NewAccount, caller: PeopleWriter, connection: Database, now: Now) -> AccountOut:
    grants = _grants(connection, caller, wanted.roles)
    new = service.Wanted(name=wanted.name, grants=grants, full_name=wanted.full_name, email=wanted.email)
    service.open_account(connection, new, wanted.password, actor=caller.actor, at=now)
    return _out(_found(connection, caller, wanted.name))


@router.get("/{name}", summary="One account", responses=_UNKNOWN)
def one_account(name: str, caller: PeopleWriter, connection: Database) -> AccountOut:
    return _out(_found(connection, caller, name))


@router.patch("/{name}", summary="Changes roles, names, password; disables or enables", responses=_UNKNOWN)
def change_account(
    name: str, change: AccountChange, caller: PeopleWriter, connection: Database, now: Now
) -> AccountOut:
    account = _found(connection, caller, name)
    _must_own(caller, account.grants, f"change {name}")
    if change.roles is not None:
        grants = _grants(connection, caller, change.roles)
        account = service.change_roles(connection, account, grants, actor=caller.actor, at=now)
    given = change.model_fields_set & {"full_name", "email"}
    if given:
        full_name = change.full_name if "full_name" in given else account.full_name
        email = change.email if "email" in given else account.email
        account = service.change_names(connection, account, full_name, email, actor=caller.actor, at=now)
    if "driver" in change.model_fields_set:
        driver = None if change.driver is None else _driver(connection, caller, change.driver)
        account = service.tie_to_driver(connection, account, driver, actor=caller.actor, at=now)
    if change.password is not None:
        service.change_password(connection, account, change.password, actor=caller.actor, at=now)
    if change.disabled is not None and change.disabled != (account.disabled_at is not None):
        turn = service.disable_account if change.disabled else service.enable_account
        turn(connection, account, actor=caller.actor, at=now)
    return _out(_found(connection, caller, name))


def _driver(connection: psycopg.Connection, caller: Caller, wanted: DriverOfAccount) -> Driver:
    premises = premises_of(connection, caller, Permission.PEOPLE_WRITE, wanted.premises)
    return service.find_driver(connection, premises, wanted.employee_no)


def _grants(connection: psycopg.Connection, caller: Caller, wanted: list[GrantIn]) -> tuple[Grant, ...]:
    grants = tuple(
        Grant(one.role, None if one.premises is None else find_premises(connection, one.premises).id) for one in wanted
    )
    _must_own(caller, grants, "give these roles")
    return grants


def _must_own(caller: Caller, grants: tuple[Grant, ...], what: str) -> None:
    """An administrator of some premises has no power over roles that reach beyond them."""
    scope = caller.scope(Permission.PEOPLE_WRITE)
    if scope.premises_ids is None:
        return
    if any(grant.premises_id is None or grant.premises_id not in scope for grant in grants):
        raise PeopleConflictError(f"{caller.actor.name} administers some premises only and cannot {what}")


def _found(connection: psycopg.Connection, caller: Caller, name: str) -> Account:
    """The account; to an administrator of some premises those without a role there are none."""
    account = account_by_name(connection, name)
    scope = caller.scope(Permission.PEOPLE_WRITE)
    if account is None or not (
        scope.premises_ids is None or any(grant.premises_id in scope.premises_ids for grant in account.grants)
    ):
        raise UnknownPersonError(f"there is no account {name!r}")
    return account


def _out(account: Account) -> AccountOut:
    driver = None
    if account.employee_no is not None and account.driver_premises is not None:
        driver = DriverOfAccount(employee_no=account.employee_no, premises=account.driver_premises)
    return AccountOut(
        id=account.id, name=account.name, full_name=account.full_name, email=account.email, roles=me(account).roles,
        has_password=account.has_password, created_at=account.created_at, disabled_at=account.disabled_at,
        driver=driver,
    )  # fmt: skip
