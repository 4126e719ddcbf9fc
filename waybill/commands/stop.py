"""`waybill stop` and `waybill exceptions`: what people say about what was found. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
PremisesCode = Annotated[
    str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
]


def register(app: typer.Typer) -> None:
    stops = typer.Typer(no_args_is_help=True, help="Stops: give a reason for one.")
    stops.command(name="reason")(reason)
    app.add_typer(stops, name="stop")
    exceptions = typer.Typer(no_args_is_help=True, help="Exceptions: what has to be explained.")
    exceptions.command(name="list")(list_exceptions)
    exceptions.command(name="explain")(explain)
    app.add_typer(exceptions, name="exceptions")


def reason(
    context: typer.Context,
    stop: Annotated[str, typer.Argument(metavar="STOP", help="TRIP/N as in `waybill trip show`, or its id.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as FUEL, REST, ROAD_UNSAFE or OTHER.")],
    words: Annotated[str | None, typer.Option("--note", help="What it was; needed for OTHER.")] = None,
    premises: PremisesCode = None,
) -> None:
    """Says why the vehicle stood there; what was found and what was said before stays on record."""
    from gateway.derive.reasons import find_stop, give_reason
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        found = find_stop(connection, stop, whose)
        given = give_reason(connection, found, code, words, actor=terminal_actor(), at=at)
    allowed = "permitted" if given.permitted else "not permitted: it stands among the exceptions"
    say(f"stop on {found.trip_no} since {found.began_at.isoformat(timespec='seconds')}: {given.before} is now "
        f"{given.code}, {allowed}")  # fmt: skip


def list_exceptions(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    premises: PremisesCode = None,
    as_json: Json = False,
) -> None:
    """What has to be explained, the newest first."""
    from gateway.master.premises import find_premises
    from storage.exceptions import exceptions_found

    settings = settings_of(context)
    with database(settings) as connection:
        whose = None if premises is None else [find_premises(connection, premises).id]
        found = exceptions_found(connection, whose, everything=everything)
    if as_json:
        show_json(found)
        return
    rows = [
        (str(one.id), one.kind, one.trip_no, one.vehicle_name, one.from_at.isoformat(timespec="seconds"), one.rule,
         "withdrawn" if one.withdrawn else one.explanation or "")
        for one in found
    ]  # fmt: skip
    show_table(("exception", "kind", "trip", "vehicle", "since", "rule", "explanation"), rows)
    if not found:
        note("There are none." if everything else "None is open; --all shows the closed ones.")


def explain(
    context: typer.Context,
    exception: Annotated[str, typer.Argument(metavar="EXCEPTION", help="Its id, or the beginning of it.")],
    words: Annotated[str, typer.Argument(metavar="EXPLANATION", help="What happened, in words.")],
) -> None:
    """Says why it happened; that closes the exception."""
    from gateway.derive.reasons import explain as close
    from gateway.derive.reasons import find_exception
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        found = find_exception(connection, exception)
        close(connection, found, words, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"{found.kind} on {found.trip_no}: explained")
