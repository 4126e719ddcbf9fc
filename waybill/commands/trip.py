"""`waybill trip` and `waybill derive`: a trip as it really was, and deriving it again. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.connections import database, reader
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
PremisesCode = Annotated[
    str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
]
TripName = Annotated[str, typer.Argument(metavar="TRIP", help="Number, such as T-0007, or id.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Trips: what a vehicle really did.")
    group.command(name="show")(show)
    group.command(name="declare")(declare)
    app.add_typer(group, name="trip")
    app.command()(derive)


def show(context: typer.Context, trip: TripName, premises: PremisesCode = None, as_json: Json = False) -> None:
    """Times, stops with reasons, doors, gaps, coverage, deviations, facts, and which versions there were."""
    from waybill.trips.find import find_story
    from waybill.trips.show import show as show_story

    with reader(settings_of(context)) as connection:
        story = find_story(connection, trip, premises)
    if as_json:
        show_json(story)
    else:
        show_story(story)


def declare(
    context: typer.Context,
    trip: TripName,
    departed: Annotated[str | None, typer.Option(metavar="TIME", help="When it left.", show_default=False)] = None,
    ended: Annotated[str | None, typer.Option(metavar="TIME", help="When it was back.", show_default=False)] = None,
    premises: PremisesCode = None,
) -> None:
    """Says when the trip left or ended; what was detected stays beside it, with the difference."""
    from gateway.derive.declaring import declare_times
    from gateway.derive.reasons import find_trip
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    departed_at = None if departed is None else instant(departed, at, "--departed")
    ended_at = None if ended is None else instant(ended, at, "--ended")
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        found = find_trip(connection, trip, whose)
        declare_times(connection, found, departed_at, ended_at, actor=terminal_actor(), at=at)
    say(f"{found.trip_no}: declared; waybill trip show {found.trip_no} tells the difference to what was detected")


def derive(
    context: typer.Context,
    trip: Annotated[str, typer.Option(metavar="TRIP", help="Number, such as T-0007, or id.")],
    policy: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A threshold to try with --diff; repeat it.")
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Only show what would be different; nothing is kept.")] = False,
    premises: PremisesCode = None,
) -> None:
    """Derives a trip again from its stored fixes: what is different becomes a new version, the old one stays."""
    from contract.reasons import DerivationCause
    from gateway.derive.comparing import differences
    from gateway.derive.deriving import derive_and_keep, derive_once
    from gateway.derive.gone import FixesGoneError
    from gateway.derive.ground import Grounds
    from gateway.derive.reasons import find_trip
    from gateway.master.premises import find_premises
    from gateway.tracking.policy import overridden
    from storage.derivation_queue import lock_trip
    from waybill.commands.actor import terminal_actor
    from waybill.commands.policy import pairs
    from waybill.thresholds import base_policy

    if policy and not diff:
        raise CommandError("--policy is for trying: add --diff, or choose with waybill policy set")
    settings = settings_of(context)
    base, now, wanted = base_policy(settings), settings.parsed_clock().now(), pairs(policy or [])
    try:
        overridden(base, wanted)
    except ValueError as error:
        raise CommandError(f"--policy: {error}") from error
    with database(settings) as connection:
        whose = None if premises is None else find_premises(connection, premises).id
        found = find_trip(connection, trip, whose)
        if diff:
            try:
                before, after = derive_once(connection, found.id, base, now, wanted)
            except FixesGoneError as error:
                raise CommandError(f"{found.trip_no}: {error}") from error
            lines = list(differences(before, after))
            for line in lines:
                say(line)
            if not lines:
                note("nothing would be different")
            return
        lock_trip(connection, found.id)
        outcome = derive_and_keep(connection, found.id, DerivationCause.ASKED, Grounds(base), terminal_actor(), now)
    if outcome.refused is not None:
        raise CommandError(f"{found.trip_no}: {outcome.refused}; version {outcome.version} stays")
    if outcome.version is None:
        raise CommandError(f"{found.trip_no}: nothing is found in {outcome.fixes} fixes of its time")
    final = "final" if outcome.final else "not final: numbers are missing, or the trip is not over"
    what = f"version {outcome.version}" if outcome.changed else f"version {outcome.version} stays, nothing is different"
    say(f"{found.trip_no}: {what}; {final}, from {outcome.fixes} fixes")
