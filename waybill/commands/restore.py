"""`waybill restore`: brings a set back on this machine and says what that means. Decides nothing about its content."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waybill.commands.backup import BrokerState, Identity, PassphraseFile
from waybill.invocation import CommandError, Invocation, invocation
from waybill.terminal import note, say

if TYPE_CHECKING:
    from waybill.backup.bring_back import Outcome
    from waybill.backup.manifest import Manifest
    from waybill.backup.place import Place


def register(app: typer.Typer) -> None:
    app.command(name="restore")(restore)


def restore(
    context: typer.Context,
    set_path: Annotated[Path, typer.Argument(metavar="SET", help="A set that waybill backup make wrote.")],
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Data folder; else --data-dir.", show_default=False)
    ] = None,
    passphrase_file: PassphraseFile = None,
    identity: Identity = None,
    broker_state: BrokerState = None,
    without_broker: Annotated[bool, typer.Option("--without-broker", help="Leave the broker here as it is.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Put a database that holds rows aside.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Move files that are in the way aside without asking.")] = False,
) -> None:
    """Brings a set back: database, broker's credentials and state, settings, map, media. Checked before and after."""
    from waybill.backup.bring_back import bring_back
    from waybill.backup.passphrases import key_for
    from waybill.backup.place import found_place
    from waybill.backup.restore import check_set
    from waybill.backup.set_file import SetReader
    from waybill.progress import byte_bars

    loaded = invocation(context).loaded if into is None else Invocation(data_dir=into).loaded
    with SetReader(set_path) as one:
        key = key_for(one, loaded.settings, passphrase_file, identity)
        with byte_bars(one.bytes) as report:
            manifest = check_set(one, key, report)
        note(f"{set_path} is whole: the state of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC")
        with_broker = manifest.broker and not without_broker
        with found_place(loaded, broker_state, with_broker=with_broker, report=note) as place:
            outcome = bring_back(one, key, manifest, place, replace=replace, may_move=lambda old: _may(old, yes=yes))
    _tell(manifest, place, outcome)


def _may(in_the_way: list[Path], *, yes: bool) -> None:
    """Raises unless the person agrees that these are moved aside."""
    if not in_the_way or yes:
        return
    shown = ", ".join(str(path) for path in in_the_way)
    if not sys.stdin.isatty():
        raise CommandError(f"in the way: {shown}; --yes moves them aside and keeps them")
    if not typer.confirm(f"{shown}: move aside and go on?"):
        raise CommandError("nothing was changed")


def _tell(manifest: Manifest, place: Place, outcome: Outcome) -> None:
    made_at = f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
    say(f"database  {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, as the manifest says")
    for name in outcome.applied:
        say(f"applied   {name}")
    for path in outcome.placed:
        say(f"put       {path}")
    if outcome.aside is not None:
        say(f"aside     the database that was here is {outcome.aside} now; drop it when nothing is missed")
    for name in outcome.cut_off:
        say(f"cut off   {name}: its credential had been revoked")
    say(f"""
This is the state of {made_at}. What that means:
- Devices send again what had no receipt. Fixes that they had a receipt for after {made_at} are lost:
  the devices have deleted them. An audit event (backup.restored) records the restore.
- A device registered since needs waybill device add; one revoked since may log in again: waybill device revoke.""")
    if place.private:
        say(f"Next: waybill --data-dir {place.into} up, then waybill --data-dir {place.into} status")
    elif place.broker is not None:
        say("Next: start the broker, then the gateway, then the others; waybill status")
    if place.broker is None:
        note(
            "The broker was left alone. If it is the old one and knows more than this state, its receipts claim what "
            "this database does not have: stop it and move its mosquitto.db away before the gateway starts."
        )
