"""The order of a restore: what may fail comes before what changes anything. Reads no option and talks to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from contract.clock import true_now
from storage.backup import devices_cut_off
from waybill.backup.files import STORE
from waybill.backup.keys import Key
from waybill.backup.manifest import BROKER, FILES, Manifest
from waybill.backup.place import Place
from waybill.backup.placing import Unpacked, clear, in_the_way, put, unpack
from waybill.backup.restore import Target, check_target, restore_database
from waybill.backup.set_file import SetReader
from waybill.commands.actor import terminal_actor
from waybill.progress import byte_bars
from waybill.stack.dynamic_security import ADMIN, GATEWAY, without_clients, write_store


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did."""

    aside: str | None  # the name of the database that was there
    applied: list[str]
    placed: list[Path]
    cut_off: list[str]


def bring_back(
    one: SetReader,
    key: Key,
    manifest: Manifest,
    place: Place,
    *,
    replace: bool,
    may_move: Callable[[list[Path]], None],
) -> Outcome:
    """Unpacks beside, restores beside, then swaps. `may_move` raises when files in the way must stay."""
    now = true_now()
    target = Target(
        owner_url=place.owner_url,
        role_urls=place.role_urls,
        replace=replace,
        actor=terminal_actor(),
        at=place.settings.parsed_clock().now(),
    )
    check_target(manifest, target)
    names = [FILES] if place.broker is None else [FILES, BROKER]
    with byte_bars(None) as report:
        unpacked = unpack(one, key, names, place.into, lambda more: report(FILES, more))
    try:
        may_move(in_the_way(unpacked, place.into, place.broker))
        with byte_bars(None) as report:
            restored = restore_database(one, key, manifest, target, report)
        cut_off = [] if place.broker is None else _prepare_store(unpacked, place)
        placed = put(unpacked, place.into, place.broker, f"{now:%Y%m%dT%H%M%SZ}")
    finally:
        clear(unpacked)
    return Outcome(aside=restored.aside, applied=restored.applied, placed=placed, cut_off=cut_off)


def _prepare_store(unpacked: Unpacked, place: Place) -> list[str]:
    """Passwords of gateway and admin as the settings here say; whom the database knows as revoked stays out."""
    store = unpacked.folder / "broker" / STORE
    kept = json.loads(store.read_text(encoding="utf-8"))
    wanted, removed = without_clients(kept, devices_cut_off(place.owner_url))
    if removed:
        store.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    passwords = {GATEWAY: place.settings.broker_password, ADMIN: place.settings.broker_admin_password}
    # On one machine the stack does this at its next start, when it has made them.
    if given := {name: password for name, password in passwords.items() if password is not None}:
        write_store(store, given)
    return removed
