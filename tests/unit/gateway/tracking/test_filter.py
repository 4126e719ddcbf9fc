"""Which fixes the filter refuses, and by which rule."""

from __future__ import annotations

import msgspec
import pytest

from contract.fix import Fix, Quality
from contract.reasons import RefusalRule
from gateway.tracking.filter import Seen, judge
from gateway.tracking.policy import Policy
from tests.unit.gateway.tracking.worlds import HOME, POLICY, fix, north


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (fix(0, HOME, quality=Quality.SIMULATED), RefusalRule.SIMULATED),
        (fix(0, HOME, replayed=True), RefusalRule.REPLAYED),
        (fix(0, (5, -7)), RefusalRule.NULL_ISLAND),
        (fix(0, HOME, hdop=25.0), RefusalRule.POOR_ACCURACY),
        (msgspec.structs.replace(fix(0, HOME), accuracy_m=5000.0), RefusalRule.POOR_ACCURACY),
    ],
)
def test_what_a_fix_says_of_itself(bad: Fix, rule: RefusalRule) -> None:
    assert judge(Seen(), bad, POLICY) == (Seen(), rule)


def test_a_demo_accepts_simulated_and_replayed_fixes() -> None:
    policy = Policy(accept_simulated=True, accept_replayed=True)

    _, rule = judge(Seen(), fix(0, HOME, quality=Quality.SIMULATED, replayed=True), policy)

    assert rule is None


def test_a_jump_is_refused_and_the_next_good_fix_counts() -> None:
    seen, _ = judge(Seen(), fix(0, HOME), POLICY)

    seen, jumped = judge(seen, fix(1, north(5000)), POLICY)
    _, back = judge(seen, fix(2, north(10)), POLICY)

    assert jumped is RefusalRule.JUMP
    assert back is None


def test_fixes_that_agree_with_one_another_overrule_a_wild_first_one() -> None:
    seen, _ = judge(Seen(), fix(0, north(300_000)), POLICY)

    rules = []
    for second in range(1, 8):
        seen, rule = judge(seen, fix(second, north(second)), POLICY)
        rules.append(rule)

    assert rules == [RefusalRule.JUMP] * (POLICY.jump_agreeing - 1) + [None] * (8 - POLICY.jump_agreeing)


def test_distance_driven_in_a_silence_is_no_jump() -> None:
    seen, _ = judge(Seen(), fix(0, HOME), POLICY)

    _, rule = judge(seen, fix(3600, north(50_000)), POLICY)

    assert rule is None
