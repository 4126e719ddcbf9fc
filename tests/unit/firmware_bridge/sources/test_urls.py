"""Source texts: what they mean, and what a wrong one is told."""

from pathlib import Path

import pytest

from contract.clock import SYSTEM
from firmware_bridge.sources.replay import ReplaySource
from firmware_bridge.sources.serial import SerialSource
from firmware_bridge.sources.source import SourceError
from firmware_bridge.sources.urls import open_source


def test_a_serial_port_with_its_baud_rate() -> None:
    source = open_source("serial:/dev/ttyUSB0?baud=115200", SYSTEM)

    assert isinstance(source, SerialSource)
    assert (source.name, source.replayed) == ("serial:/dev/ttyUSB0", False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("serial:/dev/ttyACM0", "serial:/dev/ttyACM0"),
        ("serial:/dev/ttyACM0?baud=auto", "serial:/dev/ttyACM0"),
        ("gpsd://localhost", "gpsd://localhost:2947"),
        ("gpsd://van.local:2948/dev/ttyUSB0", "gpsd://van.local:2948"),
        ("tcp://10.0.0.7:2000", "tcp://10.0.0.7:2000"),
        ("tcp://[::1]:2000", "tcp://::1:2000"),
        ("udp://:10110", "udp://:10110"),
    ],
)
def test_live_sources_have_the_name_that_the_status_announces(text: str, name: str) -> None:
    assert open_source(text, SYSTEM).name == name


@pytest.mark.parametrize("options", ["", "?rate=10", "?rate=max&shift=none", "?shift=now"])
def test_a_capture_with_its_options(tmp_path: Path, options: str) -> None:
    (tmp_path / "a b?.nmea").write_bytes(b"")

    source = open_source(f"replay:{tmp_path / 'a b?.nmea'}{options}", SYSTEM)

    assert isinstance(source, ReplaySource)
    assert (source.name, source.replayed) == ("replay:a b?.nmea", True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gps", "must be serial:"),
        ("serial:", "names no port, file or vehicle"),
        ("serial:/dev/ttyUSB0?baud=fast", "baud 'fast' must be auto or a whole number"),
        ("serial:/dev/ttyUSB0?speed=1", "unknown option speed"),
        ("gpsd:localhost", "must be //HOST:PORT"),
        ("gpsd://localhost:port", "write //HOST:PORT"),
        ("tcp://10.0.0.7", "must be //HOST:PORT"),
        ("tcp://:2000", "names no host"),
        ("udp://", "must be //HOST:PORT"),
        ("udp://:10110?rate=1", "unknown option rate"),
        ("replay:/nowhere.nmea", "no such file as /nowhere.nmea"),
        ("replay:/nowhere.nmea?rate=0", "rate '0' must be a number above 0"),
        ("replay:/nowhere.nmea?shift=later", "shift 'later' must be now or none"),
        ("simulate:", "names no port, file or vehicle"),
        ("simulate:gps-77", "vehicle 'gps-77' must be van-1 to van-9999"),
        ("simulate:van-1?seed=x", "seed 'x' must be a whole number"),
        ("simulate:van-1?hours=nan", "hours 'nan' must be a number above 0, at most 240"),
        ("simulate:van-1?start=noon", "'noon' is not an RFC 3339 time .* or say now"),
        ("simulate:van-1?faults=gremlins", "'gremlins' is none of tunnels, jumps"),
        ("simulate:van-1?around=here", "'here' must be LAT,LON in degrees"),
        ("simulate:van-1?streets=/nowhere.gz", "/nowhere.gz: No such file or directory; waybill map build"),
        ("simulate:van-1?rate=1", "unknown option rate"),
    ],
)
def test_a_wrong_text_is_repeated_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said.replace("?", "\\?")) as caught:
        open_source(text, SYSTEM)

    assert repr(text) in str(caught.value)
