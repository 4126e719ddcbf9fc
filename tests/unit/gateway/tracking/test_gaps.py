"""The cause of a gap, from fixes and from what storage knows; and the policy as people change it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from contract.reasons import GapCause
from gateway.tracking.events import Gap, Point
from gateway.tracking.gaps import DeviceWord, Knowledge, verdict
from gateway.tracking.policy import Policy, overridden, thresholds
from tests.unit.gateway.tracking.worlds import HOME, NINE

GAP = Gap(
    trip_id="t", began_at=NINE, at=NINE + timedelta(seconds=300), cause=GapCause.UNKNOWN, limit_s=60,
    evidence=(Point(NINE, *HOME, 10), Point(NINE + timedelta(seconds=300), *HOME, 20)),
    spool_before="s", spool_after="s", boot_before=4, boot_after=4,
)  # fmt: skip


def word(**said: object) -> DeviceWord:
    return DeviceWord(at=NINE + timedelta(seconds=60), **{"online": True, **said})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gap", "known", "cause", "provisional"),
    [
        (GAP, Knowledge(), GapCause.NO_FIX, False),
        (msgspec.structs.replace(GAP, boot_after=5), Knowledge(), GapCause.NO_POWER, False),
        (msgspec.structs.replace(GAP, boot_after=None), Knowledge(), GapCause.UNKNOWN, False),
        (msgspec.structs.replace(GAP, boot_after=None, refused=3), Knowledge(), GapCause.NO_FIX, False),
        (msgspec.structs.replace(GAP, spool_after="other"), Knowledge(missing=((11, 15),)), GapCause.UNKNOWN, False),
        (msgspec.structs.replace(GAP, cause=GapCause.STUCK), Knowledge(), GapCause.STUCK, False),
        (GAP, Knowledge(missing=((1, 5), (12, 30))), GapCause.NOT_DELIVERED, False),
        (GAP, Knowledge(missing=((12, 14),), backlog=900), GapCause.NOT_DELIVERED, True),
        (GAP, Knowledge(missing=((12, 14),), given_up=((1, 12),), backlog=900), GapCause.SPOOL_OVERFLOW, False),
        (GAP, Knowledge(missing=((1, 9), (21, 40)), backlog=900), GapCause.NO_FIX, False),
        (GAP, Knowledge(words=(word(off_duty=True),)), GapCause.DEVICE_OFF, False),
        (
            msgspec.structs.replace(GAP, boot_after=5),
            Knowledge(words=(word(online=False),)),
            GapCause.DEVICE_OFF,
            False,
        ),
        (GAP, Knowledge(words=(word(), word(stuck=True))), GapCause.STUCK, False),
        (
            msgspec.structs.replace(GAP, boot_after=None),
            Knowledge(words=(word(has_fix=False),)),
            GapCause.NO_FIX,
            False,
        ),
    ],
)
def test_the_surest_sign_tells_the_cause(gap: Gap, known: Knowledge, cause: GapCause, *, provisional: bool) -> None:
    found = verdict(gap, known)

    assert (found.cause, found.provisional) == (cause, provisional)
    assert found.why


def test_every_threshold_has_a_reason_and_every_value_changes_the_version() -> None:
    told = list(thresholds())

    assert [threshold.name for threshold in told] == list(Policy.__struct_fields__)
    assert all(threshold.why for threshold in told)
    versions = {overridden(Policy(), {name: True if isinstance(value, bool) else value + 1}).version
                for name, value in msgspec.to_builtins(Policy()).items()}  # fmt: skip
    assert len(versions | {Policy().version}) == len(told) + 1
    assert overridden(Policy(), {"stop_min_s": "30"}).version == Policy().version


@pytest.mark.parametrize(
    ("name", "value"), [("stop_min", "3"), ("stop_min_s", "soon"), ("stop_min_s", "-1"), ("confirm_fixes", "1.5")]
)
def test_what_is_no_threshold_or_no_value_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        overridden(Policy(), {name: value})
