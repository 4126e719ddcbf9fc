"""What a kind of report is: its name, its columns, what it can be narrowed to, how it is read. Reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
import psycopg

from gateway.reports.asking import Chosen
from gateway.reports.columns import Column, Row


class Reading(Protocol):
    """One pass over the records; the summary is known when it is through."""

    def rows(self) -> Iterator[Row]: ...

    def summary(self) -> Mapping[str, Any]: ...


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    rule: str  # who asks for it
    columns: tuple[Column, ...]
    takes: frozenset[str]  # vehicle, trip, order, period, gap
    needs: tuple[frozenset[str], ...] = ()  # of each at least one
    read: Callable[[psycopg.Connection, Chosen], Reading]
