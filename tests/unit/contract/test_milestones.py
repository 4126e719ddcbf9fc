"""Which milestone may follow which: every one can be reached, and the ends are ends."""

from __future__ import annotations

from itertools import pairwise

from contract.milestones import FOLLOWERS, Milestone, may_follow


def reachable() -> set[Milestone]:
    found: set[Milestone] = set()
    waiting: list[Milestone | None] = [None]
    while waiting:
        for after in FOLLOWERS[waiting.pop()] - found:
            found.add(after)
            waiting.append(after)
    return found


def test_every_milestone_can_be_reached_and_has_its_followers_listed() -> None:
    assert reachable() == set(Milestone)
    assert set(FOLLOWERS) == {None, *Milestone}


def test_only_what_was_delivered_is_final() -> None:
    # A failed or cancelled order's goods still have to come back, and a returned one may go out again.
    assert [milestone for milestone in Milestone if not FOLLOWERS[milestone]] == [Milestone.DELIVERED]


def test_the_usual_day_of_an_order_is_allowed_step_by_step() -> None:
    day = ["received", "accepted", "preparing", "ready", "queued", "out_for_delivery", "arriving_soon", "arrived"]
    steps = [None, *(Milestone(word) for word in day), Milestone.DELIVERED]

    assert all(may_follow(before, after) for before, after in pairwise(steps) if after)


def test_an_order_begins_by_being_received_and_goods_leave_only_on_a_trip() -> None:
    assert [milestone for milestone in Milestone if may_follow(None, milestone)] == [Milestone.RECEIVED]
    before_leaving = {before for before in Milestone if may_follow(before, Milestone.OUT_FOR_DELIVERY)}
    assert before_leaving == {Milestone.QUEUED}


def test_an_attempt_may_be_repeated_but_a_delivery_may_not() -> None:
    assert may_follow(Milestone.FAILED, Milestone.DELIVERED)
    assert not may_follow(Milestone.DELIVERED, Milestone.DELIVERED)
    assert not may_follow(Milestone.DELIVERED, Milestone.CANCELLED)
