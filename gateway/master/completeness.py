"""What records will miss of licensees, premises, vehicles, drivers and installs as they are now. Changes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from gateway.master.needs import NEEDS, Need
from storage.documents import Document, DocumentFilter, documents
from storage.installs import select_installs
from storage.licensees import select_licensees
from storage.master import Selection, all_premises, select_drivers, select_vehicles

# Where the field is called otherwise in the row, because people and records see another side of it.
_COLUMNS = {
    ("premises", "licensee"): "licensee_id", ("premises", "position"): "lat_e7", ("vehicle", "device"): "device_name",
}  # fmt: skip


class Incomplete(msgspec.Struct, frozen=True):
    """An object that leaves a hole in records."""

    kind: str
    id: UUID
    name: str
    premises: str | None  # the premises' code; None: a licensee
    missing: tuple[Need, ...]


def missing_of(kind: str, row: Any, papers: Collection[Document] = ()) -> tuple[Need, ...]:
    """What records need of this row and do not find; `papers` are those of the row that are in force."""
    kinds = {paper.kind for paper in papers}
    return tuple(need for need in NEEDS[kind] if not _is_there(kind, row, need, kinds))


def _is_there(kind: str, row: Any, need: Need, papers: set[str]) -> bool:
    if need.field.startswith("document:"):
        return need.field.removeprefix("document:") in papers
    value = getattr(row, _COLUMNS.get((kind, need.field), need.field))
    return value is not None and value != {}  # {}: premises without hours; False is an answer


def incomplete(connection: psycopg.Connection, premises_ids: list[UUID] | None) -> list[Incomplete]:
    """Everything in service at these premises (None: all) that leaves a hole, by kind, premises and name."""
    own = [one for one in all_premises(connection) if premises_ids is None or one.id in premises_ids]
    wanted = Selection(premises_ids=premises_ids)
    papers = by_owner(documents(connection, DocumentFilter(premises_ids=premises_ids)))
    found = [
        *(_look("licensee", one, one.name, None, papers) for one in select_licensees(connection, wanted)),
        *(_look("premises", one, one.code, one.code, papers) for one in own if one.retired_at is None),
        *(_look("vehicle", one, one.name, one.premises_code, papers) for one in select_vehicles(connection, wanted)),
        *(_look("driver", one, one.employee_no, one.premises_code, papers)
          for one in select_drivers(connection, wanted)),
        *(_look("install", one, one.device_name, one.premises_code, papers)
          for one in select_installs(connection, wanted) if one.dedicated),
    ]  # fmt: skip
    return [one for one in found if one.missing]


def by_owner(papers: Iterable[Document]) -> Mapping[UUID, list[Document]]:
    """The papers of each vehicle, driver, premises and licensee by its id."""
    found: dict[UUID, list[Document]] = defaultdict(list)
    for one in papers:
        found[one.owner_id].append(one)
    return found


def counts(found: Iterable[Incomplete]) -> dict[str, int]:
    """How many of each kind leave a hole."""
    return dict(Counter(one.kind for one in found))


def _look(kind: str, row: Any, name: str, premises: str | None, papers: Mapping[UUID, list[Document]]) -> Incomplete:
    return Incomplete(kind, row.id, name, premises, missing_of(kind, row, papers.get(row.id, ())))
