"""A connection that stays: both ends are told how soon to miss the other."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest

from storage.connect import connect_to_stay
from tests.fixtures.database import Database
from waybill.stack.ports import Ports


def test_both_ends_miss_a_machine_that_is_gone_within_half_a_minute(database: Database) -> None:
    with connect_to_stay(database.gateway_url) as connection, socket.socket(fileno=_copy(connection)) as line:
        ours = [
            line.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        ]
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        theirs = [connection.execute(f"SHOW {name}").fetchone() for name in names]

    assert ours == [10, 5, 3, 30_000]
    assert theirs == [("10",), ("5",), ("3",), ("30000",)]


def _copy(connection: psycopg.Connection) -> int:
    """A descriptor that may be closed without the connection."""
    return os.dup(connection.fileno())


def test_a_database_that_is_not_there_is_an_error(server_ports: Ports) -> None:
    with pytest.raises(psycopg.OperationalError):
        connect_to_stay(f"postgresql://gateway:word@127.0.0.1:{server_ports.claim(0)}/waybill")
