"""Which device was fitted in which vehicle from when to when, as rows to read and correct. Fits none."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec
import psycopg

from storage.master import Selection, selected
from storage.sql import statement


class Install(msgspec.Struct, frozen=True):
    """A device in a vehicle from-to (to None: still)."""

    id: UUID
    premises_id: UUID
    premises_code: str
    device_name: str
    device_kind: str
    vehicle_id: UUID
    vehicle_name: str
    dedicated: bool
    from_at: datetime
    to_at: datetime | None
    serial_no: str | None
    affixed: bool | None
    consent_by: str | None
    consent_on: date | None
    consent_document: str | None


def select_installs(connection: psycopg.Connection, wanted: Selection) -> list[Install]:
    """By premises, device and time; the key is an install's id or the name of its device."""
    return [Install(*row) for row in connection.execute(statement("installs"), selected(wanted))]


def change_install(connection: psycopg.Connection, install: Install) -> None:
    """How it is fitted and who agreed, as in `install`; the caller records it."""
    connection.execute(statement("change_install"), msgspec.structs.asdict(install))
