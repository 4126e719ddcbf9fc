"""What a batch changes of the past: late fixes, failed steps, devices that have sent all they held. Derives nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from contract.messages import Status
from contract.reasons import DerivationCause
from contract.times import parse_instant
from gateway.ingest.device_words import changes
from gateway.ingest.doubles import SpoolChange, meet_doubles
from gateway.ingest.tracker import Tracked
from storage.derivation_queue import LateSpan, queue_hours, queue_hours_since, queue_spans, queue_unsettled
from storage.device_log import DeviceEntry, put_device_log, words_of_devices
from storage.fixes import FixRow, Stored

# A spool keeps a week; what is older settles by itself or never.
_SETTLES_WITHIN = timedelta(days=14)
_SETTLING = frozenset({"caught_up", "given_up"})
DeviceStatus = tuple[int, Status, datetime]  # device, its word, when it was received


def queue_what_is_late(connection: psycopg.Connection, rows: list[FixRow], stored: Stored, tracked: Tracked) -> None:
    """Queues trips and hours that newly stored fixes belong to and that the engine has not seen them in."""
    late = [rows[place] for place in tracked.late if place in stored.new]
    missed = [row for row in rows if row.device_id in tracked.failed] if tracked.failed else []
    if not late and not missed:
        return
    spans = _spans(late, DerivationCause.LATE_DATA) + _spans(missed, DerivationCause.STEP_FAILED)
    queue_spans(connection, spans)
    queue_hours(connection, {(row.device_id, _hour(row.fix.fixed_at)) for row in (*late, *missed)})


def keep_words(connection: psycopg.Connection, statuses: list[DeviceStatus], now: datetime) -> bool:
    """Logs what changed in the devices' words, before the newest ones take the place of the old.

    Whether a device announces other intervals than before: they say how long a silence is a gap.
    """
    if not statuses:
        return False
    words = words_of_devices(connection, {device_id for device_id, _, _ in statuses})
    entries: list[DeviceEntry] = []
    turns: list[SpoolChange] = []
    announced: dict[int, bool] = {}  # devices with other intervals than before; whether they had none before
    for device_id, status, received_at in statuses:
        before = words.get(device_id, {})
        if status.spool is not None and before.get("spool") not in (None, status.spool):
            turns.append(SpoolChange(device_id, before["spool"], status.spool, received_at))
        if (status.report_interval_s, status.heartbeat_s) not in ((None, None), _intervals(before)):
            announced.setdefault(device_id, _intervals(before) == (None, None))
        entries += changes(device_id, before, status, received_at)
        said = _builtins(status)
        words[device_id] = {**before, **said} if status.state == "offline" else said
    meet_doubles(connection, turns)
    if entries:
        put_device_log(connection, entries)
    settling = {entry.device_id for entry in entries if entry.kind in _SETTLING}
    if settling:
        queue_unsettled(connection, settling, now - _SETTLES_WITHIN)
    if first := [device_id for device_id, is_first in announced.items() if is_first]:
        queue_hours_since(connection, first, now - _SETTLES_WITHIN)
    return bool(announced)


def watermarks(statuses: Iterable[DeviceStatus]) -> dict[int, datetime]:
    """Devices that hold nothing back: all that they took up to the time they name is here."""
    found: dict[int, datetime] = {}
    for device_id, status, _ in statuses:
        if status.state == "online" and status.backlog == 0 and status.at is not None:
            try:
                found[device_id] = parse_instant(status.at)
            except ValueError:
                continue
    return found


def _intervals(word: dict[str, Any]) -> tuple[float | None, float | None]:
    return word.get("report_interval_s"), word.get("heartbeat_s")


def _spans(rows: list[FixRow], cause: DerivationCause) -> list[LateSpan]:
    times: dict[int, list[datetime]] = {}
    for row in rows:
        times.setdefault(row.device_id, []).append(row.fix.fixed_at)
    return [LateSpan(device_id, min(found), max(found), cause) for device_id, found in sorted(times.items())]


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _builtins(status: Status) -> dict[str, object]:
    return dict(msgspec.to_builtins(status))
