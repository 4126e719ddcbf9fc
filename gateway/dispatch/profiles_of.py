"""Which profile premises chose, which version a trip runs under, and new versions. Holds no value of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from contract.reasons import NOT_PERMITTED, StopReason
from gateway.dispatch.errors import DispatchError, NoSuchTripError
from gateway.dispatch.profile import PLAIN, Profile, Settings, in_force, shipped, with_values
from storage.audit import Actor, AuditEvent, record
from storage.profiles import (
    ProfileVersion,
    choose_profile,
    pin_profile,
    profile_of_premises,
    profile_version,
    profile_versions,
    put_profile_version,
)
from storage.trips import TripHead, read_head

_SHIPPED_BY = Actor("system", "waybill")


def settings_of(version: ProfileVersion) -> Settings:
    return msgspec.convert(version.settings, Settings)


def newest(connection: psycopg.Connection, name: str, at: datetime) -> ProfileVersion:
    """The version that trips are planned under now; one that comes with Waybill is kept as version 1 first."""
    if name in shipped():
        settings = msgspec.to_builtins(shipped()[name].settings)
        put_profile_version(connection, name, 1, settings, at=at, actor=_SHIPPED_BY, reason="as it comes with Waybill")
    versions = profile_versions(connection, name)
    if not versions:
        raise _no_such_profile(connection, name)
    return versions[0]


def newest_settings(connection: psycopg.Connection, name: str) -> Settings:
    """Those of the version that trips are planned under now. Only reads: none is kept here."""
    if versions := profile_versions(connection, name):
        return settings_of(versions[0])
    if name not in shipped():
        raise _no_such_profile(connection, name)
    return shipped()[name].settings


def pin(connection: psycopg.Connection, trip_id: UUID, premises_id: UUID, at: datetime) -> None:
    """The trip runs under the newest version of what its premises chose, for good."""
    version = version_of_premises(connection, premises_id, at)
    pin_profile(connection, trip_id, version.name, version.version)


def profile_of_trip(connection: psycopg.Connection, head: TripHead, at: datetime) -> Profile:
    """What is in force for the trip; one that was planned before there were profiles runs under the premises'."""
    return in_force(settings_of(version_of_trip(connection, head, at)))


def version_of_trip(connection: psycopg.Connection, head: TripHead, at: datetime) -> ProfileVersion:
    """The version that the trip runs under."""
    if head.profile is None or head.profile_version is None:
        return version_of_premises(connection, head.premises_id, at)
    version = profile_version(connection, head.profile, head.profile_version)
    assert version is not None, "a foreign key keeps pinned versions"
    return version


def version_of_premises(connection: psycopg.Connection, premises_id: UUID, at: datetime) -> ProfileVersion:
    """The version that trips of the premises are planned under now."""
    return newest(connection, profile_of_premises(connection, premises_id) or PLAIN, at)


def permits_stop(connection: psycopg.Connection, trip_id: UUID, reason: StopReason, at: datetime) -> bool:
    """Whether a trip may stand for this reason; where its profile has no list, what nobody's rules forbid."""
    allowed = profile_of_trip(connection, read_head(connection, trip_id), at).allowed_stop_reasons
    # Traffic is nobody's choice.
    return reason not in NOT_PERMITTED if allowed is None else reason in (*allowed, StopReason.TRAFFIC)


def set_values(
    connection: psycopg.Connection, name: str, values: Mapping[str, Any], *, reason: str, actor: Actor, at: datetime,
    based_on: str | None = None,
) -> ProfileVersion:  # fmt: skip
    """A new version with these values; a new profile begins with the settings of `based_on`."""
    known = {*shipped(), *(one.name for one in profile_versions(connection))}
    if name in known:
        before = newest(connection, name, at)
    elif based_on is None:
        raise NoSuchTripError(f"there is no profile {name!r}; based_on makes one from: {', '.join(sorted(known))}")
    else:
        before = msgspec.structs.replace(newest(connection, based_on, at), name=name, version=0)
    settings = with_values(settings_of(before), values, reason)
    built: dict[str, Any] = msgspec.to_builtins(settings)
    version = before.version + 1
    if not put_profile_version(connection, name, version, built, at=at, actor=actor, reason=reason):
        raise DispatchError(f"somebody made version {version} of {name} just now: read it, then try again")
    event = AuditEvent(
        at=at, actor=actor, action="profile.changed", object_kind="profile", object_id=name, reason=reason,
        before={"version": before.version, **_values(before.settings, values)},
        after={"version": version, **_values(built, values)},
    )  # fmt: skip
    record(connection, [event])
    return newest(connection, name, at)


def choose(
    connection: psycopg.Connection, premises_id: UUID, name: str, *, reason: str, actor: Actor, at: datetime
) -> None:
    """Trips that are planned at the premises from now on run under this profile."""
    newest(connection, name, at)
    before = profile_of_premises(connection, premises_id) or PLAIN
    choose_profile(connection, premises_id, name)
    event = AuditEvent(
        at=at, actor=actor, action="premises.profile_chosen", object_kind="premises", object_id=str(premises_id),
        premises_id=premises_id, before={"profile": before}, after={"profile": name}, reason=reason,
    )  # fmt: skip
    record(connection, [event])


def _no_such_profile(connection: psycopg.Connection, name: str) -> NoSuchTripError:
    known = ", ".join(sorted({*shipped(), *(one.name for one in profile_versions(connection))}))
    return NoSuchTripError(f"there is no profile {name!r}; there are: {known}")


def _values(settings: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings.get(name) for name in names}
