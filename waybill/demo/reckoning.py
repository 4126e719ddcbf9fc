"""Compares what the demo's units gave a number with what is stored, number by number. Repairs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import psycopg

from contract.milestones import Milestone
from storage.coverage import Coverage, coverage
from storage.master import all_premises
from storage.orders import milestone_counts
from waybill.demo.catalogue import PREMISES_CODE
from waybill.demo.fleet import VanProgress

# The least: fewer deliveries than this and the demo has shown nothing.
LEAST_DELIVERED = 3


class UnitReckoning(msgspec.Struct, frozen=True, kw_only=True):
    """One unit: the numbers that it gave, and how they are stored."""

    device: str
    spooled: int
    fixes: int
    rejects: int
    missing: tuple[int, ...]  # given and not stored
    extra: tuple[int, ...]  # stored and not given
    unreceipted: int  # in rows and not in the receipts, or the other way round

    @property
    def agrees(self) -> bool:
        return not (self.missing or self.extra or self.unreceipted) and self.fixes + self.rejects == self.spooled


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a demo."""

    units: tuple[UnitReckoning, ...]
    orders: dict[Milestone, int]

    @property
    def delivered(self) -> int:
        return self.orders.get(Milestone.DELIVERED, 0)

    @property
    def passed(self) -> bool:
        return bool(self.units) and all(unit.agrees for unit in self.units) and self.delivered >= LEAST_DELIVERED


def reckon(connection: psycopg.Connection, units: Iterable[VanProgress]) -> Reckoning:
    """Reads the stored numbers of every unit's spool and compares; counts the orders."""
    rows = tuple(compare(unit, coverage(connection, unit.device, unit.spool)) for unit in units)
    (premises_id,) = (one.id for one in all_premises(connection) if one.code == PREMISES_CODE)
    return Reckoning(units=rows, orders=milestone_counts(connection, premises_id))


def compare(unit: VanProgress, stored: Coverage) -> UnitReckoning:
    """The sets: 1..spooled against the rows of fix and reject, and those against the receipts."""
    given = frozenset(range(1, unit.spooled + 1))
    rows = stored.fix_seqs | stored.reject_seqs
    return UnitReckoning(
        device=unit.device,
        spooled=unit.spooled,
        fixes=stored.fixes,
        rejects=stored.rejects,
        missing=tuple(sorted(given - rows)),
        extra=tuple(sorted(rows - given)),
        unreceipted=len(rows ^ stored.progress_seqs),
    )


def few(numbers: Sequence[int]) -> str:
    """How many, and the first of them, for a table."""
    if not numbers:
        return "0"
    return f"{len(numbers)}: {', '.join(map(str, numbers[:3]))}{' …' if len(numbers) > 3 else ''}"
