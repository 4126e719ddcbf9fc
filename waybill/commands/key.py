"""`waybill key`: API keys of order systems. Holds no rules of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from contract.clock import true_now
from waybill.commands.sheets import PremisesCode
from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from datetime import datetime

    from storage.people import ApiKey

Prefix = Annotated[str, typer.Argument(metavar="PREFIX", help="The key's readable beginning, as wb_live_1a2b3c4d.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="API keys: what order systems prove themselves with.")
    for name, command in (("list", list_keys), ("add", add), ("rotate", rotate), ("revoke", revoke)):
        group.command(name=name)(command)
    app.add_typer(group, name="key")


def list_keys(context: typer.Context, as_json: Json = False) -> None:
    """Every key without its secret, newest first."""
    from storage.people import api_keys

    with database(settings_of(context)) as connection:
        known = api_keys(connection)
    if as_json:
        show_json(known)
        return
    now = true_now()
    rows = [
        (one.prefix, one.name, one.premises or "all", " ".join(one.scopes), _state(one, now),
         "never" if one.used_at is None else f"{one.used_at:%Y-%m-%d %H:%M} UTC")
        for one in known
    ]  # fmt: skip
    show_table(("key", "order system", "premises", "scopes", "state", "last used"), rows)
    if not known:
        note("There are none yet: waybill key add pos --scope orders:write --scope orders:read.")


def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The order system's name: the source of its orders.")],
    scope: Annotated[list[str], typer.Option("--scope", help="Such as orders:write; repeatable.")],
    premises: PremisesCode = None,
    test: Annotated[bool, typer.Option("--test", help="Its orders reach no customer, driver or report.")] = False,
) -> None:
    """Makes a key and shows it once."""
    from gateway.master.premises import find_premises
    from gateway.people.keys import make_key
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        premises_id = None if premises is None else find_premises(connection, premises).id
        made = make_key(
            connection, name, scope, premises_id=premises_id, test=test, actor=terminal_actor(),
            at=settings.parsed_clock().now(),
        )  # fmt: skip
    say(made.secret)
    note("Shown this once, and kept nowhere. Requests carry it as: Authorization: Bearer …")


def rotate(
    context: typer.Context,
    prefix: Prefix,
    overlap_hours: Annotated[float, typer.Option(min=0, max=720, help="How long the old key stays good.")] = 24,
) -> None:
    """Makes a key in place of an old one, which ends after a while."""
    from gateway.people.keys import find_key, rotate_key
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        key = find_key(connection, prefix)
        made = rotate_key(
            connection, key, overlap=timedelta(hours=overlap_hours), actor=terminal_actor(),
            at=settings.parsed_clock().now(),
        )  # fmt: skip
    say(made.secret)
    note(f"Shown this once. {key.prefix} ends in {overlap_hours:g} hours.")


def revoke(context: typer.Context, prefix: Prefix) -> None:
    """Ends a key at once."""
    from gateway.people.keys import find_key, revoke_key
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        key = find_key(connection, prefix)
        revoke_key(connection, key, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"key {key.prefix} of {key.name} revoked")


def _state(key: ApiKey, now: datetime) -> str:
    kind = "test, " if key.test else ""
    if key.revoked_at is not None:
        return f"{kind}revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is not None:
        return kind + ("ended" if key.expires_at <= now else f"good until {key.expires_at:%Y-%m-%d %H:%M} UTC")
    return f"{kind}good"
