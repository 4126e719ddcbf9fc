"""Epochs: sentences of one instant, in any order, become one position with the right day."""

import itertools
from datetime import UTC, date, datetime

import pytest

from contract.fix import Quality
from firmware_bridge.nmea.counts import Dropped
from firmware_bridge.nmea.decoder import Decoder
from tests.unit.firmware_bridge.nmea.writing import sentence


def rmc(time: str, day: str = "231126", status: str = "A", mode: str = "A") -> bytes:
    return sentence(f"GNRMC,{time},{status},6010.2000,N,02456.4000,E,10.0,90.0,{day},,,{mode}")


def gga(time: str, quality: int = 1, satellites: str = "08") -> bytes:
    return sentence(f"GPGGA,{time},6010.2000,N,02456.4000,E,{quality},{satellites},1.1,12.3,M,17.0,M,,")


EPOCH = {
    "RMC": rmc("090000.00"),
    "GGA": gga("090000.00", quality=2),
    "GLL": sentence("GLGLL,6010.2000,N,02456.4000,E,090000.00,A,A"),
    "GSA": sentence("GNGSA,A,3,01,02,03,04,,,,,,,,,2.0,1.1,1.7"),
}


@pytest.mark.parametrize("order", list(itertools.permutations(EPOCH)), ids="-".join)
def test_order_of_sentences_does_not_matter(order: tuple[str, ...]) -> None:
    decoder = Decoder()
    # A sentence without a time belongs to the epoch that is open; before the first one there is none.
    lines = [EPOCH[kind] for kind in order]

    (position,) = decoder.feed(b"".join(lines)) + decoder.flush()

    assert position.fixed_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert (position.lat_e7, position.lon_e7) == (601_700_000, 249_400_000)
    assert (position.altitude_m, position.hdop, position.satellites) == (12.3, 1.1, 8)
    assert (position.speed_mps, position.course_deg) == (5.144, 90.0)
    assert position.quality is Quality.DGPS


def test_next_instant_ends_the_epoch() -> None:
    decoder = Decoder()

    assert decoder.feed(rmc("090000.00")) == []
    assert len(decoder.feed(rmc("090001.00"))) == 1


def test_pause_ends_the_epoch_and_what_comes_late_is_counted() -> None:
    decoder = Decoder()
    decoder.feed(rmc("090000.00"))

    assert len(decoder.pause()) == 1
    assert decoder.feed(gga("090000.00")) + decoder.flush() == []
    assert decoder.counts[Dropped.LATE] == 1


def test_date_is_carried_over_midnight() -> None:
    decoder = Decoder()

    positions = decoder.feed(rmc("235959.90", day="311225") + gga("000000.10") + gga("000001.10")) + decoder.flush()

    assert [p.fixed_at.date() for p in positions] == [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 1)]


def test_time_that_goes_back_a_little_stays_on_its_day() -> None:
    decoder = Decoder()

    positions = decoder.feed(rmc("152500.00") + gga("143300.00")) + decoder.flush()

    assert [p.fixed_at.date() for p in positions] == [date(2026, 11, 23)] * 2


def test_zda_alone_gives_the_date() -> None:
    decoder = Decoder()

    positions = decoder.feed(sentence("GPZDA,090000.00,23,11,2026,00,00") + gga("090000.00")) + decoder.flush()

    assert positions[0].fixed_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_date_of_a_void_rmc_is_not_believed() -> None:
    decoder = Decoder()

    positions = decoder.feed(rmc("090000.00", day="060180", status="V", mode="N") + gga("090001.00")) + decoder.flush()

    assert positions == []
    assert decoder.counts[Dropped.NO_DATE] == 1


@pytest.mark.parametrize(
    "void", [rmc("090000.00", status="V"), rmc("090000.00", mode="N"), gga("090000.00", quality=0)]
)
def test_one_sentence_that_denies_the_fix_is_enough(void: bytes) -> None:
    decoder = Decoder()

    positions = decoder.feed(void + EPOCH["GLL"] + rmc("090001.00")) + decoder.flush()

    assert [p.fixed_at.second for p in positions] == [1]
    assert decoder.counts[Dropped.VOID] == 1


def test_null_island_is_counted() -> None:
    decoder = Decoder()

    positions = decoder.feed(sentence("GPRMC,090000,A,0000.0000,N,00000.0000,E,0.0,,231126,,,A")) + decoder.flush()

    assert positions == []
    assert decoder.counts[Dropped.NULL_ISLAND] == 1


@pytest.mark.parametrize(
    ("mode", "quality"),
    [("A", Quality.GPS), ("D", Quality.DGPS), ("R", Quality.RTK), ("F", Quality.RTK_FLOAT), ("S", Quality.SIMULATED)],
)
def test_mode_letter_becomes_quality(mode: str, quality: Quality) -> None:
    decoder = Decoder()

    (position,) = decoder.feed(rmc("090000.00", mode=mode)) + decoder.flush()

    assert position.quality is quality


def test_simulated_anywhere_is_simulated() -> None:
    decoder = Decoder()

    (position,) = decoder.feed(rmc("090000.00", mode="S") + gga("090000.00", quality=1)) + decoder.flush()

    assert position.quality is Quality.SIMULATED


def test_position_sentences_without_content_void_only_themselves() -> None:
    decoder = Decoder()

    positions = decoder.feed(rmc("090000.00") + sentence("GPGGA,,,,,,0,,,,M,,M,,")) + decoder.flush()

    assert len(positions) == 1
    assert decoder.counts[Dropped.VOID] == 1
