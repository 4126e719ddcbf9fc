"""A handoff held against the vehicle: in small worlds whose truth is plain, and laws that hold in all of them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.reasons import WitnessVerdict
from gateway.tracking.events import Point
from gateway.tracking.witness import Judgement, Sight, Stay, Unseen, Word, judge
from tests.unit.gateway.tracking.worlds import NINE, POLICY, drive, north

CORROBORATED, CONTRADICTED, NO_DATA = WitnessVerdict
# Out, two minutes at a door 700 m north, half an hour at one 6 km off, and home.
DAY = drive(
    (60, 0, 0), (70, 0, 700), (120, 700, 700), (400, 700, 6000), (1800, 6000, 6000), (500, 6000, 0), (900, 0, 0)
)
AT_FIRST = 200
IN_TUNNEL = range(900, 1300)


POINTS = [Point(one.fixed_at, one.lat_e7, one.lon_e7, one.seq, one.speed_mps) for one in DAY]


def points(*, without: range = range(0), before_s: float = 1e9) -> list[Point]:
    return [one for one in POINTS if (at_s := (one.fixed_at - NINE).total_seconds()) not in without and at_s < before_s]


def said(seconds: float, metres: float = 700, *, east_m: float = 0, offline: bool = False) -> Word:
    lat_e7, lon_e7 = north(metres)
    return Word(at=NINE + timedelta(seconds=seconds), lat_e7=lat_e7, lon_e7=lon_e7 + round(east_m * 180),
                offline=offline)  # fmt: skip


def seen(word: Word, **more: object) -> Judgement:
    return judge(word, Sight(points=POINTS, **more), POLICY)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [AT_FIRST, 260, 540, -100], ids=["there", "just left", "back in the van", "early"])
def test_a_vehicle_that_stood_at_the_door_within_the_allowed_time_corroborates(seconds: float) -> None:
    found = seen(said(seconds))

    assert (found.verdict, found.no_data) == (CORROBORATED, None)
    assert found.nearest is not None
    assert found.nearest.metres < 1
    assert found.there is not None
    assert (found.there.from_at, found.there.to_at) == (NINE + timedelta(seconds=130), NINE + timedelta(seconds=249))


def test_another_street_is_contradicted_by_how_far_it_was_and_that_it_never_was_there() -> None:
    found = seen(said(1500, 6000, east_m=2000))

    assert (found.verdict, found.there, found.off_s) == (CONTRADICTED, None, None)
    assert found.nearest is not None
    assert found.nearest.metres == pytest.approx(2000, rel=0.01)


def test_another_time_is_contradicted_by_how_much_later_or_earlier_it_was_there() -> None:
    late, early = seen(said(1500)), seen(said(310, 6000))

    assert (late.verdict, early.verdict) == (CONTRADICTED, CONTRADICTED)
    assert (late.off_s, early.off_s) == (249 - 1500, 650 - 310)
    assert late.nearest is not None
    assert late.nearest.metres == pytest.approx(5300, rel=0.01)


def test_passing_the_door_is_no_standing_there() -> None:
    found = seen(said(400, 3000))

    assert found.verdict is CONTRADICTED
    assert found.nearest is not None
    assert found.nearest.metres < 15
    assert found.there is None


def test_a_parked_vehicle_that_reports_seldom_is_known_by_its_stop() -> None:
    lat_e7, lon_e7 = north(720)
    stay = Stay(NINE + timedelta(seconds=130), NINE + timedelta(seconds=1000), lat_e7, lon_e7)
    few = [one for one in POINTS if one.fixed_at <= NINE or one.fixed_at > stay.ended_at]  # type: ignore[operator]

    found = judge(said(500), Sight(points=few, stays=[stay], limit_s=2000), POLICY)

    assert found.verdict is CORROBORATED


TUNNEL = Unseen(NINE + timedelta(seconds=899), NINE + timedelta(seconds=1300), "no_fix", "it had no position")


@pytest.mark.parametrize(
    ("word", "verdict"),
    [(said(1100, 5000), NO_DATA), (said(1100, 25_000), CONTRADICTED), (said(1100, 5900), CORROBORATED),
     (said(2400, 3000), CONTRADICTED)],
    ids=["it may have been there", "too far to get there and back", "it stood there before", "not in the tunnel then"],
)  # fmt: skip
def test_a_tunnel_hides_what_is_within_reach_and_nothing_else(word: Word, verdict: WitnessVerdict) -> None:
    found = judge(word, Sight(points=points(without=IN_TUNNEL), unseen=[TUNNEL]), POLICY)

    assert found.verdict is verdict
    if verdict is NO_DATA:
        assert (found.no_data, found.gap_why) == ("no_fix", "it had no position")
        assert found.gap is not None
        assert (found.gap.from_at, found.gap.to_at) == (TUNNEL.began_at, TUNNEL.ended_at)


def test_what_was_not_heard_yet_is_no_data_as_far_as_it_may_have_come() -> None:
    heard = Sight(points=points(before_s=1000))

    near, far = judge(said(900, 8000), heard, POLICY), judge(said(900, 20_000), heard, POLICY)

    assert (near.no_data, near.heard_to) == ("not_heard", NINE + timedelta(seconds=999))
    assert far.verdict is CONTRADICTED
    assert judge(said(900), Sight(points=[]), POLICY).no_data == "not_heard"


def test_out_of_reach_the_clock_may_be_off_by_more() -> None:
    assert seen(said(249 + 700)).verdict is CONTRADICTED
    found = seen(said(249 + 700, offline=True))
    assert (found.verdict, found.within_s) == (CORROBORATED, 900)


def test_of_a_door_that_is_known_by_its_neighbourhood_only_standing_there_tells() -> None:
    rough = msgspec.structs.replace(said(1500), rough=True)
    assert seen(rough).no_data == "no_place"
    assert seen(msgspec.structs.replace(said(AT_FIRST), rough=True)).verdict is CORROBORATED


words = st.builds(
    said, st.integers(-600, 4500), st.integers(-500, 7000), east_m=st.integers(-3000, 3000), offline=st.booleans()
)
picks = st.lists(st.integers(0, len(DAY) - 1), max_size=60, unique=True)


@given(word=words, picked=picks, later_s=st.integers(-(10**7), 10**7), east_e7=st.integers(-(10**8), 10**8))
def test_moving_clock_and_place_together_changes_nothing(
    word: Word, picked: list[int], later_s: int, east_e7: int
) -> None:
    later, chosen = timedelta(seconds=later_s), [POINTS[place] for place in sorted(picked)]
    moved = [msgspec.structs.replace(one, fixed_at=one.fixed_at + later, lon_e7=one.lon_e7 + east_e7) for one in chosen]
    word_moved = msgspec.structs.replace(word, at=word.at + later, lon_e7=word.lon_e7 + east_e7)

    before = judge(word, Sight(points=chosen), POLICY)
    after = judge(word_moved, Sight(points=moved), POLICY)

    assert (after.verdict, after.no_data, after.off_s) == (before.verdict, before.no_data, before.off_s)
    assert (after.nearest is None) == (before.nearest is None)
    if before.nearest is not None and after.nearest is not None:
        assert after.nearest.metres == pytest.approx(before.nearest.metres, abs=0.01)


@given(word=words, some=picks, more=picks)
def test_more_fixes_never_take_a_corroboration_back(word: Word, some: list[int], more: list[int]) -> None:
    few = [POINTS[place] for place in sorted(some)]
    many = [POINTS[place] for place in sorted({*some, *more})]
    before = judge(word, Sight(points=few), POLICY).verdict

    after = judge(word, Sight(points=many), POLICY).verdict

    assert before is not CORROBORATED or after is CORROBORATED
