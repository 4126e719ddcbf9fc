"""One batch, one transaction: fixes, newest fixes, tracking, rejects, progress. Acknowledges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec
import psycopg

from contract.clock import Clock, true_now
from contract.codec import Claim, Reject
from contract.fix import Fix, Source
from contract.messages import Receipt
from contract.reasons import RejectReason
from gateway.ingest.batch import Batch, reject_fixes
from gateway.ingest.contradictions import Contradictions
from gateway.ingest.derived import remember_noted, write_derived
from gateway.ingest.findings import write_findings
from gateway.ingest.inbox import Message
from gateway.ingest.known import Known
from gateway.ingest.late import keep_words, queue_what_is_late, watermarks
from gateway.ingest.posted import as_message
from gateway.ingest.strangers import fixes_of_registered, meet_strangers, rejects_of_registered
from gateway.ingest.tracker import Tracked, Tracker
from gateway.tracking.events import MilestoneEvent
from storage.fixes import FixRow, Stored, store_fixes
from storage.ingest import TrackingState, put_outcome, put_rejects, put_statuses
from storage.posted import delete_posted, oldest_posted
from storage.senders import Registered


class Written(msgspec.Struct, frozen=True):
    """What one transaction stored."""

    receipts: dict[str, list[Receipt]]  # per device
    rejects: list[tuple[Reject, str]]
    fixes: int
    refused_by: dict[str, int]  # of the new ones, by rule
    duplicates: int
    late: int  # of the new ones
    unknown_fields: int
    ignored: int
    age_s: float | None  # of the last fix, when the batch was read; None: the batch held none


class Writer:
    """Writes batches over one connection; the tracker's memory follows only what was committed."""

    def __init__(self, connection: psycopg.Connection, tracker: Tracker) -> None:
        self._connection = connection
        self._tracker = tracker
        self._known = Known(connection, tracker.grounds, tracker.routes)
        self._contradictions = Contradictions(connection)

    def lost(self) -> bool:
        """Whether the connection is gone: then the batch is to be written again over a new one."""
        return self._connection.closed

    def write(self, batch: Batch, now: datetime) -> Written:
        """Stores `batch` or raises and stores nothing. `now` is the clock's.

        1. devices and spools; 2. the engine judges and follows; 3. fixes; 4. what was found; 5. rejects and
        statuses; 6. newest fixes, the engine's memory, progress. Then one commit.
        """
        received_at = true_now()
        with self._connection.transaction():
            self._known.begin()
            who = self._known.senders(batch.senders)
            ids = who.own_ids
            spools, known, rejects = self._place(batch, who)
            rejects += meet_strangers(self._connection, batch, who, received_at)
            statuses = [(ids[name], status, word.received_at) for name, status, word in batch.statuses if name in ids]
            tracked = self._tracker.run(
                self._connection, self._known, [(place, ids[fix.device], fix) for place, (fix, _) in enumerate(known)],
                lambda place: known[place][1].came_at or now,
                watermarks(statuses),
            )  # fmt: skip
            rows = [
                FixRow(fix, ids[fix.device], spools[ids[fix.device], fix.spool_id], message.received_at,
                       tracked.refused_by.get(place))
                for place, (fix, message) in enumerate(known)
            ]  # fmt: skip
            stored = store_fixes(self._connection, rows)
            contradicting = [known[place] for place in sorted(stored.conflicting)]
            rejects += self._contradictions.meet(contradicting, ids, received_at)
            self._found(tracked, ids, received_at)
            write_derived(self._connection, tracked, now)
            queue_what_is_late(self._connection, rows, stored, tracked)
            put_rejects(self._connection, rejects, received_at)
            if keep_words(self._connection, statuses, now):
                self._known.forget()
            put_statuses(self._connection, statuses)
            delete_posted(self._connection, batch.posted)
            claims = [
                (name, spools[place], claim) for name, claim in batch.claims
                if (place := (ids.get(name, 0), claim.spool)) in spools
            ]  # fmt: skip
            newest, states = _newest(rows, stored, who.phones), _states(rows, tracked)
            numbers = [(ids[name], spool_id, claim) for name, spool_id, claim in claims]
            receipts = put_outcome(self._connection, newest, states, numbers, now)
        self._known.committed()
        self._contradictions.committed()
        self._tracker.commit(tracked)
        remember_noted(tracked)
        repeated = len(rows) - len(stored.new) - len(stored.conflicting)
        refused = Counter(rule for place, rule in tracked.refused_by.items() if place in stored.new)
        late = sum(place in stored.new for place in tracked.late)
        age_s = (now - batch.fixes[-1][0].fixed_at).total_seconds() if batch.fixes else None
        return Written(
            _by_device(claims, receipts), rejects, len(stored.new), refused, repeated, late, batch.unknown_fields,
            batch.ignored, age_s,
        )  # fmt: skip

    def posted(self, limit: int, clock: Clock) -> list[Message]:
        """The oldest messages that did not come by the broker; none when the database does not answer."""
        try:
            waiting = oldest_posted(self._connection, limit)
        except psycopg.OperationalError:
            return []  # whoever writes next finds out
        return [as_message(one, clock) for one in waiting]

    def _place(
        self, batch: Batch, who: Registered
    ) -> tuple[dict[tuple[int, str], int], list[tuple[Fix, Message]], list[tuple[Reject, str]]]:
        """Ids of spools; the fixes that are in a spool of their own device; the rejects of registered devices."""
        ids, known, rejects = who.own_ids, fixes_of_registered(batch, who), rejects_of_registered(batch, who)
        wanted = {(ids[fix.device], fix.spool_id) for fix, _ in known}
        wanted |= {(ids[name], claim.spool) for name, claim in batch.claims if name in ids}
        spools = self._known.spool_ids(wanted)
        if wanted - spools.keys():
            misplaced = [pair for pair in known if (ids[pair[0].device], pair[0].spool_id) not in spools]
            known = [pair for pair in known if (ids[pair[0].device], pair[0].spool_id) in spools]
            detail = "the spool that numbered this fix is another device's"
            rejects += reject_fixes(misplaced, RejectReason.WRONG_DEVICE, detail)
        return spools, known, rejects

    def _found(self, tracked: Tracked, ids: Mapping[str, int], recorded_at: datetime) -> None:
        """Milestones that the batch showed."""
        if not any(isinstance(event, MilestoneEvent) for _, event in tracked.events):
            return
        devices = {device_id: name for name, device_id in ids.items()}
        write_findings(
            self._connection, [(devices[device_id], event) for device_id, event in tracked.events], recorded_at
        )
        self._known.forget()  # what was found changes the plans


