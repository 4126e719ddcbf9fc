"""Source texts such as serial:/dev/ttyUSB0?baud=9600 -> sources. Opens nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from contract.clock import Clock
from firmware_bridge.sources.gpsd import DEFAULT_PORT, GpsdSource
from firmware_bridge.sources.network import TcpSource, UdpSource
from firmware_bridge.sources.replay import ReplaySource, Shift
from firmware_bridge.sources.serial import SerialSource
from firmware_bridge.sources.simulate_text import simulated
from firmware_bridge.sources.source import Source, SourceError

FORMS = (
    "serial:/dev/ttyUSB0?baud=auto|9600, gpsd://HOST:2947, tcp://HOST:PORT, udp://HOST:PORT, "
    "replay:FILE?rate=1|10|max&shift=now|none, "
    "or simulate:van-1?seed=1&hours=1&start=now&faults=all&streets=FILE&around=LAT,LON"
)

_Options = dict[str, str]


def open_source(text: str, clock: Clock) -> Source:
    """The source that a text names; raises SourceError that repeats the text and says what is allowed."""
    scheme, colon, rest = text.partition(":")
    maker = _MAKERS.get(scheme)
    if not colon or maker is None:
        raise SourceError(f"source {text!r}: must be {FORMS}")
    # The last question mark: a file name may hold one as well.
    place, question, query = rest.rpartition("?")
    if not question or "=" not in query:
        place, query = rest, ""
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not place:
        raise SourceError(f"source {text!r}: names no port, file or vehicle; must be {FORMS}")
    try:
        source = maker(place, options, clock)
    except SourceError as error:
        raise SourceError(f"source {text!r}: {error}") from error
    if options:
        unknown = ", ".join(sorted(options))
        raise SourceError(f"source {text!r}: unknown option {unknown}; must be {FORMS}")
    return source


def _serial(place: str, options: _Options, _: Clock) -> Source:
    text = options.pop("baud", "auto")
    if text == "auto":
        return SerialSource(place)
    if not (text.isascii() and text.isdigit() and 300 <= int(text) <= 4_000_000):
        raise SourceError(f"baud {text!r} must be auto or a whole number such as 4800, 9600 or 115200")
    return SerialSource(place, int(text))


def _gpsd(place: str, _options: _Options, _: Clock) -> Source:
    host, port, device = _address(place, DEFAULT_PORT)
    return GpsdSource(host or "localhost", port, device)


def _tcp(place: str, _options: _Options, _: Clock) -> Source:
    host, port, _path = _address(place, None)
    if not host:
        raise SourceError("names no host: write tcp://HOST:PORT")
    return TcpSource(host, port)


def _udp(place: str, _options: _Options, _: Clock) -> Source:
    host, port, _path = _address(place, None)
    return UdpSource(host, port)


def _address(place: str, default_port: int | None) -> tuple[str, int, str | None]:
    """Host, port and path of //HOST:PORT/PATH."""
    try:
        parts = urlsplit(place)
        host, port = parts.hostname or "", parts.port or default_port
    except ValueError as error:
        raise SourceError(f"{place!r}: {error}; write //HOST:PORT") from error
    if not place.startswith("//") or port is None:
        raise SourceError(f"{place!r} must be //HOST:PORT")
    return host, port, parts.path if len(parts.path) > 1 else None


def _replay(place: str, options: _Options, clock: Clock) -> Source:
    rate = _rate(options.pop("rate", "1"))
    shift = options.pop("shift", Shift.NOW.value)
    if shift not in {each.value for each in Shift}:
        raise SourceError(f"shift {shift!r} must be now or none")
    return ReplaySource(Path(place), clock, rate=rate, shift=Shift(shift))


def _rate(text: str) -> float | None:
    if text == "max":
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 10_000:
        raise SourceError(f"rate {text!r} must be a number above 0 (1 = as recorded) or max")
    return rate


_MAKERS: dict[str, Callable[[str, _Options, Clock], Source]] = {
    "serial": _serial,
    "gpsd": _gpsd,
    "tcp": _tcp,
    "udp": _udp,
    "replay": _replay,
    "simulate": simulated,
}
