"""`waybill driver link` and `revoke`: what lets a driver's phone in for one shift. Holds no rules of its own."""

from __future__ import annotations

import io
import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from waybill.connections import database
from waybill.instants import FORMS, instant
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say

if TYPE_CHECKING:
    import psycopg

    from storage.master import Driver

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name, employee number or id of the driver.")]
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def register(group: typer.Typer) -> None:
    group.command(name="link")(link)
    group.command(name="revoke")(revoke)


def link(
    context: typer.Context,
    name: Name,
    until: Annotated[
        str | None, typer.Option(help="The shift's end by the premises' clock, as 22:00; left out: in 12 hours.")
    ] = None,
) -> None:
    """Prints the address and QR code that let one phone of the driver in until the shift ends; the ones before end."""
    import segno

    from gateway.api.shift_links import shift_path
    from gateway.driver.shifts import issue_link
    from gateway.master.premises import premises_by_id
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    now = settings.parsed_clock().now()
    with database(settings) as connection:
        driver = _driver(connection, name)
        tz = ZoneInfo(premises_by_id(connection, driver.premises_id).tz)
        ends_at = None if until is None else _end(until, now, tz)
        issued = issue_link(connection, driver, ends_at, terminal_actor(), now)
    base = settings.public_url or f"http://{settings.api_host}:{settings.api_port}"
    address = base.rstrip("/") + shift_path(issued.token)
    picture = io.StringIO()
    segno.make_qr(address, error="l").terminal(picture, compact=True)
    say(picture.getvalue().rstrip("\n"))
    say(address)
    ended = "; the link before it has ended" if issued.replaced else ""
    local = f"{issued.ends_at.astimezone(tz):%H:%M on %A}"
    note(f"For {driver.name} ({driver.employee_no}), on the first phone that opens it, until {local}{ended}.")
    note("It is shown this once.")
    if settings.public_url is None:
        note("public_url is not set: this link works on this machine only")


def revoke(
    context: typer.Context,
    name: Name,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
) -> None:
    """Ends the driver's link at once: no phone of theirs gets in any more."""
    from gateway.driver.shifts import end_links
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        driver = _driver(connection, name)
        ended = end_links(connection, driver, terminal_actor(), settings.parsed_clock().now(), reason)
    says = "the link has ended" if ended else "there was no link that was good still"
    say(f"driver {driver.name} ({driver.employee_no}): {says}")


def _driver(connection: psycopg.Connection, name: str) -> Driver:
    """Whoever is called so; an employee number or id before a name."""
    from storage.master import Selection, select_drivers

    found = select_drivers(connection, Selection(key=name)) or [
        one for one in select_drivers(connection, Selection(text=name)) if one.name.lower() == name.lower()
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(f"there is no driver {name!r}; waybill driver list shows who there is")
    ids = ", ".join(f"{one.id} ({one.premises_code} {one.employee_no})" for one in found)
    raise CommandError(f"several drivers are called {name!r}: name one by the id: {ids}")


def _end(text: str, now: datetime, tz: ZoneInfo) -> datetime:
    """The next time that the premises' clock shows it, or the instant."""
    if not (found := _TIME_OF_DAY.fullmatch(text.strip())):
        try:
            return instant(text, now, "--until")
        except CommandError as error:
            raise CommandError(f"--until: {text!r} is no time. Allowed: 22:00, or {FORMS}") from error
    day, wanted = now.astimezone(tz).date(), time(int(found[1]), int(found[2]))
    today = datetime.combine(day, wanted, tz)
    return today if today > now else datetime.combine(day + timedelta(days=1), wanted, tz)
