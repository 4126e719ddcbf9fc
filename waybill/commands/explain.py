"""`waybill explain`: why something was found, from the fixes that decided it. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.connections import reader
from waybill.invocation import CommandError, settings_of
from waybill.terminal import say

_KINDS = ("stop", "arrival", "departure", "zone", "gap", "deviation", "handoff")


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=", ".join(_KINDS) + ".")],
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="TRIP/N as in `waybill trip show`, or an id; TRIP for departure; ORDER/N for handoff."
        ),
    ],
    premises: Annotated[
        str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
    ] = None,
) -> None:
    """Tells why it was found, in words and numbers, under the thresholds that held then."""
    from storage.trip_story import thresholds
    from waybill.trips import explain as words
    from waybill.trips.find import find_finding, find_story

    if kind not in _KINDS:
        raise CommandError(f"{kind!r} cannot be explained; {', '.join(_KINDS)} can")
    with reader(settings_of(context)) as connection:
        if kind == "handoff":
            from waybill.trips.witness import explanation

            for line in explanation(connection, name, premises):
                say(line)
            return
        if kind == "departure":
            story = find_story(connection, name, premises)
            version = "" if story.counts is None else story.counts.policy_version
            held = thresholds(connection, story.trip.premises_id, version)
            lines = words.departure(story, held)
        else:
            story, finding, number = find_finding(connection, kind, name, premises)
            version = finding.policy_version
            held = thresholds(connection, story.trip.premises_id, version)
            lines = [f"{kind.capitalize()} {number} of {story.trip.trip_no}.", *words.finding(story, finding, held)]
    if story.counts is not None:
        lines.append(words.version_line(story, version))
    for line in lines:
        say(line)
