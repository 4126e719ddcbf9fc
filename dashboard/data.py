"""The dashboard's only door to storage: reads shared by all sessions for some seconds. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
import streamlit as st
from psycopg_pool import ConnectionPool, PoolTimeout

from contract.clock import Clock
from dashboard.environment import READER_URL, environment
from storage import custody_reads, reads, route_reads
from storage.custody_reads import ExceptionFilter, HandoffFilter, OpenRow, Verdicts, WitnessedRow
from storage.promises import PromiseRow
from storage.promises import promises as read_promises
from storage.reading_rows import DropRow, FleetRow, OrderRow, PremisesRow, TrailRow, TripRow
from storage.reads import OrderFilter, OrderStory
from storage.route_reads import NearRow, RouteEvent

POOL_SIZE = 4  # reads take milliseconds and are shared: four serve dozens of sessions
PATIENCE_S = 2.0  # a page says that the database is away rather than hang
MOST_DAY_POINTS = 8640  # of a whole day: one every 10 s
MOST_POINTS = 400  # of a route on the map: one every 15 s over 100 minutes


class UnavailableError(Exception):
    """The records cannot be read now; `remedy` says what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Fleet(msgspec.Struct, frozen=True):
    """Everything the live map needs, of one moment."""

    premises: list[PremisesRow]
    rows: list[FleetRow]

    @property
    def newest_fix_at(self) -> datetime | None:
        return max((row.fixed_at for row in self.rows if row.fixed_at is not None), default=None)


def clock() -> Clock:
    return environment().clock


def now() -> datetime:
    """Now by the installation's clock."""
    return clock().now()


@st.cache_resource(show_spinner=False)
def _pool(url: str) -> ConnectionPool[psycopg.Connection]:
    # open=True would wait for the database: a dashboard that starts first shows that it is missing.
    pool = ConnectionPool(url, min_size=1, max_size=POOL_SIZE, timeout=PATIENCE_S, open=False, name="dashboard",
                          check=ConnectionPool.check_connection, reconnect_timeout=30.0)  # fmt: skip
    pool.open()
    return pool


def close() -> None:
    """Gives the connections back, for a process that goes on without pages."""
    url = environment().reader_url
    if url is not None:
        _pool(url).close()
    st.cache_resource.clear()


@contextmanager
def _connected() -> Iterator[psycopg.Connection]:
    url = environment().reader_url
    if url is None:
        raise UnavailableError(
            "No database is configured.", f"Set {READER_URL}, or start everything with `./run demo`."
        )
    try:
        with _pool(url).connection() as connection:
            yield connection
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction) as error:
        raise UnavailableError("The database holds no Waybill records yet.", "Run `waybill db migrate`.") from error
    except (PoolTimeout, psycopg.OperationalError) as error:
        raise UnavailableError(
            "The database does not answer.", "`waybill status` says what runs. This page tries again by itself."
        ) from error


def ask() -> None:
    """Asks the least that shows whether records can be read; raises UnavailableError when they cannot."""
    with _connected() as connection:
        reads.all_premises_ids(connection)


def _visible(connection: psycopg.Connection) -> list[UUID]:
    # Until people sign in, whoever reaches this process may see every premises.
    return reads.all_premises_ids(connection)


@st.cache_data(ttl=1.0, max_entries=4, show_spinner=False)
def fleet() -> Fleet:
    """All vehicles: one query a second, however many sessions look."""
    with _connected() as connection:
        premises = _visible(connection)
        return Fleet(reads.premises_list(connection, premises), reads.fleet(connection, premises))


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False)
def trip(trip_id: UUID) -> tuple[TripRow, list[DropRow]] | None:
    """A trip with its drops."""
    with _connected() as connection:
        return reads.trip(connection, _visible(connection), trip_id)


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False)
def trail(vehicle_id: UUID, from_at: datetime) -> list[TrailRow]:
    """Where a vehicle went from then till now."""
    with _connected() as connection:
        return reads.trail(
            connection, _visible(connection), vehicle_id, from_at=from_at, to_at=now(), most_points=MOST_POINTS
        )


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False, hash_funcs={OrderFilter: msgspec.json.encode})
def orders(wanted: OrderFilter, limit: int, offset: int) -> tuple[list[OrderRow], int]:
    """One page of orders, and how many there are in all."""
    with _connected() as connection:
        return reads.orders(connection, _visible(connection), wanted, now=now(), limit=limit, offset=offset)


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False)
def order_story(order: str) -> OrderStory | None:
    """One order by number or id, with all that happened to it."""
    with _connected() as connection:
        return reads.order_story(connection, _visible(connection), order, now=now(), most_points=MOST_POINTS)


@st.cache_data(ttl=30.0, max_entries=16, show_spinner="Reading the orders of these days …")
def promises(from_at: datetime, to_at: datetime) -> list[PromiseRow]:
    """Orders whose window ended from-to."""
    with _connected() as connection:
        return read_promises(connection, _visible(connection), from_at=from_at, to_at=to_at, now=now())


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False, hash_funcs={HandoffFilter: msgspec.json.encode})
def handoffs(wanted: HandoffFilter, limit: int, offset: int = 0) -> tuple[list[WitnessedRow], Verdicts]:
    """One page of attempts to hand over, and how many there are in all."""
    with _connected() as connection:
        return custody_reads.handoffs(connection, _visible(connection), wanted, limit=limit, offset=offset)


@st.cache_data(ttl=2.0, max_entries=64, show_spinner=False, hash_funcs={ExceptionFilter: msgspec.json.encode})
def exceptions(wanted: ExceptionFilter, limit: int, offset: int) -> tuple[list[OpenRow], int]:
    """One page of exceptions, and how many there are in all."""
    with _connected() as connection:
        return custody_reads.exceptions(connection, _visible(connection), wanted, limit=limit, offset=offset)


@st.cache_data(ttl=10.0, max_entries=32, show_spinner="Reading the vehicle's way …")
def way(vehicle_id: UUID, from_at: datetime, to_at: datetime) -> tuple[list[TrailRow], list[RouteEvent]]:
    """Where a vehicle went from-to, and what was found on the way."""
    with _connected() as connection:
        premises = _visible(connection)
        trail = reads.trail(connection, premises, vehicle_id, from_at=from_at, to_at=to_at, most_points=MOST_DAY_POINTS)
        return trail, route_reads.route_events(connection, premises, vehicle_id, from_at=from_at, to_at=to_at)


@st.cache_data(ttl=10.0, max_entries=32, show_spinner="Looking for vehicles …")
def who_was_near(lat: float, lon: float, radius_m: float, from_at: datetime, to_at: datetime) -> list[NearRow]:
    """The vehicles that were near a place (degrees) from-to."""
    with _connected() as connection:
        return route_reads.who_was_near(
            connection, _visible(connection), lat, lon, radius_m=radius_m, from_at=from_at, to_at=to_at
        )
