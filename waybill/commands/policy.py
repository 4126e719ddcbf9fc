"""`waybill policy`: the thresholds that records are made under. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
PremisesCode = Annotated[
    str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Policy: the thresholds that stops, gaps and visits are found by.")
    for name, command in (("list", list_policies), ("show", show), ("set", set_policy)):
        group.command(name=name)(command)
    app.add_typer(group, name="policy")


def show(
    context: typer.Context,
    at_time: Annotated[str, typer.Option("--at", metavar="TIME", help="What held then.")] = "now",
    premises: PremisesCode = None,
    as_json: Json = False,
) -> None:
    """Every threshold with its unit, its value here, its default and why it is so."""
    from gateway.master.policy import policy_of
    from gateway.master.premises import find_premises
    from gateway.tracking.policy import thresholds
    from waybill.instants import instant
    from waybill.thresholds import base_policy

    settings = settings_of(context)
    at = instant(at_time, settings.parsed_clock().now(), "--at")
    with database(settings) as connection:
        where = find_premises(connection, premises)
        policy, chosen = policy_of(connection, where, base_policy(settings), at)
    if as_json:
        show_json({"premises": where.code, "version": policy.version, "thresholds": policy, "chosen": chosen})
        return
    rows = [
        (one.name, _shown(getattr(policy, one.name)), one.unit, _shown(one.default),
         "chosen here" if one.name in chosen else "", one.why)
        for one in thresholds()
    ]  # fmt: skip
    show_table(("threshold", "value", "unit", "default", "", "why"), rows)
    note(f"version {policy.version} at {where.code}, {at.isoformat(timespec='seconds')}")


def list_policies(context: typer.Context, premises: PremisesCode = None, as_json: Json = False) -> None:
    """What the premises chose, since when, by whom and why."""
    from gateway.master.premises import find_premises
    from gateway.tracking.policy import overridden
    from storage.policy import policies
    from waybill.thresholds import base_policy

    settings = settings_of(context)
    with database(settings) as connection:
        where = find_premises(connection, premises)
        rows = policies(connection, where.id)
    if as_json:
        show_json(rows)
        return
    base = base_policy(settings)
    table = [
        (row.from_at, overridden(base, row.overrides).version, _words(row.overrides), row.author, row.reason)
        for row in rows
    ]
    show_table(("from", "version", "chosen", "by", "reason"), table)
    if not rows:
        note(f"{where.code} keeps the defaults, version {base.version}: waybill policy show")


def set_policy(
    context: typer.Context,
    changes: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="Thresholds; NAME=default undoes one.")],
    reason: Annotated[str, typer.Option(help="Why: it stands in the record.")],
    from_time: Annotated[str, typer.Option("--from", metavar="TIME", help="By the time of the fix.")] = "now",
    premises: PremisesCode = None,
) -> None:
    """Chooses thresholds for a premises; trips that departed since --from are derived again."""
    from gateway.master.policy import choose_policy
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor
    from waybill.instants import instant
    from waybill.thresholds import base_policy

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    from_at = instant(from_time, at, "--from")
    wanted = pairs(changes)
    with database(settings) as connection:
        where = find_premises(connection, premises)
        choice = choose_policy(
            connection, where, wanted, base_policy(settings), reason=reason, from_at=from_at,
            actor=terminal_actor(), at=at,
        )  # fmt: skip
    say(f"policy {choice.policy.version} at {where.code} from {from_at.isoformat(timespec='seconds')} on: "
        f"{_words(choice.overrides) or 'the defaults'}")  # fmt: skip
    if choice.queued:
        note(f"{choice.queued} trips that departed since are derived again")


def pairs(words: list[str]) -> dict[str, str]:
    """NAME=VALUE words as they stand on the command line."""
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name or not value:
            raise CommandError(
                f"{word!r} is no NAME=VALUE such as door_radius_m=60; waybill policy show lists the names"
            )
        found[name.strip()] = value.strip()
    return found


def _words(overrides: dict[str, bool | float]) -> str:
    return ", ".join(f"{name}={_shown(value)}" for name, value in overrides.items())


def _shown(value: bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"
