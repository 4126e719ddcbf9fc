"""What customers are told of and how they are reached, as rows: contacts, premises' ways, places in the feed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from storage.ids import new_id
from storage.sql import statement


class Contact(msgspec.Struct, frozen=True):
    """How a customer is reached; opted_out_at None: they want to be told."""

    id: UUID
    channel: str
    address: str
    token: str
    opted_out_at: datetime | None
    opted_out_by: str | None


class OrderToTell(msgspec.Struct, frozen=True):
    """What a message may say of an order; language None: nobody said."""

    id: UUID
    premises_id: UUID
    order_no: str
    customer_name: str
    customer_phone: str | None
    customer_email: str | None
    customer_language: str | None
    window_from: datetime
    window_to: datetime
    milestone: str
    tracking_token: str
    test: bool
    shop: str
    tz: str
    shop_language: str | None
    profile: str
    trip_id: UUID | None  # that it was planned on last


class PremisesTelling(msgspec.Struct, frozen=True):
    """How premises speak to customers and staff; None: as the settings say."""

    id: UUID
    code: str
    name: str
    tz: str
    language: str | None
    quiet_hours: str | None
    digest_at: str | None


class ForecastToTell(msgspec.Struct, frozen=True):
    """A forecast that says something else than the customer knows."""

    order_id: UUID
    trip_id: UUID
    p50_at: datetime
    soon: bool  # the drop is next and near


def forecasts_to_tell(
    connection: psycopg.Connection, *, soon_before: datetime, fresh_since: datetime, threshold: timedelta,
    channels: Collection[str],
) -> list[ForecastToTell]:  # fmt: skip
    """Of orders whose customer is reached on one of the channels."""
    values = {
        "soon_before": soon_before, "fresh_since": fresh_since, "threshold_s": threshold.total_seconds(),
        "by_email": "email" in channels, "by_sms": "sms" in channels,
    }  # fmt: skip
    return [ForecastToTell(*row) for row in connection.execute(statement("forecasts_to_tell"), values)]


def is_far_yet(connection: psycopg.Connection, order_id: UUID, *, fresh_since: datetime, soon_before: datetime) -> bool:
    """Whether a fresh forecast says that the van has other doors first, or is not near; none says nothing."""
    values = {"order_id": order_id, "fresh_since": fresh_since, "soon_before": soon_before}
    row = connection.execute(statement("is_far_yet"), values).fetchone()
    return row is not None and bool(row[0])


def take_contact(connection: psycopg.Connection, channel: str, address: str, at: datetime) -> Contact:
    """The contact of this address, made when it is new."""
    values = {"id": new_id(at), "channel": channel, "address": address, "created_at": at}
    row = connection.execute(statement("take_contact"), values).fetchone()
    assert row is not None, "an upsert gives its row"
    return Contact(*row)


def contact_by_token(connection: psycopg.Connection, token: str) -> Contact | None:
    """Whose link it is, locked until the transaction ends."""
    row = connection.execute(statement("contact_by_token"), {"token": token}).fetchone()
    return None if row is None else Contact(*row)


def contact_language(connection: psycopg.Connection, contact_id: UUID) -> str | None:
    row = connection.execute(statement("contact_language"), {"id": contact_id}).fetchone()
    return None if row is None else str(row[0])


def turn_contact(
    connection: psycopg.Connection, contact_id: UUID, opted_out_at: datetime | None, by: str | None
) -> None:
    connection.execute(statement("turn_contact"), {"id": contact_id, "at": opted_out_at, "by": by})


def drop_messages_of_contact(connection: psycopg.Connection, contact_id: UUID, because: str, now: datetime) -> int:
    values = {"contact_id": contact_id, "because": because, "now": now}
    return connection.execute(statement("drop_messages_of_contact"), values).rowcount


def feed_reader_place(connection: psycopg.Connection, name: str, at: datetime) -> tuple[str, UUID] | None:
    """How far `name` has read, locked until the transaction ends; None: it has just begun, from now on."""
    row = connection.execute(statement("feed_reader_place"), {"name": name}).fetchone()
    if row is not None:
        return str(row[0]), row[1]
    connection.execute(statement("begin_feed_reader"), {"name": name, "id": new_id(at)})
    return None


def feed_reader_read(connection: psycopg.Connection, name: str, told_by: str, told_id: UUID) -> None:
    connection.execute(statement("feed_reader_read"), {"name": name, "told_by": told_by, "told_id": told_id})


def order_to_tell(connection: psycopg.Connection, order_id: UUID) -> OrderToTell | None:
    row = connection.execute(statement("order_to_tell"), {"order_id": order_id}).fetchone()
    return None if row is None else OrderToTell(*row)


def premises_telling(connection: psycopg.Connection) -> list[PremisesTelling]:
    """Every premises that is open, by code."""
    return [PremisesTelling(*row) for row in connection.execute(statement("premises_telling"))]


def put_premises_telling(
    connection: psycopg.Connection, premises_id: UUID, *, language: str | None, quiet_hours: str | None,
    digest_at: str | None,
) -> None:  # fmt: skip
    values = {"premises_id": premises_id, "language": language, "quiet_hours": quiet_hours, "digest_at": digest_at}
    connection.execute(statement("put_premises_telling"), values)
