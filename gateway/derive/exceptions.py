"""Opens an exception for what must be explained and withdraws what is not shown any more. Explains none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import psycopg

from contract.places import ZoneKind
from contract.reasons import ExceptionKind, StopReason
from gateway.derive.ground import GroundHistory
from gateway.tracking.zones import Zone
from storage.audit import Actor, AuditEvent, record
from storage.derived_rows import Evidence, Findings, StopRow, ZoneVisitRow
from storage.exceptions import (
    GivenReason,
    KnownException,
    NewException,
    change_exception,
    exceptions_of_trip,
    put_exception,
    reasons_of_trip,
    withdraw_exception,
)

_SHOWN_BY_FIXES = frozenset({
    ExceptionKind.UNEXPLAINED_STOP, ExceptionKind.PROHIBITED_PLACE, ExceptionKind.LEFT_STATE,
})  # fmt: skip


def sync_exceptions(
    connection: psycopg.Connection,
    trip_id: UUID,
    found: Findings,
    ground: GroundHistory,
    *,
    actor: Actor,
    at: datetime,
    whole: bool,
) -> None:
    """Makes the trip's exceptions those that `found` shows; unless `found` is the whole trip, none is withdrawn."""
    if not whole and not found.stops and not found.zone_visits:
        return  # nothing is wanted and nothing withdrawn: so with most batches of a trip under way
    wanted = list(_wanted(found, ground, reasons_of_trip(connection, trip_id)))
    known = exceptions_of_trip(connection, trip_id)
    events: list[AuditEvent] = []
    for new in wanted:
        same = next((one for one in known if _same(one, new)), None)
        if same is None:
            exception_id, premises_id = put_exception(connection, trip_id, new, at)
            after = {"kind": new.kind, "from_at": new.from_at, "to_at": new.to_at, "rule": new.rule}
            events.append(_event("exception.opened", exception_id, premises_id, actor, at, after))
            continue
        known.remove(same)
        if (same.from_at, same.to_at, same.rule) != (new.from_at, new.to_at, new.rule):
            change_exception(connection, same.id, new)
    for one in known if whole else ():
        # What is about a person's word is not withdrawn because fixes look otherwise.
        if one.kind in _SHOWN_BY_FIXES:
            premises_id = withdraw_exception(connection, one.id, at)
            events.append(_event("exception.withdrawn", one.id, premises_id, actor, at, {"kind": one.kind}))
    record(connection, events)


def _wanted(found: Findings, ground: GroundHistory, given: list[GivenReason]) -> Iterator[NewException]:
    for stop in found.stops:
        if stop.reason == StopReason.UNEXPLAINED and not any(_shares_time(reason, stop) for reason in given):
            yield _unexplained(stop, ground)
    for visit in found.zone_visits:
        held = ground.at(visit.entered_at).zones
        zone = next((one for one in held.zones if one.zone_id == visit.zone_id), None) if held else None
        if zone is not None and zone.kind is ZoneKind.PROHIBITED:
            yield _about(ExceptionKind.PROHIBITED_PLACE, visit, zone, visit.entered_at, visit.left_at, found)
        if zone is not None and zone.kind is ZoneKind.STATE and visit.left_at is not None:
            yield _about(ExceptionKind.LEFT_STATE, visit, zone, visit.left_at, _back_in(found, visit), found)


def _unexplained(stop: StopRow, ground: GroundHistory) -> NewException:
    limit_s = ground.at(stop.began_at).policy.traffic_below_s
    stood = "" if stop.ended_at is None else f" {(stop.ended_at - stop.began_at).total_seconds():.0f} s"
    return NewException(
        kind=ExceptionKind.UNEXPLAINED_STOP, zone_id=None, from_at=stop.began_at, to_at=stop.ended_at,
        lat_e7=stop.lat_e7, lon_e7=stop.lon_e7,
        rule=f"stood{stood} at no door, premises or known place; up to {limit_s:g} s are traffic",
    )  # fmt: skip


def _about(
    kind: ExceptionKind, visit: ZoneVisitRow, zone: Zone, from_at: datetime, to_at: datetime | None, found: Findings
) -> NewException:  # fmt: skip
    deciding: Evidence = visit.entered_evidence or visit.left_evidence or []
    if kind is ExceptionKind.LEFT_STATE:
        deciding = visit.left_evidence or []
    lasted = "" if to_at is None else f" for {(to_at - from_at).total_seconds():.0f} s"
    word = "was in the prohibited place" if kind is ExceptionKind.PROHIBITED_PLACE else "was outside"
    return NewException(
        kind=kind, zone_id=zone.zone_id, from_at=from_at, to_at=to_at, lat_e7=deciding[-1]["lat_e7"],
        lon_e7=deciding[-1]["lon_e7"], rule=f"{word} {zone.name}{lasted}{_unsure(found, from_at)}",
    )  # fmt: skip


def _unsure(found: Findings, at: datetime) -> str:
    """At the end of a gap nobody knows since when."""
    gap = next((one for one in found.gaps if one.ended_at == at), None)
    if gap is None:
        return ""
    return f"; since when is known only to within a gap of {(at - gap.began_at).total_seconds():.0f} s before"


def _back_in(found: Findings, visit: ZoneVisitRow) -> datetime | None:
    """When it came back into the zone that it left."""
    later = [
        one.entered_at for one in found.zone_visits
        if one.zone_id == visit.zone_id and visit.left_at is not None and one.entered_at >= visit.left_at
    ]  # fmt: skip
    return min(later, default=None)


def _same(known: KnownException, new: NewException) -> bool:
    return (
        (known.kind, known.zone_id) == (new.kind, new.zone_id)
        and (new.to_at is None or known.from_at <= new.to_at)
        and (known.to_at is None or new.from_at <= known.to_at)
    )


def _shares_time(reason: GivenReason, stop: StopRow) -> bool:
    return (stop.ended_at is None or reason.from_at <= stop.ended_at) and (
        reason.to_at is None or stop.began_at <= reason.to_at
    )


def _event(
    action: str, exception_id: UUID, premises_id: UUID, actor: Actor, at: datetime, after: dict[str, object]
) -> AuditEvent:
    return AuditEvent(
        at=at, actor=actor, action=action, object_kind="exception", object_id=str(exception_id),
        premises_id=premises_id, after=after,
    )  # fmt: skip
