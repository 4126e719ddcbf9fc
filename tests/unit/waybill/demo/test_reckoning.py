"""The reckoning finds a number that is missing, one too many, and a receipt that says more than the rows."""

from __future__ import annotations

import msgspec
import pytest

from contract.milestones import Milestone
from storage.coverage import Coverage
from waybill.demo.fleet import VanProgress
from waybill.demo.reckoning import Reckoning, compare, few

UNIT = VanProgress(device="gps-01", spool="s", spooled=5, confirmed=5, backlog=0, newest_at=None)
WHOLE = Coverage(
    fixes=4,
    rejects=1,
    fix_seqs=frozenset({1, 2, 4, 5}),
    reject_seqs=frozenset({3}),
    progress_seqs=frozenset({1, 2, 3, 4, 5}),
)


def test_a_reject_is_stored_as_much_as_a_fix() -> None:
    assert compare(UNIT, WHOLE).agrees


def test_a_number_that_is_not_stored_is_missing() -> None:
    lost = msgspec.structs.replace(WHOLE, fixes=3, fix_seqs=frozenset({1, 2, 5}))

    outcome = compare(UNIT, lost)

    assert (outcome.missing, outcome.extra, outcome.unreceipted, outcome.agrees) == ((4,), (), 1, False)


def test_a_number_that_was_never_given_is_extra() -> None:
    strange = msgspec.structs.replace(WHOLE, fixes=5, fix_seqs=WHOLE.fix_seqs | {9})

    outcome = compare(UNIT, strange)

    assert (outcome.missing, outcome.extra, outcome.agrees) == ((), (9,), False)


def test_a_number_stored_twice_does_not_agree() -> None:
    assert not compare(UNIT, msgspec.structs.replace(WHOLE, fixes=5)).agrees


def test_a_receipt_for_what_is_not_stored_does_not_agree() -> None:
    assert not compare(UNIT, msgspec.structs.replace(WHOLE, progress_seqs=frozenset(range(1, 7)))).agrees


@pytest.mark.parametrize(("delivered", "passed"), [(3, True), (2, False)])
def test_too_few_deliveries_fail_the_demo(delivered: int, passed: bool) -> None:
    reckoning = Reckoning(units=(compare(UNIT, WHOLE),), orders={Milestone.DELIVERED: delivered})

    assert reckoning.passed is passed


def test_no_unit_at_all_fails_the_demo() -> None:
    assert not Reckoning(units=(), orders={Milestone.DELIVERED: 9}).passed


def test_a_table_names_the_first_numbers() -> None:
    assert [few(()), few((4,)), few((1, 2, 3, 4))] == ["0", "1: 4", "4: 1, 2, 3 …"]
