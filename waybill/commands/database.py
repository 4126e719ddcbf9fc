"""`waybill db`: brings the database to this version's schema and says how far it is. Holds no SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.connections import database, needed
from waybill.invocation import settings_of
from waybill.terminal import say, show_json

_ROLE_URLS = ("database_url", "database_reader_url", "database_retention_url")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="The database's schema: migrate it, see how far it is.")
    group.command(name="migrate")(migrate)
    group.command(name="status")(status)
    app.add_typer(group, name="db")


def migrate(context: typer.Context) -> None:
    """Brings the database to this version's schema and gives the roles the passwords that stand in the settings."""
    from storage.migrate import migrate as apply_migrations
    from storage.migrate import set_passwords

    settings = settings_of(context)
    owner_url = needed(settings, "database_owner_url")
    with database(settings, "database_owner_url"):
        pass  # a clear error when it cannot be reached
    applied = apply_migrations(owner_url)
    role_urls = [url for name in _ROLE_URLS if (url := getattr(settings, name)) is not None]
    set_passwords(owner_url, role_urls)
    for name in applied:
        say(f"applied {name}")
    say(f"The schema is up to date; {len(role_urls)} roles may log in.")


def status(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Which migrations are applied and which are pending; exit code 1 when some are."""
    from storage.migrate import applied, pending

    with database(settings_of(context), "database_owner_url") as connection:
        done, missing = list(applied(connection)), [migration.name for migration in pending(connection)]
    if as_json:
        show_json({"applied": done, "pending": missing})
    else:
        for name in done:
            say(f"applied  {name}")
        for name in missing:
            say(f"pending  {name}")
        say("Run waybill db migrate." if missing else "The schema is up to date.")
    if missing:
        raise typer.Exit(1)
