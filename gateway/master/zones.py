"""Adds, imports and ends zones and known places, each with its audit event. Knows no vehicle."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg

from contract.places import PlaceKind, ZoneKind
from gateway.master.errors import MasterDataConflictError, MasterDataError
from gateway.master.premises import premises_by_id
from gateway.master.zone_shapes import ShapeError, checked_geometry
from storage import zones as rows
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Premises
from storage.policy import change_ground
from storage.zones import Place, Zone

_Row = TypeVar("_Row", Zone, Place)


class NewZone(msgspec.Struct, frozen=True, kw_only=True):
    """A zone as somebody describes it; from_at None: from now on, to_at None: for good."""

    name: str
    kind: str
    geometry: Any
    radius_m: float | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


class NewPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A known place: a circle in which a stop explains itself."""

    name: str
    kind: str
    lat_e7: int
    lon_e7: int
    radius_m: float = 60.0  # a filling station with its drives


def add_zone(
    connection: psycopg.Connection, premises: Premises, wanted: NewZone, *, source: str, actor: Actor, at: datetime
) -> Zone:
    """The zone as stored. Raises MasterDataError and stores nothing when it cannot be."""
    known = [kind.value for kind in ZoneKind]
    if wanted.kind not in known:
        raise MasterDataError(f"zone {wanted.name!r}: kind {wanted.kind!r} must be one of {', '.join(known)}")
    from_at = wanted.from_at or at
    _check_name("zone", wanted.name)
    if wanted.to_at is not None and wanted.to_at <= from_at:
        raise MasterDataError(f"zone {wanted.name!r}: it ends at {wanted.to_at}, not after it begins at {from_at}")
    try:
        geometry = checked_geometry(wanted.geometry, wanted.radius_m)
    except ShapeError as error:
        raise MasterDataError(f"zone {wanted.name!r}: {error}") from error
    zone = Zone(
        new_id(at), premises.id, premises.code, wanted.name, wanted.kind, geometry, wanted.radius_m, from_at,
        wanted.to_at, source, at,
    )  # fmt: skip
    try:
        with connection.transaction():
            rows.put_zone(connection, zone)
    except psycopg.errors.ExclusionViolation:
        raise MasterDataError(
            f"zone {wanted.name!r} exists at {premises.code} in that time: waybill zone retire it first"
        ) from None
    after = {"name": zone.name, "kind": zone.kind, "geometry": geometry, "radius_m": zone.radius_m,
             "from_at": from_at, "to_at": zone.to_at, "source": source}  # fmt: skip
    _record(connection, "zone.added", "zone", zone.id, premises.id, actor, at, after=after)
    return zone


def import_zones(
    connection: psycopg.Connection,
    premises: Premises,
    wanted: list[NewZone],
    *,
    source: str,
    actor: Actor,
    at: datetime,
) -> list[Zone]:
    """All of them or none: one error names every zone that cannot be."""
    added: list[Zone] = []
    wrong: list[str] = []
    with connection.transaction():
        for number, one in enumerate(wanted, 1):
            try:
                added.append(add_zone(connection, premises, one, source=source, actor=actor, at=at))
            except MasterDataError as error:
                wrong.append(f"feature {number}: {error}")
        if wrong:
            more = f" … and {len(wrong) - 10} more" if len(wrong) > 10 else ""
            raise MasterDataError(f"{source}: nothing is imported. {'; '.join(wrong[:10])}{more}")
    return added


def retire_zone(connection: psycopg.Connection, zone: Zone, *, actor: Actor, at: datetime) -> None:
    """From `at` on the zone means nothing; what was found before stays judged by it."""
    if not rows.end_zone(connection, zone.id, at):
        raise MasterDataError(
            f"zone {zone.name!r} is not valid at {at}: waybill zone list --all shows from when to when"
        )
    before, after = {"to_at": zone.to_at}, {"to_at": at}
    _record(connection, "zone.retired", "zone", zone.id, zone.premises_id, actor, at, before=before, after=after)


