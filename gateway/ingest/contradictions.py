"""Fixes that contradict what is stored: rejects with their bytes, and an exception for staff. Changes no fix."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from contract.codec import Reject
from contract.fix import Fix
from contract.reasons import RejectReason
from gateway.ingest.batch import reject_fixes
from gateway.ingest.inbox import Message
from storage.audit import Actor, AuditEvent, record
from storage.exceptions import NewContradiction, put_contradiction
from storage.tracking import InstallRow, installs_of_devices

DETAIL = "this key (device, time, number) is stored with other content; the stored fix stays"
# Each is kept as a reject; staff are told once, or a unit gone mad would fill the audit trail.
TELL_EVERY = timedelta(hours=1)


class Contradictions:
    """Remembers whom staff were told of, so far as it was committed."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._told_at: dict[str, datetime] = {}
        self._telling: dict[str, datetime] = {}

    def meet(
        self, contradicting: list[tuple[Fix, Message]], ids: Mapping[str, int], recorded_at: datetime
    ) -> list[tuple[Reject, str]]:
        """Rejects for all of them; in the caller's transaction an exception and an audit event per device."""
        self._telling = {}
        by_device: dict[str, list[Fix]] = {}
        for fix, _ in contradicting:
            by_device.setdefault(fix.device, []).append(fix)
        new = [
            name for name in by_device if name not in self._told_at or recorded_at - self._told_at[name] >= TELL_EVERY
        ]
        if new:
            installs = installs_of_devices(self._connection, [ids[name] for name in new])
            events = [_event(name, by_device[name], installs.get(ids[name], []), recorded_at) for name in new]
            record(self._connection, events)
            for name in new:
                _open_exception(self._connection, by_device[name], installs.get(ids[name], []), recorded_at)
            self._telling = dict.fromkeys(new, recorded_at)
        return reject_fixes(contradicting, RejectReason.CONFLICTING_DUPLICATE, DETAIL)

    def committed(self) -> None:
        self._told_at.update(self._telling)


def _open_exception(connection: psycopg.Connection, fixes: list[Fix], installs: list[InstallRow], at: datetime) -> None:
    """For the staff of the vehicle that the unit was fitted in; a unit in none has only the audit trail."""
    first = min(fixes, key=lambda fix: fix.fixed_at)
    where = next((one for one in installs if _holds(one, first.fixed_at)), None)
    if where is None:
        return
    new = NewContradiction(
        premises_id=UUID(where.premises_id), vehicle_id=UUID(where.vehicle_id), from_at=first.fixed_at,
        to_at=max(fix.fixed_at for fix in fixes), lat_e7=first.lat_e7, lon_e7=first.lon_e7,
        rule=f"{first.device} sent {len(fixes)} fixes again with other content, the first as number {first.seq} of"
        f" spool {first.spool_id}; what was stored first stays, the others are rejects",
    )  # fmt: skip
    put_contradiction(connection, new, at)


def _event(name: str, fixes: list[Fix], installs: list[InstallRow], at: datetime) -> AuditEvent:
    first = fixes[0]
    where = next((one for one in installs if _holds(one, first.fixed_at)), None)
    return AuditEvent(
        at=at, actor=Actor("device", name), action="device.contradicted", object_kind="device", object_id=name,
        premises_id=None if where is None else where.premises_id, reason=DETAIL,
        after={"fixes": len(fixes), "spool": first.spool_id, "seq": first.seq, "fixed_at": first.fixed_at},
    )  # fmt: skip


def _holds(install: InstallRow, at: datetime) -> bool:
    return (install.from_at is None or install.from_at <= at) and (install.to_at is None or at < install.to_at)
