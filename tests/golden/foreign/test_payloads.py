"""What becomes of each known payload of foreign senders, in the pure decoder."""

from __future__ import annotations

import pytest

from contract.fix import Source
from contract.foreign import FLESPI, decode_foreign
from gateway.tracking.filter import Seen, judge
from gateway.tracking.policy import Policy
from tests.golden.foreign.expected import FIX, REFUSED, REJECT, Payload, payloads


@pytest.mark.parametrize("payload", payloads(), ids=lambda payload: f"{payload.number}-{payload.format}")
def test_a_payload_becomes_what_is_expected_of_it(payload: Payload) -> None:
    sender = payload.sender
    if sender is None:
        assert payload.outcome == []  # on a topic that nobody subscribes to
        return

    read = decode_foreign(sender, "phone-1", payload.body, payload.at)

    judged = [REFUSED if judge(Seen(), fix, Policy())[1] else FIX for fix in read.fixes]
    assert judged + [REJECT] * len(read.rejects) == payload.outcome
    assert bool(read.ignored) == (read.why_ignored is not None)
    assert all(reject.raw and reject.raw in payload.body for reject in read.rejects)
    assert all(fix.spool_id == sender.protocol for fix in read.fixes)
    assert all((fix.source is Source.PHONE) == (sender.protocol != FLESPI) for fix in read.fixes)


@pytest.mark.parametrize("payload", [one for one in payloads() if one.sender], ids=lambda payload: payload.number)
def test_the_same_payload_again_has_the_same_numbers(payload: Payload) -> None:
    assert payload.sender is not None

    first, second = (decode_foreign(payload.sender, "phone-1", payload.body, payload.at) for _ in range(2))

    assert first == second
    assert len({(fix.fixed_at, fix.seq) for fix in first.fixes}) == len(first.fixes)
