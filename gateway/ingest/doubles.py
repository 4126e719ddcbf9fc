"""Two units under one name: staff hear of it when a spool speaks again after another one did. Cuts off neither."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
import psycopg

from gateway.ingest.contradictions import TELL_EVERY
from storage.audit import Actor, AuditEvent, record, recorded_since
from storage.device_log import spool_that_spoke
from storage.exceptions import NewContradiction, put_contradiction

log = logging.getLogger(__name__)

_ACTION = "device.doubled"
# A unit numbers in one spool and never goes back to an older one, unless somebody puts an old disk back.
_REMEMBERED = timedelta(days=1)


class SpoolChange(msgspec.Struct, frozen=True):
    """A device that names another spool than in its word before."""

    device_id: int
    before: str
    now: str
    at: datetime


def meet_doubles(connection: psycopg.Connection, changes: list[SpoolChange]) -> None:
    """An exception and an audit event for each device whose spools take turns, once an hour.

    To be called before the changes are in the device's log.
    """
    for change in changes:
        unit = spool_that_spoke(connection, change.device_id, change.now, change.at - _REMEMBERED)
        if unit is None or recorded_since(connection, _ACTION, "device", unit.device, change.at - TELL_EVERY):
            continue
        rule = (
            f"two units speak as {unit.device}: spool {change.now} spoke again after spool {change.before};"
            " both are stored, and one of them needs a name and a credential of its own"
        )
        if unit.premises_id is not None and unit.vehicle_id is not None and unit.lat_e7 is not None:
            new = NewContradiction(
                premises_id=unit.premises_id, vehicle_id=unit.vehicle_id, from_at=change.at, to_at=change.at,
                lat_e7=unit.lat_e7, lon_e7=unit.lon_e7 or 0, rule=rule,
            )  # fmt: skip
            put_contradiction(connection, new, change.at)
        event = AuditEvent(
            at=change.at, actor=Actor("device", unit.device), action=_ACTION, object_kind="device",
            object_id=unit.device, premises_id=unit.premises_id, reason=rule,
            after={"spools": [change.before, change.now]},
        )  # fmt: skip
        record(connection, [event])
        log.warning("two units speak under one name", extra={"action": "two_units", "device": unit.device})
