"""Whether the fixes that a version was made of are still kept; retention takes them earlier. Derives nothing."""

from __future__ import annotations

from datetime import datetime

import psycopg

from contract.times import parse_instant
from gateway.derive.material import Material
from gateway.derive.replay import Derived
from storage.derivation import kept_evidence
from storage.derived_rows import Findings

# Retention takes whole days, the oldest first, and times off trip: what is missing is missing at an end.
_AT_THE_ENDS = 3


class FixesGoneError(Exception):
    """The fixes of which something was found are not kept any more; the text says which."""


def what_is_gone(
    connection: psycopg.Connection, material: Material, before: Findings | None, derived: Derived
) -> str | None:
    """Why deriving again says less than what was found `before`: fixes that decided it are not kept any more.

    None: they all are, or nothing was found.
    """
    decided = [] if before is None else _decided(before)
    if not decided:
        return None
    if derived.fixes == 0:
        return "no fixes of its time are kept for this vehicle"
    kept = kept_evidence(connection, material.trip.premises_id, decided)
    if kept == len(decided):
        return None
    ends = f"{decided[0][0]:%Y-%m-%d %H:%M:%S} to {decided[-1][0]:%Y-%m-%d %H:%M:%S} (UTC)"
    return f"of {len(decided)} fixes that began and ended what was found, {ends}, {len(decided) - kept} are not kept"


def _decided(found: Findings) -> list[tuple[datetime, int]]:
    """The first and the last fixes that decided anything of it: (fixed_at, seq)."""
    told = (found.departed, found.returned, found.unseen, *found.stops, *found.gaps, *found.deviations)
    copies = [one for row in told if row is not None for one in row.evidence]
    copies += [one for row in found.visits for one in (*(row.arrived_evidence or ()), *(row.left_evidence or ()))]
    decided = sorted({(parse_instant(one["fixed_at"]), one["seq"]) for one in copies})
    return decided if len(decided) <= 2 * _AT_THE_ENDS else decided[:_AT_THE_ENDS] + decided[-_AT_THE_ENDS:]
