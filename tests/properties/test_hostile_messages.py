"""Rubbish and damaged messages in numbers: none raises, and none becomes a fix that breaks the rules of the wire."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from contract.reasons import RejectReason
from gateway.ingest.batch import read_batch
from tests.fixtures.hostile import NOW, judge, messages

SHORT, LONG = 20_000, 1_000_000


def read_and_judge(seed: str, count: int) -> Counter[str]:
    """How many fixes, statuses and rejects, by reason, came of `count` messages."""
    seen: Counter[str] = Counter()
    for message in islice(messages(seed), count):
        batch = read_batch([message], NOW)
        judge(message, batch)
        seen.update(reject.reason.value for reject, _ in batch.rejects)
        seen.update(fixes=len(batch.fixes), statuses=len(batch.statuses))
    return seen


def test_no_damaged_message_raises_or_becomes_an_impossible_fix() -> None:
    seen = read_and_judge("short", SHORT)

    # Else the damage would be too coarse to try the rules, or too fine to be refused.
    assert min(seen["fixes"], seen["statuses"], seen["unreadable"], seen["invalid_field"]) > SHORT / 100
    assert {"no_position", "no_number", "out_of_claim", "wrong_spool", "time_too_old", "time_in_future"} <= set(seen)


@pytest.mark.long
def test_a_million_damaged_messages() -> None:
    seen = read_and_judge("a million", LONG)

    assert {reason.value for reason in RejectReason} - set(seen) == {
        # these are found in the database, or of a whole batch
        "too_many_days", "wrong_device", "unknown_device", "conflicting_duplicate", "unstorable",
    }  # fmt: skip
