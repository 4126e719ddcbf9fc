"""Laws of sampling over any drive and policy: no stop, no corner and no last word before a silence is lost."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract.geo import EARTH_RADIUS_M
from firmware_bridge.nmea.position import Position
from firmware_bridge.sampling import Sampler, SamplingPolicy, off_line_m

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
LAT = 60.17

# (seconds, metres a second or None for standing, degrees of turn a second): one piece of a drive.
pieces = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.one_of(st.none(), st.floats(2.0, 35.0)),
        st.floats(-40.0, 40.0),
        st.sampled_from([0, 0, 0, 45, 300]),  # a silence after it
    ),
    min_size=1,
    max_size=6,
)
policies = st.builds(
    SamplingPolicy,
    report_interval_s=st.sampled_from([1.0, 2.0, 5.0, 10.0, 60.0]),
    heartbeat_s=st.sampled_from([10.0, 30.0]),
    corner_m=st.sampled_from([5.0, 10.0, 25.0]),
    turn_deg=st.sampled_from([15.0, 45.0, 180.0]),
    distance_m=st.sampled_from([50.0, 100.0, 1e9]),
)


def drive(plan: list[tuple[int, float | None, float, int]], hertz: int) -> list[Position]:
    """What a receiver without noise says of it."""
    north = east = course = 0.0
    instant = START
    positions = []
    for seconds, speed, turn, silence_s in plan:
        for _ in range(seconds * hertz):
            if speed is not None:
                course = (course + turn / hertz) % 360
                north += math.cos(math.radians(course)) * speed / hertz
                east += math.sin(math.radians(course)) * speed / hertz
            positions.append(
                Position(
                    fixed_at=instant,
                    lat_e7=round((LAT + math.degrees(north / EARTH_RADIUS_M)) * 1e7),
                    lon_e7=round((24.94 + math.degrees(east / EARTH_RADIUS_M / math.cos(math.radians(LAT)))) * 1e7),
                    speed_mps=speed or 0.0,
                    course_deg=None if speed is None else round(course, 2) % 360,
                )
            )
            instant += timedelta(seconds=1 / hertz)
        instant += timedelta(seconds=silence_s)
    return positions


def sample(positions: list[Position], policy: SamplingPolicy) -> list[Position]:
    sampler = Sampler(policy)
    return [chosen for position in positions for chosen in sampler.feed(position)] + sampler.flush()


@given(pieces, policies, st.sampled_from([1, 5]))
def test_fixes_are_positions_in_order_and_the_first_and_last_are_among_them(
    plan: list[tuple[int, float | None, float, int]], policy: SamplingPolicy, hertz: int
) -> None:
    positions = drive(plan, hertz)

    sent = sample(positions, policy)

    times = [position.fixed_at for position in sent]
    assert times == sorted(set(times))
    assert set(times) <= {position.fixed_at for position in positions}
    assert (sent[0], sent[-1]) == (positions[0], positions[-1])


@given(pieces, policies, st.sampled_from([1, 5]))
def test_no_stop_is_lost(plan: list[tuple[int, float | None, float, int]], policy: SamplingPolicy, hertz: int) -> None:
    positions = drive(plan, hertz)

    sent = {position.fixed_at for position in sample(positions, policy)}

    for before, after in pairwise(positions):
        if (before.speed_mps == 0.0) != (after.speed_mps == 0.0):
            assert before.fixed_at in sent, "the last position before a start or a stop"
            assert after.fixed_at in sent, "the first position of a start or a stop"


@given(pieces, policies, st.sampled_from([1, 5]))
def test_the_last_fix_before_a_silence_is_sent_and_the_first_after_it(
    plan: list[tuple[int, float | None, float, int]], policy: SamplingPolicy, hertz: int
) -> None:
    positions = drive(plan, hertz)

    sent = {position.fixed_at for position in sample(positions, policy)}

    for before, after in pairwise(positions):
        if (after.fixed_at - before.fixed_at).total_seconds() > policy.heartbeat_s:
            assert before.fixed_at in sent
            assert after.fixed_at in sent


@given(pieces, policies, st.sampled_from([1, 5]))
def test_the_track_through_the_fixes_cuts_no_corner(
    plan: list[tuple[int, float | None, float, int]], policy: SamplingPolicy, hertz: int
) -> None:
    positions = drive(plan, hertz)
    sent = sample(positions, policy)

    for before, after in pairwise(sent):
        left_out = [p for p in positions if before.fixed_at < p.fixed_at < after.fixed_at]
        for position in left_out:
            assert off_line_m(before, after, position) <= policy.corner_m + 0.1


@given(pieces, policies, st.sampled_from([1, 5]))
def test_heartbeats_come_in_time(
    plan: list[tuple[int, float | None, float, int]], policy: SamplingPolicy, hertz: int
) -> None:
    positions = drive(plan, hertz)
    times = {position.fixed_at for position in positions}
    longest_s = max(policy.heartbeat_s, policy.report_interval_s) + 1 / hertz

    for before, after in pairwise(sample(positions, policy)):
        gap_s = (after.fixed_at - before.fixed_at).total_seconds()
        silent = not any(before.fixed_at < time < after.fixed_at for time in times)
        assert gap_s <= longest_s or silent
