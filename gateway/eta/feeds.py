"""Closures and slowdowns as people and feeds enter them: checked, put on record, ended. Commits nothing.

A feed of traffic or weather is whatever can say what holds now (`ConditionFeed`): docs/eta.md shows one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Protocol
from uuid import UUID

import msgspec
import psycopg

from gateway.eta.network import Network
from gateway.master.zone_shapes import ShapeError, checked_geometry
from gateway.refusals import ConflictError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.eta_knowledge import ConditionRow, NewCondition, conditions_at, end_condition, put_condition

PEOPLE = "people"
_AREAS = ("Point", "Polygon", "MultiPolygon")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A condition as somebody says it; `ref` is what a feed calls it."""

    kind: str  # traffic, weather, event
    says: str
    speed_share: float
    from_at: datetime
    to_at: datetime | None = None
    road: str | None = None
    geometry: Mapping[str, Any] | None = None
    radius_m: float | None = None
    ref: str | None = None


class ConditionFeed(Protocol):
    """What says which conditions hold now, under names of its own that stay."""

    name: str

    def holding(self) -> Sequence[Wanted]:
        """All that holds now or will; what it does not name any more has ended."""
        ...


class Taken(msgspec.Struct, frozen=True):
    """What a feed's word changed."""

    begun: int
    ended: int
    kept: int


def enter(
    connection: psycopg.Connection, premises_id: UUID, wanted: Wanted, actor: Actor, now: datetime,
    network: Network | None, *, source: str = PEOPLE, field: str = "body",
) -> UUID:  # fmt: skip
    """Puts a condition on record, with who said so; RefusedError says what is wrong with it."""
    new = _checked(premises_id, wanted, actor, now, network, source, field)
    condition_id = put_condition(connection, new)
    after = {name: value for name, value in msgspec.to_builtins(wanted).items() if value is not None}
    _audit(connection, premises_id, condition_id, "condition.entered", actor, now, after)
    return condition_id


def end(connection: psycopg.Connection, condition: ConditionRow, actor: Actor, now: datetime) -> None:
    """It holds no more from now on."""
    if not end_condition(connection, condition.id, now):
        ended = condition.to_at.isoformat() if condition.to_at else "now"
        raise ConflictError(f"{condition.says!r} holds no more since {ended}")
    _audit(connection, condition.premises_id, condition.id, "condition.ended", actor, now, {"says": condition.says})


def take_feed(
    connection: psycopg.Connection, premises_id: UUID, feed: ConditionFeed, actor: Actor, now: datetime,
    network: Network | None,
) -> Taken:  # fmt: skip
    """What the feed names begins or goes on, what it does not name ends."""
    if feed.name == PEOPLE:
        raise RefusedError(f"{PEOPLE!r} is no feed: give it a name of its own", field="path.source")
    said = {one.ref: one for one in feed.holding()}
    held = {one.source_ref: one for one in conditions_at(connection, [premises_id], now, source=feed.name)}
    kept = {ref for ref, one in said.items() if ref in held and _same(held[ref], one)}
    for ref in held.keys() - kept:
        end(connection, held[ref], actor, now)
    for place, (ref, one) in enumerate(said.items()):
        if ref not in kept:
            field = f"body.conditions.{place}"
            enter(connection, premises_id, one, actor, now, network, source=feed.name, field=field)
    return Taken(len(said) - len(kept), len(held) - len(kept), len(kept))


def _checked(
    premises_id: UUID, wanted: Wanted, actor: Actor, now: datetime, network: Network | None, source: str, field: str
) -> NewCondition:
    if wanted.to_at is not None and wanted.to_at <= max(now, wanted.from_at):
        raise RefusedError(f"it would be over at {wanted.to_at.isoformat()} already", field=f"{field}.to_at")
    if (wanted.road is None) == (wanted.geometry is None):
        raise RefusedError("say where: a road by its name, or an area as geometry", field=f"{field}.road")
    if wanted.road is not None:
        _check_road(wanted.road, network, f"{field}.road")
    return NewCondition(
        premises_id=premises_id, kind=wanted.kind, says=wanted.says, from_at=wanted.from_at, to_at=wanted.to_at,
        speed_share=wanted.speed_share, road=wanted.road, radius_m=wanted.radius_m, source=source,
        geometry=None if wanted.geometry is None else _area(wanted, f"{field}.geometry"), source_ref=wanted.ref,
        created_at=now, created_by=actor.name,
    )  # fmt: skip


def _area(wanted: Wanted, field: str) -> dict[str, Any]:
    geometry = dict(wanted.geometry or {})
    if geometry.get("type") not in _AREAS:
        raise RefusedError(f"{geometry.get('type')!r} is no area: {', '.join(_AREAS)} are", field=field)
    try:
        return checked_geometry(geometry, wanted.radius_m)
    except ShapeError as error:
        raise RefusedError(str(error), field=field) from error


def _check_road(road: str, network: Network | None, field: str) -> None:
    if network is None:
        raise RefusedError("there is no map with streets here: give an area as geometry", field=field)
    if not network.streets_named(road).any():
        near = get_close_matches(road, network.names, n=3)
        hint = f"; is it {' or '.join(near)}?" if near else ""
        raise RefusedError(f"no street of the map is named {road!r}{hint}", field=field)


def _same(held: ConditionRow, said: Wanted) -> bool:
    names = ("kind", "says", "speed_share", "to_at", "road", "radius_m")
    geometry = None if said.geometry is None else _area(said, "body")
    return held.geometry == geometry and all(getattr(held, name) == getattr(said, name) for name in names)


def _audit(
    connection: psycopg.Connection, premises_id: UUID, condition_id: UUID, action: str, actor: Actor, now: datetime,
    after: Mapping[str, Any],
) -> None:  # fmt: skip
    event = AuditEvent(
        at=now, actor=actor, action=action, object_kind="condition", object_id=str(condition_id),
        premises_id=premises_id, after=after,
    )  # fmt: skip
    record(connection, [event])
