"""Papers that run out, as rows, in the caller's transaction. Judges no day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec
import psycopg

from storage.sql import statement


class Document(msgspec.Struct, frozen=True):
    """A paper and whose it is: of_kind is vehicle, driver, premises or licensee; of_name its name for people."""

    id: UUID
    premises_id: UUID | None
    premises_code: str | None
    licensee_id: UUID | None
    vehicle_id: UUID | None
    driver_id: UUID | None
    of_kind: str
    of_name: str
    kind: str
    title: str | None  # which one, when its owner has several of a kind
    number: str | None
    issued_on: date | None
    expires_on: date | None  # the last day on which it is good; None: it does not run out
    created_at: datetime
    withdrawn_at: datetime | None
    newest: bool  # of its owner, kind and title: the others were renewed by it
    owner_retired: bool

    @property
    def owner_id(self) -> UUID:
        found = self.vehicle_id or self.driver_id or self.licensee_id or self.premises_id
        assert found is not None, "the table's checks see to it"
        return found


class DocumentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which papers, and where the list's page begins."""

    premises_ids: list[UUID] | None = None  # None: of all premises
    owner_ids: list[UUID] | None = None  # None: whoever's
    id: UUID | None = None
    of_kind: str | None = None
    of_name: str | None = None
    replaced: bool = False  # those too that were renewed or withdrawn, and those of what is retired
    expires_by: date | None = None
    after: tuple[date | None, UUID] | None = None
    most: int | None = None


def put_document(connection: psycopg.Connection, document: Document) -> None:
    connection.execute(statement("put_document"), msgspec.structs.asdict(document))


def change_document(connection: psycopg.Connection, document: Document) -> None:
    connection.execute(statement("change_document"), msgspec.structs.asdict(document))


def documents(connection: psycopg.Connection, wanted: DocumentFilter) -> list[Document]:
    """By the day on which they run out; those that never do come last."""
    after_on, after_id = wanted.after or (None, None)
    values = {
        **msgspec.structs.asdict(wanted), "after_id": after_id,
        "after_on": "infinity" if after_on is None else after_on,
    }  # fmt: skip
    return [Document(*row) for row in connection.execute(statement("documents"), values)]


def documents_of(connection: psycopg.Connection, owner_ids: Iterable[UUID]) -> list[Document]:
    """The papers in force of these vehicles, drivers, premises and licensees."""
    return documents(connection, DocumentFilter(owner_ids=list(owner_ids)))
