"""`waybill init`: makes a real, empty installation: the first premises and the administrator. Starts nothing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from waybill.commands.passwords import PasswordFile, password_from
from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say


def register(app: typer.Typer) -> None:
    app.command(name="init")(init)


def init(
    context: typer.Context,
    name: Annotated[str | None, typer.Option("--premises", help="Name of the premises, for people.")] = None,
    code: Annotated[str | None, typer.Option(help="Short name for commands, such as helsinki.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="IANA time zone, such as Europe/Helsinki.")] = None,
    hours: Annotated[str | None, typer.Option(help="When goods may be handed over: 'mon-sat 09:00-21:00'.")] = None,
    address: Annotated[str | None, typer.Option(help="Postal address.")] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="Latitude in degrees.")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="Longitude in degrees.")] = None,
    administrator: Annotated[str | None, typer.Option("--admin", help="The administrator's account name.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Makes a real, empty installation: premises and administrator. Asks for what no option says; repeatable."""
    from gateway.master.hours import parse_hours
    from gateway.master.premises import NewPremises, check_zone, open_premises
    from gateway.people.accounts import Wanted, open_account
    from gateway.people.permissions import Role
    from storage.master import all_premises
    from storage.people import Grant, account_by_name
    from waybill.commands.actor import INIT
    from waybill.commands.places import position_e7

    settings = settings_of(context)
    with database(settings) as connection:
        all_premises(connection)  # before the questions: it fails when the database is not migrated
        name = name or _ask("Name of the premises", "--premises")
        code = code or _ask("Short name for commands", "--code", _code_of(name))
        tz = tz or _ask("Time zone (IANA)", "--tz")
        check_zone(tz)
        hours = hours or _ask("Hours", "--hours", "mon-sun 09:00-21:00")
        lat_e7, lon_e7 = position_e7(lat, lon)
        wanted = NewPremises(
            code=code, name=name, tz=tz, hours=parse_hours(hours), address=address, lat_e7=lat_e7, lon_e7=lon_e7
        )
        administrator = administrator or _ask("Administrator's account name", "--admin", "admin")
        known = account_by_name(connection, administrator)
        password = "" if known is not None else password_from(password_file, administrator)
        at = settings.parsed_clock().now()
        premises = open_premises(connection, wanted, actor=INIT, at=at)
        if known is None:
            person = Wanted(name=administrator, grants=(Grant(Role.ADMINISTRATOR, None),))
            open_account(connection, person, password, actor=INIT, at=at)
    say(f"premises {premises.code}: {premises.name}, {premises.tz}")
    say(f"administrator {administrator}" + ("" if known is None else ": known already, left unchanged"))
    if premises.lat_e7 is None:
        note("Where the premises are is not known: no departure and return is detected until waybill premises place.")
    note("Next: waybill vehicle add van-1, then waybill device add gps-01 --fit van-1.")


def _ask(question: str, option: str, default: str | None = None) -> str:
    if not sys.stdin.isatty():
        if default is not None:
            return default
        raise CommandError(f"{option} is needed, and there is no terminal to ask at")
    answer: str = typer.prompt(question, default=default)
    return answer.strip()


def _code_of(name: str) -> str:
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(letters.replace("-", " ").split())[:32]
