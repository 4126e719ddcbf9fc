"""A request's database connection: one transaction, committed before the answer goes out. Runs no statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Annotated

import psycopg
from fastapi import Depends, Request

Connect = Callable[[], AbstractContextManager[psycopg.Connection]]


def _transaction(request: Request) -> Iterator[psycopg.Connection]:
    connect: Connect = request.app.state.connect
    with connect() as connection, connection.transaction():
        yield connection


# "function": the commit comes before the answer. A client that has read "201" finds what it made.
Database = Annotated[psycopg.Connection, Depends(_transaction, scope="function")]
