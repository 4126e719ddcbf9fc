"""Which numbers of a device's spool are stored, as fix, as reject and in its progress. Compares them with nothing."""

from __future__ import annotations

import msgspec
import psycopg

from storage.sql import statement


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The stored numbers of one spool. `fixes` and `rejects` are counts of rows."""

    fixes: int
    rejects: int
    fix_seqs: frozenset[int]
    reject_seqs: frozenset[int]
    progress_seqs: frozenset[int]


def coverage(connection: psycopg.Connection, device: str, spool: str) -> Coverage:
    """What of the spool is stored, read from the rows themselves."""
    names = {"device": device, "spool": spool}
    fixes = [seq for (seq,) in connection.execute(statement("fix_numbers"), names)]
    rejects = [seq for (seq,) in connection.execute(statement("reject_numbers"), names)]
    progress = connection.execute(statement("progress_ranges"), names)
    return Coverage(
        fixes=len(fixes),
        rejects=len(rejects),
        fix_seqs=frozenset(fixes),
        reject_seqs=frozenset(rejects),
        progress_seqs=frozenset(seq for first, last in progress for seq in range(first, last + 1)),
    )
