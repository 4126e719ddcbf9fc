"""`waybill hold`: legal holds, under which nothing is deleted. Holds no rules of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Legal holds: what nobody may delete until they are released.")
    group.command(name="add")(add)
    group.command(name="list")(list_holds)
    group.command(name="release")(release)
    app.add_typer(group, name="hold")


def add(
    context: typer.Context,
    reason: Reason,
    from_: Annotated[str, typer.Option("--from", help="From when on fixes are held, such as 2026-11-23T00:00:00Z.")],
    to: Annotated[str | None, typer.Option(help="Until when; else from then on.")] = None,
    vehicle: Annotated[str | None, typer.Option(help="Only this vehicle; else every one of the premises.")] = None,
    premises: Annotated[
        str | None, typer.Option(metavar="CODE", help="Which premises, when there are several.")
    ] = None,
) -> None:
    """Holds the fixes and rejects of a vehicle, or of all of the premises, from-to; with an audit event."""
    from contract.clock import true_now
    from gateway.master.premises import find_premises
    from gateway.master.vehicles import find_vehicle
    from storage.holds import HoldScope, add_hold
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant

    settings = settings_of(context)
    now = settings.parsed_clock().now()
    from_at, to_at = instant(from_, now, "--from"), None if to is None else instant(to, now, "--to")
    if to_at is not None and to_at <= from_at:
        raise CommandError(f"--to {to} is not after --from {from_}")
    with database(settings) as connection:
        place = find_premises(connection, premises)
        held = None if vehicle is None else find_vehicle(connection, vehicle, place.id)
        scope = HoldScope(
            premises_id=place.id, vehicle_id=None if held is None else held.id, from_at=from_at, to_at=to_at
        )
        hold_id = add_hold(connection, scope, reason, terminal_actor(), true_now())
    say(f"hold {hold_id}: {vehicle or 'every vehicle'} of {place.code}")


def list_holds(
    context: typer.Context,
    as_json: Json = False,
    all_: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
) -> None:
    """Every hold that is in force: scope, by whom, since when, why."""
    from storage.holds import holds

    with database(settings_of(context)) as connection:
        known = [hold for hold in holds(connection) if all_ or hold.released_at is None]
    if as_json:
        show_json(known)
        return
    rows = [
        (hold.id, hold.premises, hold.vehicle or "every vehicle", _day(hold.from_at), _day(hold.to_at), hold.reason,
         hold.placed_by, _day(hold.placed_at), _day(hold.released_at))
        for hold in known
    ]  # fmt: skip
    show_table(("hold", "premises", "vehicle", "from", "to", "reason", "by", "placed", "released"), rows)
    if not known:
        note("Nothing is held: waybill hold add --vehicle van-7 --from 2026-11-01T00:00:00Z --reason inspection")


def release(
    context: typer.Context, hold: Annotated[UUID, typer.Argument(metavar="HOLD", help="Its id.")], reason: Reason
) -> None:
    """Ends a hold: from the next run on its records go by their age; with an audit event."""
    from contract.clock import true_now
    from storage.holds import release_hold
    from waybill.commands.actor import terminal_actor

    with database(settings_of(context)) as connection:
        released = release_hold(connection, hold, reason, terminal_actor(), true_now())
    if not released:
        raise CommandError(f"no hold {hold} is in force: waybill hold list --all")
    say(f"hold {hold} is released")


def _day(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%MZ}"
