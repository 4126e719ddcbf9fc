"""`waybill alert`: what staff are warned of, who is on duty, and from when on. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from waybill.commands.vehicle import Json
from waybill.connections import database
from waybill.invocation import settings_of
from waybill.terminal import note, say, show_json, show_table

Premises = Annotated[str | None, typer.Option("--premises", metavar="CODE", help="Left out: all of them.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Alerts to staff: what they are warned of, and who is on duty.")
    for name, command in (
        ("list", list_alerts), ("ack", ack), ("rules", rules), ("rule", rule), ("roster", roster),
        ("on-duty", on_duty), ("off-duty", off_duty), ("digest", digest),
    ):  # fmt: skip
        group.command(name=name)(command)
    app.add_typer(group, name="alert")


def list_alerts(
    context: typer.Context,
    search: Annotated[str | None, typer.Argument(help="Part of what it says.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    after: Annotated[str | None, typer.Option(help="Goes on where the page before ended.")] = None,
    as_json: Json = False,
) -> None:
    """What staff are warned of now, newest first."""
    from gateway.api.paging import read_place, write_place
    from storage.alerts import AlertFilter, alert_list

    with database(settings_of(context)) as connection:
        wanted = AlertFilter(open=not everything, text=search)
        found = alert_list(connection, wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    if as_json:
        show_json(page)
    else:
        rows = [
            (str(one.id), one.premises, f"{one.began_at:%Y-%m-%d %H:%M}", one.says,
             "" if one.ended_at is None else f"over {one.ended_at:%H:%M}", one.acknowledged_by)
            for one in page
        ]  # fmt: skip
        show_table(("alert", "premises", "since (UTC)", "what", "", "seen by"), rows)
    if not page:
        note("There is none.")
    if len(found) > limit:
        note(f"There are more: --after {write_place(page[-1].raised_at, page[-1].id)}")


def ack(
    context: typer.Context,
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id, or the beginning of it.")],
    text: Annotated[str | None, typer.Option("--note", help="What is being done about it.")] = None,
) -> None:
    """Says that somebody has seen an alert; it stays open until what it is about is over."""
    from gateway.alerts.warning import acknowledge, find_alert
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        found = find_alert(connection, alert)
        acknowledge(connection, found, text, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"seen: {found.says}")


def rules(context: typer.Context, premises: Premises = None, as_json: Json = False) -> None:
    """From when on each kind is worth a warning, at premises or where these say nothing else."""
    from gateway.alerts.kinds import RULES, Rules
    from storage.alerts import alert_rules

    with database(settings_of(context)) as connection:
        where = _premises_id(connection, premises)
        known = Rules(alert_rules(connection))
    found = {kind: known.of(kind, where) for kind in RULES}
    if as_json:
        show_json(found)
        return
    show_table(
        ("kind", "from", "measured in", "quiet after an end", ""),
        [(kind, f"{one.threshold:g}", one.measure, f"{one.quiet_s / 60:g} min", "off" if one.off else "on")
         for kind, one in found.items()],
    )  # fmt: skip


def rule(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="Such as late_risk; waybill alert rules shows them.")],
    threshold: Annotated[float | None, typer.Option(min=0, help="In the kind's own measure.")] = None,
    quiet_minutes: Annotated[int | None, typer.Option(min=0, max=1440, help="After an end, per subject.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Nobody is warned of it.")] = False,
    on: Annotated[bool, typer.Option("--on", help="Somebody is again.")] = False,
    premises: Premises = None,
) -> None:
    """Changes from when on a kind is worth a warning."""
    from gateway.alerts.kinds import kind_of
    from gateway.alerts.rule_changes import RuleChange, change_rule
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    quiet_s = None if quiet_minutes is None else quiet_minutes * 60
    change = RuleChange(off=True if off else False if on else None, threshold=threshold, quiet_s=quiet_s)
    with database(settings) as connection:
        now = settings.parsed_clock().now()
        where = _premises_id(connection, premises)
        new = change_rule(connection, kind_of(kind), where, change, actor=terminal_actor(), at=now)
    state = "off" if new.off else f"from {new.threshold:g} ({new.measure}), quiet {new.quiet_s / 60:g} min after an end"
    say(f"{kind} at {premises or 'all premises'}: {state}")


def roster(context: typer.Context, as_json: Json = False) -> None:
    """Who is told of alerts, and when."""
    from gateway.master.hours import format_hours
    from storage.alerts import duties

    with database(settings_of(context)) as connection:
        known = duties(connection)
    if as_json:
        show_json(known)
        return
    rows = [
        (str(one.id), one.name, one.premises or "all", one.channel, one.address, ", ".join(one.kinds or ["everything"]),
         f"{format_hours(one.hours)} ({one.tz})" if one.hours else "always")
        for one in known
    ]  # fmt: skip
    show_table(("entry", "name", "premises", "by", "address", "of", "when"), rows)
    if not known:
        note("Nobody is on the roster: alerts are on the list only. waybill alert on-duty puts somebody there.")


def on_duty(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the person or the desk.")],
    address: Annotated[str, typer.Argument(help="E-mail address, or URL of a webhook.")],
    premises: Premises = None,
    hours: Annotated[str | None, typer.Option(help="Such as 'mon-fri 08:00-16:00'; left out: always.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Told of these only; repeatable.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="Of the hours; left out: the premises', or UTC.")] = None,
) -> None:
    """Puts somebody on the roster."""
    from gateway.alerts.roster import NewDuty, add_duty
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        where = None if premises is None else find_premises(connection, premises)
        wanted = NewDuty(
            name=name, address=address, premises_id=None if where is None else where.id, premises=premises,
            tz=tz or ("UTC" if where is None else where.tz), hours=hours, kinds=kind or None,
        )  # fmt: skip
        duty, secret = add_duty(
            connection, wanted, allow_private=settings.webhook_allow_private, actor=terminal_actor(),
            at=settings.parsed_clock().now(),
        )  # fmt: skip
    say(f"{duty.name} is told by {duty.channel} at {duty.address}")
    if secret is not None:
        say(f"secret: {secret}")
        note("It signs what goes there and is shown this once.")


def off_duty(
    context: typer.Context,
    entry: Annotated[str, typer.Argument(help="Name of the entry, or the beginning of its id.")],
) -> None:
    """Takes somebody off the roster."""
    from gateway.alerts.roster import find_duty, remove_duty
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        found = find_duty(connection, entry)
        remove_duty(connection, found, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"{found.name} is not told any more")


def digest(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(help="Short name; not needed when there is one premises.")] = None,
) -> None:
    """The day's list of orders to call about, as it stands."""
    from gateway.alerts.digest import digest_of, digest_text
    from gateway.master.premises import find_premises
    from gateway.notify.premises import telling_of

    settings = settings_of(context)
    with database(settings) as connection:
        telling = telling_of(connection, find_premises(connection, code))
        found = digest_of(connection, telling, settings.parsed_clock().now())
    say(digest_text(found))


def _premises_id(connection: Any, code: str | None) -> UUID | None:
    from gateway.master.premises import find_premises

    return None if code is None else find_premises(connection, code).id
