"""Sampling: fewer fixes while standing, none that matters lost."""

from datetime import UTC, datetime, timedelta

import msgspec

from firmware_bridge.nmea.position import Position
from firmware_bridge.sampling import Sampler, SamplingPolicy

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
METRE_E7 = 90  # of latitude


def at(second: float, *, metres: float = 0, speed: float | None = 0.0, course: float | None = None) -> Position:
    return Position(
        fixed_at=START + timedelta(seconds=second),
        lat_e7=601_700_000 + round(metres * METRE_E7),
        lon_e7=249_400_000,
        speed_mps=speed,
        course_deg=course,
    )


def sample(positions: list[Position], **policy: float) -> list[float]:
    sampler = Sampler(SamplingPolicy(**policy))
    sent = [chosen for position in positions for chosen in sampler.feed(position)] + sampler.flush()
    return [(position.fixed_at - START).total_seconds() for position in sent]


def test_every_second_is_sent_while_moving() -> None:
    assert sample([at(s, metres=10 * s, speed=10.0) for s in range(5)]) == [0, 1, 2, 3, 4]


def test_faster_receivers_are_thinned_to_the_interval() -> None:
    assert sample([at(s / 10, metres=s, speed=10.0) for s in range(31)]) == [0, 1, 2, 3]


def test_a_receiver_that_is_a_little_early_is_not_halved() -> None:
    assert len(sample([at(s * 0.999, metres=10 * s, speed=10.0) for s in range(20)])) == 20


def test_standing_sends_the_first_a_heartbeat_and_the_last() -> None:
    drive = [at(s, metres=10 * s, speed=10.0) for s in range(3)]
    stand = [at(s, metres=20, speed=0.1) for s in range(3, 70)]
    off = [at(s, metres=20 + 10 * (s - 69), speed=10.0) for s in range(70, 72)]

    assert sample(drive + stand + off) == [0, 1, 2, 3, 33, 63, 69, 70, 71]


def test_drift_while_standing_is_no_movement_but_creeping_away_is() -> None:
    drift = [at(s, metres=s % 5, speed=0.3) for s in range(20)]
    creep = [at(s, metres=20 + s, speed=0.5) for s in range(20, 23)]

    assert sample(drift) == [0, 19]
    assert sample(drift + creep)[:3] == [0, 19, 20]


def test_without_speed_distance_decides() -> None:
    assert sample([at(s, metres=20 * s, speed=None) for s in range(3)]) == [0, 1, 2]


def test_a_corner_is_sent_at_once_whatever_the_interval() -> None:
    straight = [at(s, metres=10 * s, speed=10.0, course=358.0) for s in range(3)]
    corner = [at(3, metres=30, speed=10.0, course=20.0)]

    assert sample(straight + corner, report_interval_s=10.0) == [0, 3]


def test_the_last_before_a_silence_is_sent() -> None:
    stand = [at(s, speed=0.0) for s in range(8)]
    after = [at(200, speed=0.0)]

    assert sample(stand + after) == [0, 7, 200]


def test_a_clock_that_goes_back_loses_nothing() -> None:
    assert sample([at(100), at(50), at(51)]) == [100, 50, 51]


def test_a_curve_too_gentle_for_the_turn_angle_keeps_its_shape() -> None:
    curve = [
        Position(
            fixed_at=START + timedelta(seconds=s),
            lat_e7=601_700_000 + 10 * s * METRE_E7,
            lon_e7=249_400_000 + s * s * METRE_E7,
            speed_mps=10.0,
        )
        for s in range(30)
    ]

    assert len(sample(curve, report_interval_s=60.0, distance_m=1e9)) > 3


def test_distance_is_reported_whatever_the_interval() -> None:
    straight = [at(s, metres=20 * s, speed=20.0) for s in range(12)]

    assert sample(straight, report_interval_s=60.0, distance_m=100.0) == [0, 5, 10, 11]


def test_a_poor_position_waits_for_a_better_one_but_not_for_ever() -> None:
    poor = [msgspec.structs.replace(at(s, metres=10 * s, speed=10.0), hdop=20.0) for s in range(1, 40)]
    good = msgspec.structs.replace(at(40, metres=400, speed=10.0), hdop=1.0)

    sent = sample([at(0, speed=10.0), *poor, good], max_hdop=5.0)

    assert sent == [0, 30, 40]
