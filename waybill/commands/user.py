"""`waybill user`: accounts of people, their roles and passwords. Holds no rules of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from waybill.commands.passwords import PasswordFile, password_from
from waybill.commands.sheets import PremisesCode
from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    import psycopg

    from storage.people import Account, Grant

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role", metavar="ROLE[@PREMISES]", help="Such as dispatcher@helsinki, or viewer for all premises; repeatable."
    ),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Accounts of people: who may sign in, and as what.")
    for name, command in (
        ("list", list_users), ("add", add), ("roles", roles), ("password", password), ("disable", disable),
        ("enable", enable), ("driver", driver),
    ):  # fmt: skip
        group.command(name=name)(command)
    app.add_typer(group, name="user")


def list_users(
    context: typer.Context,
    search: Annotated[str | None, typer.Argument(help="Part of name, full name or e-mail.")] = None,
    as_json: Json = False,
) -> None:
    """Every account with its roles."""
    from storage.people import accounts

    with database(settings_of(context)) as connection:
        known = accounts(connection, text=search)
    if as_json:
        show_json(known)
        return
    rows = [
        (one.name, one.full_name, ", ".join(_told(grant) for grant in one.grants) or "none",
         "active" if one.disabled_at is None else f"disabled {one.disabled_at:%Y-%m-%d}")
        for one in known
    ]  # fmt: skip
    show_table(("account", "person", "roles", "state"), rows)
    if not known:
        note("There is none yet." if search is None else f"No account holds {search!r}.")


def add(
    context: typer.Context,
    name: Name,
    role: Roles,
    full_name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    email: Annotated[str | None, typer.Option(help="Address for mail.")] = None,
    password_file: PasswordFile = None,
    without_password: Annotated[
        bool, typer.Option("--without-password", help="Signs in through OpenID Connect only.")
    ] = False,
) -> None:
    """Opens an account; asks for its password."""
    from gateway.people.accounts import Wanted, open_account
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        wanted = Wanted(name=name, grants=_grants(connection, role), full_name=full_name, email=email)
        secret = None if without_password else password_from(password_file, name)
        open_account(connection, wanted, secret, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"account {name}: {', '.join(role)}")


def roles(context: typer.Context, name: Name, role: Roles) -> None:
    """These roles instead of all that the account has."""
    from gateway.people.accounts import change_roles, find_account
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        account = find_account(connection, name)
        grants = _grants(connection, role)
        change_roles(connection, account, grants, actor=terminal_actor(), at=settings.parsed_clock().now())
    before = ", ".join(_told(grant) for grant in account.grants) or "none"
    say(f"account {name}: {', '.join(role)} (before: {before})")


def driver(
    context: typer.Context,
    name: Name,
    employee_no: Annotated[
        str | None, typer.Argument(help="The driver's number; left out: no driver's any more.")
    ] = None,
    premises: PremisesCode = None,
) -> None:
    """Says whose account it is on the road: what is said with it of a trip is that driver's word."""
    from gateway.master.premises import find_premises
    from gateway.people.accounts import find_account, find_driver, tie_to_driver
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        account = find_account(connection, name)
        found = (
            None if employee_no is None else find_driver(connection, find_premises(connection, premises), employee_no)
        )
        tie_to_driver(connection, account, found, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"account {name}: {'no driver' if found is None else f'driver {found.name} ({found.employee_no})'}")


def password(context: typer.Context, name: Name, password_file: PasswordFile = None) -> None:
    """A new password; every session of the account ends."""
    from gateway.people.accounts import change_password, find_account
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        account = find_account(connection, name)
        secret = password_from(password_file, name)
        ended = change_password(connection, account, secret, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"account {name}: new password; {ended} sessions ended")


def disable(context: typer.Context, name: Name) -> None:
    """No sign-in any more; every session ends at once. What the person did stays on record."""
    _turn(context, name, on=False)


def enable(context: typer.Context, name: Name) -> None:
    """Lets a disabled account sign in again."""
    _turn(context, name, on=True)


def _turn(context: typer.Context, name: str, *, on: bool) -> None:
    from gateway.people.accounts import disable_account, enable_account, find_account
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        change = enable_account if on else disable_account
        account: Account = find_account(connection, name)
        change(connection, account, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"account {name} {'enabled' if on else 'disabled'}")


def _grants(connection: psycopg.Connection, wanted: list[str]) -> tuple[Grant, ...]:
    from gateway.master.premises import find_premises
    from storage.people import Grant

    grants = []
    for text in wanted:
        role, at, code = text.partition("@")
        grants.append(Grant(role, find_premises(connection, code).id if at else None))
    return tuple(grants)


def _told(grant: Grant) -> str:
    return grant.role if grant.premises is None else f"{grant.role}@{grant.premises}"
