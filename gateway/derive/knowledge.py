"""What storage knows about a gap: missing and given-up numbers, backlog, the device's own words. Judges none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import psycopg

from contract.reasons import GapCause
from gateway.tracking.events import Gap
from gateway.tracking.gaps import DeviceWord, Knowledge, Verdict, verdict
from storage.derivation import device_word, missing_numbers, numbers_elsewhere
from storage.device_log import DeviceEntry, device_log, given_up_numbers

_WORDS = frozenset({"offline", "off_duty", "stuck", "no_fix"})


def judge_of(connection: psycopg.Connection, device_at: Callable[[datetime], int | None]) -> Callable[[Gap], Verdict]:
    """A judge of gaps that asks storage; device_at tells whose fixes a time's are."""

    def judge(gap: Gap) -> Verdict:
        device_id = device_at(gap.began_at)
        return verdict(gap, Knowledge() if device_id is None else knowledge(connection, device_id, gap))

    return judge


def knowledge(connection: psycopg.Connection, device_id: int, gap: Gap) -> Knowledge:
    """All that is known of the time of the gap."""
    spool = gap.spool_before
    first, last = gap.evidence[0].seq, gap.evidence[-1].seq
    said = device_word(connection, device_id)
    entries = device_log(connection, device_id, gap.began_at, gap.at)
    missing = missing_numbers(connection, device_id, spool, first + 1, last - 1) if spool == gap.spool_after else ()
    words = tuple(_word(entry) for entry in entries if _tells(entry))
    # Two days of the unit's fixes are read for it. The verdict comes to it only when place, numbers and words are
    # silent, and each of them decides by itself: no missing number lies outside of the gap, no word of _WORDS is mute.
    decided = gap.cause is GapCause.STUCK or missing or words
    return Knowledge(
        missing=missing,
        given_up=given_up_numbers(connection, device_id, spool),
        elsewhere=0 if decided else _elsewhere(connection, device_id, gap),
        backlog=said.get("backlog") if said.get("spool") == spool else None,
        words=words,
    )


def _elsewhere(connection: psycopg.Connection, device_id: int, gap: Gap) -> int:
    """Fixes that the unit numbered within the gap and that came with other times; asked only when there are numbers."""
    first, last = gap.evidence[0].seq + 1, gap.evidence[-1].seq - 1
    if gap.spool_before != gap.spool_after or gap.boot_before is None or last - first < gap.refused:
        return 0
    return numbers_elsewhere(connection, device_id, gap.spool_before, (first, last), gap.began_at, gap.at)


def _tells(entry: DeviceEntry) -> bool:
    """The broker's last will says that the line broke, not what the unit did."""
    return entry.kind in _WORDS and entry.facts.get("by") != "broker"


def _word(entry: DeviceEntry) -> DeviceWord:
    return DeviceWord(
        at=entry.at, online=entry.kind != "offline", off_duty=entry.kind == "off_duty", stuck=entry.kind == "stuck",
        has_fix=False if entry.kind == "no_fix" else None,
    )  # fmt: skip
