"""`waybill rejects`: the messages of which no fix could be made, with reason and bytes. Deletes none."""

from __future__ import annotations

from typing import Annotated

import typer

from contract.times import format_instant
from waybill.connections import database
from waybill.invocation import CommandError, settings_of
from waybill.terminal import note, show_json, show_table


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Rejects: messages of which no fix could be made.")
    group.command(name="list")(list_rejects)
    app.add_typer(group, name="rejects")


def list_rejects(
    context: typer.Context,
    reason: Annotated[str | None, typer.Option(help="Only this reason, such as unknown_device.")] = None,
    device: Annotated[str | None, typer.Option(help="Only from this device name.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    before: Annotated[int | None, typer.Option(metavar="ID", help="Go on below this id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the bytes in base64.")] = False,
) -> None:
    """Rejects, newest first."""
    from contract.reasons import RejectReason
    from storage.rejects import rejects

    if reason is not None and reason not in list(RejectReason):
        raise CommandError(f"--reason {reason!r} must be one of {', '.join(RejectReason)}")
    wanted = None if reason is None else RejectReason(reason)
    with database(settings_of(context)) as connection:
        found = rejects(connection, limit=limit, reason=wanted, device=device, before=before)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.id, format_instant(one.received_at), one.device, one.reason, _what(one.field, one.value), one.detail)
        for one in found
    ]
    show_table(("id", "received", "device", "reason", "field", "detail"), rows)
    if not found:
        note("There are none like that.")
    elif len(found) == limit:
        note(f"There may be more: --before {found[-1].id}")


def _what(field: str | None, value: str | None) -> str | None:
    return field if value is None else f"{field} = {value!r}"
