"""Counts senders that nobody registered, bounded: whoever makes up names fills one row. Keeps none of their bytes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import psycopg

from contract.faults import printable
from contract.foreign import OWN, Sender, decode_foreign
from storage.senders import UnknownSender, count_unknown, unknown_senders

MOST_NAMES = 200  # that are told apart
_LONGEST_NAME = 100

Row = tuple[str, str]  # protocol and address; an empty address stands for all beyond the limits


def rows_of_names(names: Collection[str], counted: Collection[Row]) -> dict[str, Row]:
    """In which row each name (a device's, or PROTOCOL/ADDRESS) is counted; those of `counted` are there already."""
    room = MOST_NAMES - len(counted)
    rows: dict[str, Row] = {}
    for name in sorted(names):
        row = _row(name)
        if row not in counted and row not in rows.values():
            row, room = (row, room - 1) if room > 0 else ((row[0], ""), room)
        rows[name] = row
    return rows


def meet_at_the_door(connection: psycopg.Connection, sender: Sender, body: bytes, at: datetime) -> None:
    """Counts one report that was refused before it was taken; `at` is true time."""
    counted = {(one.protocol, one.address) for one in unknown_senders(connection)}
    row = rows_of_names([sender.label], counted)[sender.label]
    fix = next(iter(decode_foreign(sender, sender.label, body, at).fixes), None)
    lat_e7, lon_e7 = (None, None) if fix is None else (fix.lat_e7, fix.lon_e7)
    count_unknown(connection, [UnknownSender(*row, at, at, 1, 0, lat_e7, lon_e7)])


def _row(name: str) -> Row:
    protocol, stroke, address = name.partition("/")
    if not stroke:
        protocol, address = OWN, name
    return protocol, printable(address) if len(address) <= _LONGEST_NAME else ""
