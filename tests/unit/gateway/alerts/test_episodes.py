"""One warning when an episode begins and one when it ends, whatever its measure does in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.digest import due_day
from gateway.alerts.episodes import Condition, compare
from gateway.alerts.kinds import AlertKind, Rules
from storage.alerts import OpenAlert, StoredRule
from storage.ids import new_id

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALL = frozenset(AlertKind)
MINUTE = timedelta(minutes=1)


def silence(minutes: float, subject: str = "trip") -> Condition:
    return Condition(kind=AlertKind.SILENT, subject=subject, says="silent", measure=minutes, began_at=NOON)


def opened(condition: Condition) -> OpenAlert:
    return OpenAlert(new_id(NOON), None, condition.kind, condition.subject, "", None, None, None, NOON)


def test_it_begins_at_the_threshold_and_ends_when_it_is_gone() -> None:
    rules = Rules([])

    assert compare([], [silence(9.9)], {}, rules, ALL, NOON).begun == []
    assert compare([], [silence(10)], {}, rules, ALL, NOON).begun == [silence(10)]
    alert = opened(silence(10))
    assert compare([alert], [silence(11)], {}, rules, ALL, NOON) == type(compare([], [], {}, rules, ALL, NOON))([], [])
    assert compare([alert], [], {}, rules, ALL, NOON).over == [alert]


def test_what_trembles_about_the_threshold_is_one_episode() -> None:
    alert = opened(silence(10))

    for measure in (10.0, 9.9, 10.1, 9.75):
        assert compare([alert], [silence(measure)], {}, Rules([]), ALL, NOON).over == []
    assert compare([alert], [silence(9.6)], {}, Rules([]), ALL, NOON).over == [alert]


def test_after_an_end_it_is_quiet_for_a_while() -> None:
    ended = {("silent", "trip"): NOON}

    assert compare([], [silence(20)], ended, Rules([]), ALL, NOON + 14 * MINUTE).begun == []
    assert compare([], [silence(20)], ended, Rules([]), ALL, NOON + 15 * MINUTE).begun == [silence(20)]


def test_of_what_nobody_looked_at_nothing_ends() -> None:
    alert = opened(silence(10))

    assert compare([alert], [], {}, Rules([]), ALL - {AlertKind.SILENT}, NOON).over == []


def test_the_premises_rule_counts_before_everybodys() -> None:
    store = new_id(NOON)
    rules = Rules([StoredRule(None, "silent", True, None, None), StoredRule(store, "silent", False, 5, None)])

    assert rules.of(AlertKind.SILENT, None).off
    assert (rules.of(AlertKind.SILENT, store).off, rules.of(AlertKind.SILENT, store).threshold) == (False, 5)
    assert compare([], [silence(99)], {}, rules, ALL, NOON).begun == []


def test_a_rule_that_is_switched_off_ends_what_is_open() -> None:
    alert = opened(silence(10))
    rules = Rules([StoredRule(None, "silent", True, None, None)])

    assert compare([alert], [silence(99)], {}, rules, ALL, NOON).over == [alert]


@given(st.lists(st.floats(0, 30), max_size=40))
def test_begins_and_ends_take_turns(measures: list[float]) -> None:
    open_now: list[OpenAlert] = []
    ended: dict[tuple[str, str], datetime] = {}
    said: list[str] = []
    for minute, measure in enumerate(measures):
        now = NOON + minute * MINUTE
        change = compare(open_now, [silence(measure)], ended, Rules([]), ALL, now)
        said += ["begin" for _ in change.begun] + ["end" for _ in change.over]
        if change.over:
            ended["silent", "trip"] = now
        open_now = [one for one in open_now if one not in change.over] + [opened(one) for one in change.begun]

    assert said == (["begin", "end"] * len(said))[: len(said)]


def test_the_days_list_is_due_once_a_day_by_the_premises_clock() -> None:
    tz = "Europe/Helsinki"  # two hours ahead

    assert due_day(datetime(2026, 11, 23, 19, 29, tzinfo=UTC), tz, "21:30") is None
    assert due_day(datetime(2026, 11, 23, 19, 30, tzinfo=UTC), tz, "21:30") == "2026-11-23"
    assert due_day(datetime(2026, 11, 23, 23, 0, tzinfo=UTC), tz, "21:30") == "2026-11-23"
    assert due_day(datetime(2026, 11, 24, 6, 0, tzinfo=UTC), tz, "21:30") is None
    assert due_day(datetime(2026, 11, 23, 19, 30, tzinfo=UTC), tz, "") is None