def add_place(
    connection: psycopg.Connection, premises: Premises, wanted: NewPlace, *, actor: Actor, at: datetime,
    from_at: datetime | None = None,
) -> Place:  # fmt: skip
    known = [kind.value for kind in PlaceKind]
    if wanted.kind not in known:
        raise MasterDataError(f"place {wanted.name!r}: kind {wanted.kind!r} must be one of {', '.join(known)}")
    _check_name("place", wanted.name)
    if not 5 <= wanted.radius_m <= 2000:
        raise MasterDataError(f"place {wanted.name!r}: radius {wanted.radius_m:g} must be 5 to 2000 m")
    place = Place(
        new_id(at), premises.id, premises.code, wanted.name, wanted.kind, wanted.lat_e7, wanted.lon_e7,
        wanted.radius_m, from_at or at, None, at,
    )  # fmt: skip
    try:
        with connection.transaction():
            rows.put_place(connection, place)
    except psycopg.errors.ExclusionViolation:
        raise MasterDataConflictError(
            f"place {wanted.name!r} exists at {premises.code}: waybill place retire it first"
        ) from None
    after = {**msgspec.structs.asdict(wanted), "from_at": place.from_at}
    _record(connection, "place.added", "place", place.id, premises.id, actor, at, after=after)
    return place


def change_place(
    connection: psycopg.Connection, place: Place, values: dict[str, Any], *, actor: Actor, at: datetime
) -> Place:
    """The place as it is from `at` on: the old one ends, so that what earlier stops were judged by stays known."""
    wanted = NewPlace(
        name=place.name, kind=place.kind, lat_e7=place.lat_e7, lon_e7=place.lon_e7, radius_m=place.radius_m
    )
    changed = msgspec.structs.replace(wanted, **values)
    if changed == wanted:
        return place
    with connection.transaction():
        retire_place(connection, place, actor=actor, at=at)
        return add_place(connection, premises_by_id(connection, place.premises_id), changed, actor=actor, at=at)


def retire_place(connection: psycopg.Connection, place: Place, *, actor: Actor, at: datetime) -> None:
    """From `at` on a stop there needs another explanation."""
    if not rows.end_place(connection, place.id, at):
        raise MasterDataError(f"place {place.name!r} is not valid at {at}")
    after = {"to_at": at}
    _record(
        connection,
        "place.retired",
        "place",
        place.id,
        place.premises_id,
        actor,
        at,
        before={"to_at": None},
        after=after,
    )


def find_zone(known: list[Zone], name: str) -> Zone:
    """The zone of this name or id among those given."""
    return _find("zone", known, name)


def find_place(known: list[Place], name: str) -> Place:
    """The place of this name or id among those given."""
    return _find("place", known, name)


def _find(what: str, known: list[_Row], name: str) -> _Row:
    found = [one for one in known if name in (one.name, str(one.id))]
    if len(found) == 1:
        return found[0]
    if found:
        codes = ", ".join(f"{one.premises_code} {one.id}" for one in found)
        raise MasterDataError(f"several premises have a {what} {name!r}; name one by its id: {codes}")
    names = ", ".join(one.name for one in known[:40]) or f"none; waybill {what} add"
    raise MasterDataError(f"there is no {what} {name!r} now; known: {names}" + (" …" if len(known) > 40 else ""))


def _check_name(what: str, name: str) -> None:
    if not name.strip() or len(name) > 120 or not name.isprintable():
        raise MasterDataError(f"{what} name {name!r} must be 1 to 120 printable characters")


def _record(
    connection: psycopg.Connection,
    action: str,
    kind: str,
    object_id: UUID,
    premises_id: UUID,
    actor: Actor,
    at: datetime,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    event = AuditEvent(
        at=at, actor=actor, action=action, object_kind=kind, object_id=str(object_id), premises_id=premises_id,
        before=before, after=after,
    )  # fmt: skip
    record(connection, [event])
    change_ground(connection, premises_id)
