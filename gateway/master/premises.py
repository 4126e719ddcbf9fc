"""Opens premises and says where they are, each with its audit event. Knows no vehicles."""

from __future__ import annotations

import re
import zoneinfo
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.fix import DEVICE_NAME
from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import master as rows
from storage.audit import Actor, AuditEvent, record
from storage.ids import new_id
from storage.master import Hours, Premises, Selection, all_premises, move_premises, put_premises

_PHONE = re.compile(r"(?=(?:[^0-9]*[0-9]){3})\+?[0-9 ()./-]{3,30}")


class NewPremises(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known of premises to open them."""

    code: str
    name: str
    tz: str
    hours: Hours
    address: str | None = None
    licence_no: str | None = None
    licence_type: str | None = None
    licensee_id: UUID | None = None
    lat_e7: int | None = None
    lon_e7: int | None = None
    phone: str | None = None


def open_premises(connection: psycopg.Connection, wanted: NewPremises, *, actor: Actor, at: datetime) -> Premises:
    """Makes the premises with their audit event; the same ones again are given back, others of that code refused."""
    check_zone(wanted.tz)
    _check_position(wanted.lat_e7, wanted.lon_e7)
    _check_phone(wanted.phone)
    if not DEVICE_NAME.fullmatch(wanted.code):
        raise MasterDataError(
            f"code {wanted.code!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -", field="body.code"
        )
    existing = next((known for known in all_premises(connection) if known.code == wanted.code), None)
    if existing is not None:
        _refuse_differences(existing, wanted)
        return existing
    values = msgspec.structs.asdict(wanted)
    premises = Premises(id=new_id(at), created_at=at, **values)
    put_premises(connection, premises)
    event = AuditEvent(
        at=at, actor=actor, action="premises.opened", object_kind="premises", object_id=str(premises.id),
        premises_id=premises.id, after=values,
    )  # fmt: skip
    record(connection, [event])
    return premises


def change_premises(
    connection: psycopg.Connection, premises: Premises, values: dict[str, Any], *, actor: Actor, at: datetime
) -> Premises:
    """What is given of name, zone, hours, address, licence and position; the same again changes nothing."""
    if premises.retired_at is not None:
        raise MasterDataConflictError(f"premises {premises.code} are closed")
    changed, before, after = with_changes(premises, values)
    check_zone(changed.tz)
    _check_position(changed.lat_e7, changed.lon_e7)
    _check_phone(changed.phone)
    if after:
        rows.change_premises(connection, changed)
        rows.move_premises(connection, premises.id, changed.lat_e7, changed.lon_e7)
        tell(connection, "premises.changed", premises, actor, at, premises_id=premises.id, before=before, after=after)
    return changed


def close_premises(connection: psycopg.Connection, premises: Premises, *, actor: Actor, at: datetime) -> None:
    """Nothing leaves from here any more; the record stays."""
    if premises.retired_at is not None:
        raise MasterDataConflictError(f"premises {premises.code} are closed already")
    left = rows.select_vehicles(connection, Selection(premises_ids=[premises.id]))
    if left:
        names = ", ".join(one.name for one in left[:10]) + (" …" if len(left) > 10 else "")
        raise MasterDataConflictError(f"premises {premises.code} have vehicles in service, retire them first: {names}")
    changed, before, after = with_changes(premises, {"retired_at": at})
    rows.change_premises(connection, changed)
    tell(connection, "premises.closed", premises, actor, at, premises_id=premises.id, before=before, after=after)


def premises_by_id(connection: psycopg.Connection, premises_id: UUID) -> Premises:
    """The premises that a row of theirs names."""
    return next(one for one in rows.all_premises(connection) if one.id == premises_id)


def place_premises(
    connection: psycopg.Connection,
    premises: Premises,
    lat_e7: int | None,
    lon_e7: int | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Sets the position that departures and returns are judged by; the same position again changes nothing."""
    before = {"lat_e7": premises.lat_e7, "lon_e7": premises.lon_e7}
    after = {"lat_e7": lat_e7, "lon_e7": lon_e7}
    if before == after:
        return
    move_premises(connection, premises.id, lat_e7, lon_e7)
    event = AuditEvent(
        at=at, actor=actor, action="premises.placed", object_kind="premises", object_id=str(premises.id),
        premises_id=premises.id, before=before, after=after,
    )  # fmt: skip
    record(connection, [event])


def find_premises(connection: psycopg.Connection, code: str | None) -> Premises:
    """The premises of this code; without a code the only ones there are."""
    known = all_premises(connection)
    if not known:
        raise MasterDataError("there are no premises yet: run waybill init")
    if code is None and len(known) == 1:
        return known[0]
    found = next((premises for premises in known if premises.code == code), None)
    if found is None:
        codes = ", ".join(premises.code for premises in known)
        what = "several premises exist, name one" if code is None else f"no premises have the code {code!r}"
        raise MasterDataError(f"{what}: {codes}")
    return found


def check_zone(tz: str) -> None:
    """Raises MasterDataError when `tz` is no zone of the IANA database."""
    if tz not in zoneinfo.available_timezones():
        raise MasterDataError(f"time zone {tz!r} is unknown; IANA names such as Europe/Helsinki are known",
                              field="body.tz")  # fmt: skip


def _check_position(lat_e7: int | None, lon_e7: int | None) -> None:
    if (lat_e7 is None) != (lon_e7 is None):
        raise MasterDataError("lat and lon belong together: give both or neither", field="body.lat")


def _check_phone(phone: str | None) -> None:
    if phone is not None and not _PHONE.fullmatch(phone):
        raise MasterDataError(f"phone {phone!r} is no number: digits, blanks and + ( ) - . / are, 3 digits at least",
                              field="body.phone")  # fmt: skip


def _refuse_differences(existing: Premises, wanted: NewPremises) -> None:
    for name, value in msgspec.structs.asdict(wanted).items():
        known = getattr(existing, name)
        if value is not None and value != known:
            raise MasterDataError(f"premises {existing.code} exist already with {name} {known!r}, not {value!r}")
