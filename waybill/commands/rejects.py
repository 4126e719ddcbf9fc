"""`waybill rejects`: what was refused, where it stands, why, and what to do; rejects put in again. Deletes none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from contract.remedies import REMEDIES, remedy
from contract.times import format_instant
from waybill.connections import database
from waybill.instants import FORMS, instant
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, say, show_json, show_table

_SHOWN_BYTES = 4096
_MOST_AT_ONCE = 10_000

Reason = Annotated[str | None, typer.Option(help="Only this reason or rule, such as unknown_device or jump.")]
DeviceName = Annotated[str | None, typer.Option(help="Only from this device, or PROTOCOL/ADDRESS.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON; bytes are in base64.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="What was refused: rejects, and fixes that do not count.")
    group.command(name="list")(list_refused)
    group.command(name="show")(show)
    group.command(name="replay")(replay)
    app.add_typer(group, name="rejects")


def list_refused(
    context: typer.Context,
    reason: Reason = None,
    device: DeviceName = None,
    where: Annotated[
        str | None, typer.Option(help="Only reject (no fix could be made) or fix (does not count).")
    ] = None,
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help=f"First instant: {FORMS}.")] = "7 days ago",
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Instant after the last one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this one.")] = None,
    as_json: Json = False,
) -> None:
    """Rejects and refused fixes, newest first, with where they stand."""
    from storage.rejects import Wanted, kept

    _check(reason)
    if where not in (None, "reject", "fix"):
        raise CommandError(f"--where {where!r} must be reject or fix")
    settings = settings_of(context)
    now = settings.parsed_clock().now()
    to_at = now + timedelta(days=1) if to is None else instant(to, now, "--to")
    wanted = Wanted(reason=reason, device=device, place=where, from_at=instant(from_, now, "--from"), to_at=to_at)
    with database(settings) as connection:
        try:
            found = kept(connection, wanted, limit=limit + 1, before=before)
        except ValueError as error:
            raise CommandError(f"--before: {error}") from error
    found, more = found[:limit], len(found) > limit
    if as_json:
        show_json(found)
        return
    rows = [
        (one.ref, one.place, format_instant(one.at), one.device, one.reason, _what(one.field, one.value), one.detail,
         "yes" if one.replayed else None)
        for one in found
    ]  # fmt: skip
    show_table(("id", "where", "at", "device", "reason", "field", "detail", "replayed"), rows)
    if not found:
        note(f"There are none like that since {format_instant(wanted.from_at)}; --from looks further back.")
    elif more:
        note(f"There are more: --before {found[-1].ref}")


def show(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="ID", help="As waybill rejects list shows it.")],
    as_json: Json = False,
) -> None:
    """One of them in full: bytes, reason, field, value, and what to do about it."""
    from storage.rejects import parse_ref, refused_fix, rejects_in_full

    try:
        named = parse_ref(ref)
    except ValueError as error:
        raise CommandError(str(error)) from error
    with database(settings_of(context)) as connection:
        found = (
            rejects_in_full(connection, [named])[:1] if isinstance(named, int) else [refused_fix(connection, *named)]
        )
    one = found[0] if found else None
    if one is None:
        raise CommandError(f"nothing that was refused is called {ref}: waybill rejects list")
    if as_json:
        show_json(one)
        return
    import msgspec

    facts = msgspec.structs.asdict(one)
    raw = facts.pop("raw", None)
    reason = str(facts.get("reason") or facts.get("refused_by"))
    facts = {**facts.pop("fields", {}), **facts}
    for name, value in facts.items():
        if value is not None:
            say(f"{name}: {format_instant(value) if isinstance(value, datetime) else value}")
    say(f"remedy: {remedy(reason)}")
    if raw is None:
        note("A refused fix is stored as a row, not as the bytes that it came in.")
    else:
        say(f"bytes ({len(raw)}): {_readable(raw)}")


def replay(
    context: typer.Context,
    refs: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Of rejects; or name --device.")] = None,
    device: DeviceName = None,
    reason: Reason = None,
) -> None:
    """Puts rejects on the way of a fix again, say after their device was registered; each once, on the record."""
    from gateway.master.replays import replay as put_in_again
    from storage.rejects import rejects_to_replay
    from waybill.commands.actor import terminal_actor

    _check(reason)
    ids = [_reject_id(ref) for ref in refs or ()]
    if bool(ids) == (device is not None or reason is not None):
        raise CommandError("which ones? Give ids, or --device and --reason")
    settings = settings_of(context)
    now = settings.parsed_clock().now()
    with database(settings) as connection:
        wanted = ids or rejects_to_replay(connection, device=device, reason=reason, limit=_MOST_AT_ONCE)
        again = put_in_again(connection, wanted, actor=terminal_actor(), at=now)
    left = sorted(set(wanted) - {one.id for one in again})
    taken = "; the running gateway takes them within a second or two" if again else ""
    say(f"{len(again)} put in again{taken}")
    if not wanted:
        note("No such reject is kept that was not put in again before: waybill rejects list --where reject")
    if left:
        note(f"not these, which are no rejects or were replayed before: {', '.join(map(str, left[:20]))}")
    if not ids and len(wanted) == _MOST_AT_ONCE:
        note("There may be more: the same command again.")


def _reject_id(ref: str) -> int:
    from storage.rejects import parse_ref

    try:
        named = parse_ref(ref)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if not isinstance(named, int):
        raise CommandError(f"{ref} is stored already, as a fix that does not count: there is nothing to put in again")
    return named


def _check(reason: str | None) -> None:
    if reason is not None and reason not in REMEDIES:
        raise CommandError(f"--reason {reason!r} must be one of {', '.join(str(known) for known in REMEDIES)}")


def _what(field: str | None, value: str | None) -> str | None:
    return field if value is None else f"{field} = {value!r}"


def _readable(raw: bytes) -> str:
    """As text when it is text, else in hexadecimal; not more than a screen or two."""
    cut = raw[:_SHOWN_BYTES]
    more = "" if len(raw) <= _SHOWN_BYTES else f" … (the first {_SHOWN_BYTES}; --json has all)"
    text = cut.decode(errors="replace")
    return (text if text.isprintable() and "\ufffd" not in text else cut.hex(" ")) + more
