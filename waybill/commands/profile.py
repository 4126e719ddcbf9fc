"""`waybill profile`: jurisdiction profiles, their versions, who chose which. Holds no rules of its own."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="For example california-adult-use.")]
Reason = Annotated[str, typer.Option(help="Why: it stands in the record.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Jurisdiction profiles: what the law asks of a trip.")
    for name, command in (("list", list_profiles), ("show", show), ("set", set_profile), ("choose", choose_profile)):
        group.command(name=name)(command)
    app.add_typer(group, name="profile")


def list_profiles(context: typer.Context, as_json: Json = False) -> None:
    """Every profile in its newest version, and the premises that chose it."""
    from gateway.dispatch.profile import PLAIN, shipped
    from gateway.dispatch.profiles_of import newest
    from storage.master import all_premises
    from storage.profiles import profile_of_premises, profile_versions

    settings = settings_of(context)
    at = settings.parsed_clock().now()
    with database(settings) as connection:
        names = sorted({*shipped(), *(one.name for one in profile_versions(connection))})
        known = [newest(connection, name, at) for name in names]
        chosen = {one.code: profile_of_premises(connection, one.id) or PLAIN for one in all_premises(connection)}
    if as_json:
        found = [(one.name, one.version, _premises(chosen, one.name)) for one in known]
        show_json([{"name": name, "version": version, "premises": codes} for name, version, codes in found])
        return
    rows = [
        (one.name, one.version, sum(each["on"] for each in one.settings.values()), one.at, one.reason,
         ", ".join(_premises(chosen, one.name)))
        for one in known
    ]  # fmt: skip
    show_table(("profile", "version", "in force", "since", "reason", "premises"), rows)


def show(
    context: typer.Context,
    name: Name,
    version: Annotated[int | None, typer.Option(help="An older version.")] = None,
    as_json: Json = False,
) -> None:
    """Every setting of a profile with its value, whether it is on, and its evidence."""
    from gateway.dispatch.profiles_of import newest
    from storage.profiles import profile_version

    settings = settings_of(context)
    with database(settings) as connection:
        found = newest(connection, name, settings.parsed_clock().now())
        if version is not None:
            older = profile_version(connection, name, version)
            if older is None:
                raise CommandError(f"profile {name} has no version {version}; the newest is {found.version}")
            found = older
    if as_json:
        show_json(found)
        return
    rows = [
        (setting, _shown(one["value"]), "on" if one["on"] else "off", one["mark"], one["source"])
        for setting, one in found.settings.items()
    ]
    show_table(("setting", "value", "", "mark", "source"), rows)
    note(f"{found.name}, version {found.version}, {found.at.isoformat(timespec='seconds')}, by {found.actor}")


def set_profile(
    context: typer.Context,
    name: Name,
    changes: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="Settings; NAME=off switches one off.")],
    reason: Reason,
    based_on: Annotated[str | None, typer.Option(metavar="PROFILE", help="For a new profile.")] = None,
) -> None:
    """Makes the next version of a profile; trips keep the version that they were planned under."""
    from gateway.dispatch.profiles_of import set_values
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    values = dict(map(_pair, changes))
    with database(settings) as connection:
        made = set_values(
            connection, name, values, reason=reason, actor=terminal_actor(), at=settings.parsed_clock().now(),
            based_on=based_on,
        )  # fmt: skip
    say(f"profile {made.name}: version {made.version} from now on")


def choose_profile(
    context: typer.Context,
    name: Name,
    reason: Reason,
    premises: Annotated[
        str | None, typer.Option("--premises", metavar="CODE", help="Which premises, when there are several.")
    ] = None,
) -> None:
    """Has trips of a premises run under a profile, those that are planned from now on."""
    from gateway.dispatch.profiles_of import choose
    from gateway.master.premises import find_premises
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        where = find_premises(connection, premises)
        choose(connection, where.id, name, reason=reason, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"premises {where.code}: trips run under {name} from now on")


def _premises(chosen: dict[str, str], profile: str) -> list[str]:
    return [code for code, name in chosen.items() if name == profile]


def _pair(word: str) -> tuple[str, Any]:
    name, sign, text = word.partition("=")
    if not sign or not name or not text:
        raise CommandError(f"{word!r} is no NAME=VALUE such as min_crew=2; waybill profile show NAME lists them")
    if text == "off":
        return name, None
    try:
        return name, msgspec.json.decode(text)
    except msgspec.DecodeError:
        # Words and lists as one writes them: 09:00, badge,licence_copy.
        return name, text.split(",") if "," in text else text


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
