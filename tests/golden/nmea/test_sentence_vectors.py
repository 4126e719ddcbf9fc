"""Single sentences from other projects' bug reports, each with what must become of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contract.fix import Quality
from contract.times import parse_instant
from firmware_bridge.nmea.counts import Dropped
from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.position import Position

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent / "sentence_vectors.jsonl").read_text(encoding="utf-8").splitlines()
]
ZDA_BEFORE = b"$GPZDA,000000.00,01,01,2026,00,00*60\r\n"


def decode(text: str, before: bytes = b"", not_before: date | None = None) -> tuple[list[Position], Decoder]:
    decoder = Decoder(not_before)
    return decoder.feed(before + text.encode() + b"\r\n") + decoder.flush(), decoder


def of(*expectations: str) -> list[Any]:
    return [pytest.param(v, id=v["why"][:60]) for v in VECTORS if v["expect"] in expectations]


@pytest.mark.parametrize("vector", of("position"))
def test_position_is_read(vector: dict[str, Any]) -> None:
    positions, _ = decode(vector["input"])

    assert len(positions) == 1
    if "lat" in vector:
        assert positions[0].lat_e7 == pytest.approx(vector["lat"] * 1e7, abs=0.6)
        assert positions[0].lon_e7 == pytest.approx(vector["lon"] * 1e7, abs=0.6)
    assert positions[0].fixed_at == parse_instant(vector["time"])


@pytest.mark.parametrize("vector", of("position_no_date"))
def test_position_without_a_date_is_no_fix_until_a_date_is_known(vector: dict[str, Any]) -> None:
    undated, decoder = decode(vector["input"])
    dated, _ = decode(vector["input"], before=ZDA_BEFORE)

    assert undated == []
    assert decoder.counts[Dropped.NO_DATE] == 1
    assert dated[0].lat_e7 == pytest.approx(vector["lat"] * 1e7, abs=0.6)
    assert dated[0].lon_e7 == pytest.approx(vector["lon"] * 1e7, abs=0.6)


@pytest.mark.parametrize("vector", of("no_fix", "no_time", "reject", "ignore", "reject_or_no_fix"))
def test_no_position_is_made_and_the_reason_is_counted(vector: dict[str, Any]) -> None:
    positions, decoder = decode(vector["input"], before=ZDA_BEFORE)

    assert positions == []
    assert sum(decoder.counts.values()) >= 1


def test_leap_second_does_not_stop_the_reader() -> None:
    (vector,) = (v for v in VECTORS if v["expect"] == "position_or_reject")

    positions, decoder = decode(vector["input"])

    assert positions == []
    assert decoder.counts[Dropped.BAD_DATE] == 1


def test_simulator_mode_is_marked_simulated() -> None:
    (vector,) = (v for v in VECTORS if v["expect"] == "policy" and ",S*" in v["input"])

    positions, _ = decode(vector["input"])

    assert positions[0].quality is Quality.SIMULATED


def test_week_rollover_is_refused_where_a_bound_is_set() -> None:
    (vector,) = (v for v in VECTORS if v["expect"] == "policy" and "220899" in v["input"])

    positions, decoder = decode(vector["input"], not_before=date(2020, 1, 1))

    assert positions == []
    assert decoder.counts[Dropped.TOO_OLD] == 1


def test_every_vector_is_used() -> None:
    assert len(VECTORS) == 29
