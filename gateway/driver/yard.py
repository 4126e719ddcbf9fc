"""What a driver does before leaving: orders into the van, the checklist ticked, the departure. Commits nothing.

Each deed is the one that the JSON API does; what is refused leaves nothing behind and comes back in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import psycopg

from gateway.dispatch.errors import DispatchError
from gateway.dispatch.leaving import BlockedError, depart
from gateway.dispatch.loading import load, unload
from gateway.dispatch.papers import put_papers
from gateway.refusals import NotThereError
from storage.audit import Actor
from storage.trips import Trip

_FEWEST_TYPED = 2
# As the pages' words are called; any other result of the loading is bad news.
_GOOD = frozenset({"loaded", "already_loaded", "unloaded"})


class Told(msgspec.Struct, frozen=True):
    """What came of a deed: the name of its words with their values, and the rule's own text when something refused."""

    key: str
    good: bool
    values: dict[str, str] = {}
    detail: str | None = None


def take_in(connection: psycopg.Connection, trip: Trip, code: str, actor: Actor, at: datetime) -> Told:
    """Takes in what was scanned, or the order whose last characters were typed."""
    typed = code.strip()
    meant = _of_this_trip(trip, typed)
    if len(meant) > 1:
        return Told("load_several", good=False, values={"code": typed, "orders": ", ".join(meant)})
    try:
        with connection.transaction():
            done = load(connection, trip, [trip.head.premises_id], meant[0] if meant else typed, actor, at)
    except NotThereError:
        return Told("load_unknown", good=False, values={"code": typed})
    except DispatchError as error:
        return Told("load_refused", good=False, values={"code": typed}, detail=str(error))
    where = f"{done.trip_no} ({done.vehicle})" if done.trip_no else "–"
    values = {"order_no": done.order_no, "where": where}
    return Told(f"load_{done.result}", good=done.result in _GOOD, values=values)


def take_out(connection: psycopg.Connection, trip: Trip, order_no: str, actor: Actor, at: datetime) -> Told:
    """Takes an order out again."""
    try:
        with connection.transaction():
            done = unload(connection, trip, [trip.head.premises_id], order_no, actor, at)
    except DispatchError as error:
        return Told("load_refused", good=False, values={"code": order_no}, detail=str(error))
    return Told(f"load_{done.result}", good=done.result in _GOOD, values={"order_no": done.order_no, "where": ""})


def tick(connection: psycopg.Connection, trip: Trip, ticked: Sequence[str], actor: Actor, at: datetime) -> Told | None:
    """Keeps what is ticked now; None: it is kept."""
    if sorted(ticked) == sorted(trip.head.checklist):
        return None
    try:
        with connection.transaction():
            put_papers(connection, trip, actor, at, ledger_no=None, checklist=list(ticked))
    except DispatchError as error:
        return Told("not_done", good=False, detail=str(error))
    return None


def leave(connection: psycopg.Connection, trip: Trip, actor: Actor, at: datetime) -> Told | None:
    """Says that the trip leaves now; None: it has left. What blocks it is told by the page itself."""
    try:
        with connection.transaction():
            depart(connection, trip, actor, at)
    except BlockedError:
        return Told("leave_blocked", good=False)
    except DispatchError as error:
        return Told("not_done", good=False, detail=str(error))
    return None


def _of_this_trip(trip: Trip, typed: str) -> list[str]:
    """Numbers of the trip's orders that this may mean: the whole number, else those that end so."""
    numbers = [drop.order_no for drop in trip.drops]
    wanted = typed.casefold()
    if exact := [one for one in numbers if one.casefold() == wanted]:
        return exact
    if len(wanted) < _FEWEST_TYPED:
        return []
    return [one for one in numbers if one.casefold().endswith(wanted)]