def _newest(rows: list[FixRow], stored: Stored, phones: frozenset[int]) -> list[FixRow]:
    """The newest fix that counts of each device, in order of their ids."""
    newest: dict[int, FixRow] = {}
    for place in stored.new:
        row = rows[place]
        before = newest.get(row.device_id)
        counts = row.refused_by is None and (row.fix.source is Source.DEDICATED or row.device_id in phones)
        if counts and (before is None or before.fix.fixed_at < row.fix.fixed_at):
            newest[row.device_id] = row
    return [newest[device_id] for device_id in sorted(newest)]


def _states(rows: list[FixRow], tracked: Tracked) -> list[TrackingState]:
    """The engine's memory of each device of which it has seen a fix, be it one that does not count."""
    without = {device_id for device_id, state in tracked.states.items() if state.newest is None}
    seen: dict[int, datetime] = {}
    for row in rows if without else ():
        seen[row.device_id] = max(row.fix.fixed_at, seen.get(row.device_id, row.fix.fixed_at))
    return [
        TrackingState(device_id, msgspec.json.encode(state).decode(), newest_at, tracked.failed.get(device_id))
        for device_id, state in sorted(tracked.states.items())
        if (newest_at := state.newest or seen.get(device_id)) is not None
    ]


def _by_device(claims: list[tuple[str, int, Claim]], receipts: dict[int, Receipt]) -> dict[str, list[Receipt]]:
    """Per device the receipts of the spools that it named, given as (device, spool_id, claim)."""
    found: dict[str, list[Receipt]] = {}
    for spool_id, name in {spool_id: name for name, spool_id, _ in claims}.items():
        found.setdefault(name, []).append(receipts[spool_id])
    return found
