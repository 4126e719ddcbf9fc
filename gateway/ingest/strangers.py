"""Whose fixes and rejects are: devices', or nobody's, which are counted and kept within bounds. Tells none."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from contract.codec import Reject
from contract.fix import Fix, Source
from contract.reasons import RejectReason
from gateway.ingest.batch import Batch, reject_fixes
from gateway.ingest.inbox import Message
from gateway.master.strangers import rows_of_names
from storage.senders import Registered, UnknownSender, count_unknown, unknown_senders

MOST_BYTES = 1_048_576  # of rejects kept under one name: about 200 MiB in all


def fixes_of_registered(batch: Batch, who: Registered) -> list[tuple[Fix, Message]]:
    """The fixes of registered devices, under their own names; a phone's are marked, whatever it says itself."""
    known = [(fix, message) for fix, message in batch.fixes if fix.device in who.ids]
    if who.only_units:
        return known
    return [(_own(fix, who), message) for fix, message in known]


def _own(fix: Fix, who: Registered) -> Fix:
    source = Source.PHONE if who.ids[fix.device] in who.phones else fix.source
    if source is fix.source and who.names[fix.device] == fix.device:
        return fix
    return msgspec.structs.replace(fix, device=who.names[fix.device], source=source)


def rejects_of_registered(batch: Batch, who: Registered) -> list[tuple[Reject, str]]:
    """The rejects of registered devices, under their own names."""
    return [
        (msgspec.structs.replace(reject, device=who.names[reject.device]), topic)
        for reject, topic in batch.rejects
        if reject.device in who.names
    ]


def meet_strangers(
    connection: psycopg.Connection, batch: Batch, who: Registered, at: datetime
) -> list[tuple[Reject, str]]:
    """Counts what nobody registered has sent; the rejects of it that are to be kept. `at` is true time.

    Nobody confirms a stranger's numbers, so a unit with a spool keeps what is only counted here.
    """
    strangers = batch.senders - who.ids.keys()
    if not strangers:
        return []
    fixes = [(fix, message) for fix, message in batch.fixes if fix.device in strangers]
    rejects = [(reject, topic) for reject, topic in batch.rejects if reject.device in strangers]
    detail = "no device of this name is registered: waybill device unknown lists it"
    rejects += reject_fixes(fixes, RejectReason.UNKNOWN_DEVICE, detail)
    counted = {(one.protocol, one.address): one.kept_bytes for one in unknown_senders(connection)}
    rows = rows_of_names(strangers, counted)
    seen = {row: UnknownSender(*row, at, at, 0, 0, None, None) for row in rows.values()}
    kept: list[tuple[Reject, str]] = []
    for reject, topic in rejects:
        row = rows[reject.device]
        size = len(reject.raw)
        if counted.get(row, 0) + seen[row].kept_bytes + size > MOST_BYTES:
            size = 0
        else:
            kept.append((reject, topic))
        seen[row] = _more(seen[row], 1, size)
    for name, _, _ in batch.statuses:
        if name in strangers:
            seen[rows[name]] = _more(seen[rows[name]], 1, 0)
    for fix, _ in sorted(fixes, key=lambda pair: pair[0].fixed_at):
        row = rows[fix.device]
        seen[row] = msgspec.structs.replace(seen[row], lat_e7=fix.lat_e7, lon_e7=fix.lon_e7)
    count_unknown(connection, [seen[row] for row in sorted(seen)])
    return kept


def _more(one: UnknownSender, reports: int, kept_bytes: int) -> UnknownSender:
    return msgspec.structs.replace(one, reports=one.reports + reports, kept_bytes=one.kept_bytes + kept_bytes)
