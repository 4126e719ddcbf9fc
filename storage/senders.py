"""Who reports: registered devices and foreign senders, and those that nobody registered. Lets nobody in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cached_property

import msgspec
import psycopg

from storage.sql import statement


class Registered(msgspec.Struct, frozen=True, dict=True):
    """Registered devices by the names under which they report. What follows from them is worked out once."""

    ids: dict[str, int]
    names: dict[str, str]  # the device's own name
    phones: frozenset[int]  # ids of devices that are no dedicated units

    @cached_property
    def own_ids(self) -> dict[str, int]:
        """Ids by the devices' own names."""
        return {name: self.ids[said] for said, name in self.names.items()}

    @cached_property
    def only_units(self) -> bool:
        """Whether none is a phone and each reports under its own name."""
        return not self.phones and all(said == name for said, name in self.names.items())


class ForeignSender(msgspec.Struct, frozen=True):
    """A foreign sender and the device that it is registered as."""

    protocol: str
    address: str
    device_name: str


class UnknownSender(msgspec.Struct, frozen=True):
    """A sender that nobody registered; an empty address stands for all beyond the limit."""

    protocol: str
    address: str
    first_seen_at: datetime
    last_seen_at: datetime
    reports: int
    kept_bytes: int
    lat_e7: int | None
    lon_e7: int | None


def registered(connection: psycopg.Connection, names: Collection[str]) -> Registered:
    """The devices among `names`, which are devices' own or PROTOCOL/ADDRESS."""
    if not names:
        return Registered({}, {}, frozenset())
    foreign = [name.split("/", 1) for name in names if "/" in name]
    values = {
        "names": [name for name in names if "/" not in name],
        "protocols": [protocol for protocol, _ in foreign],
        "addresses": [address for _, address in foreign],
    }
    rows = connection.execute(statement("registered_senders"), values).fetchall()
    return Registered(
        {said: device_id for said, device_id, _, _ in rows},
        {said: name for said, _, name, _ in rows},
        frozenset(device_id for _, device_id, _, kind in rows if kind == "phone"),
    )


def put_foreign_sender(
    connection: psycopg.Connection,
    protocol: str,
    address: str,
    device_id: int,
    *,
    token_hash: bytes | None,
    created_at: datetime,
) -> None:
    """Raises UniqueViolation when the address is another device's."""
    values = {
        "protocol": protocol, "address": address, "device_id": device_id, "token_hash": token_hash,
        "created_at": created_at,
    }  # fmt: skip
    connection.execute(statement("put_foreign_sender"), values)


def foreign_senders(connection: psycopg.Connection) -> list[ForeignSender]:
    return [ForeignSender(*row) for row in connection.execute(statement("foreign_senders"))]


def change_token(connection: psycopg.Connection, device: str, protocol: str, token_hash: bytes) -> str | None:
    """The address of the device's sender of that protocol, which has the new token now; None when it has none."""
    values = {"device": device, "protocol": protocol, "token_hash": token_hash}
    row = connection.execute(statement("change_token"), values).fetchone()
    return None if row is None else str(row[0])


def revoke_tokens(connection: psycopg.Connection, device_id: int) -> None:
    connection.execute(statement("revoke_tokens"), {"device_id": device_id})


def sender_by_token(connection: psycopg.Connection, protocol: str, token_hash: bytes) -> ForeignSender | None:
    row = connection.execute(statement("sender_by_token"), {"protocol": protocol, "token_hash": token_hash}).fetchone()
    return None if row is None else ForeignSender(protocol, *row)


def unknown_senders(connection: psycopg.Connection) -> list[UnknownSender]:
    return [UnknownSender(*row) for row in connection.execute(statement("unknown_senders"))]


def count_unknown(connection: psycopg.Connection, seen: list[UnknownSender]) -> None:
    """Adds reports and kept bytes to what is counted of each already."""
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("count_unknown"), [{**msgspec.structs.asdict(one), "at": one.last_seen_at} for one in seen]
        )


def forget_unknown(connection: psycopg.Connection, protocol: str, address: str) -> None:
    connection.execute(statement("forget_unknown"), {"protocol": protocol, "address": address})
