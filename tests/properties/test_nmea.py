"""Laws of the decoder: cuts do not matter, nothing raises, what is written is read back."""

import re
from functools import reduce
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.nmea.decoder import Decoder
from firmware_bridge.nmea.fields import latitude_e7, longitude_e7
from firmware_bridge.nmea.position import Position

GOLDEN = Path(__file__).parents[1] / "golden" / "nmea"
STREAMS = [path.read_bytes()[:4000] for path in sorted(GOLDEN.glob("*.nmea"))]


def decode(chunks: list[bytes]) -> tuple[list[Position], dict[str, int]]:
    decoder = Decoder()
    positions = [position for chunk in chunks for position in decoder.feed(chunk)] + decoder.flush()
    return positions, dict(+decoder.counts)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.sampled_from(STREAMS), st.lists(st.integers(0, 4000), max_size=40))
def test_any_cut_of_a_capture_gives_the_same(stream: bytes, at: list[int]) -> None:
    assert decode(cut(stream, at)) == decode([stream])


@given(st.lists(st.one_of(st.binary(max_size=3000), st.sampled_from(STREAMS)), max_size=4), st.integers(1, 700))
def test_garbage_never_raises_and_cuts_do_not_matter(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)

    assert decode([data[i : i + step] for i in range(0, len(data), step)]) == decode([data])


def checksummed(body: bytes) -> bytes:
    return b"$%s*%02X\r\n" % (body, reduce(lambda a, b: a ^ b, body, 0))


# Per capture; one of them holds nothing but AIS, whose sentences begin with an exclamation mark.
BODIES = [bodies for stream in STREAMS if (bodies := re.findall(rb"\$([ -#%-)+-~]{6,})\*", stream))]


@given(st.sampled_from(BODIES), st.data())
def test_bit_errors_under_a_right_checksum_never_raise(bodies: list[bytes], data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(bodies)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(6, len(body)) if len(body) > 6 else st.just(5))
        body[min(place, len(body) - 1)] = data.draw(st.sampled_from(b"0123456789.,-+eNSEWAVDX |\xc3"))

    for position in decode([checksummed(bytes(body))])[0]:
        assert abs(position.lat_e7) <= 900_000_000
        assert abs(position.lon_e7) <= 1_800_000_000


@given(st.integers(0, 89), st.integers(0, 59), st.integers(0, 9_999_999), st.sampled_from("NS"))
def test_latitude_is_exact_to_half_of_1e_7(degrees: int, minutes: int, decimals: int, hemisphere: str) -> None:
    exact = (degrees + (minutes + decimals / 1e7) / 60) * 1e7

    value = latitude_e7(f"{degrees:02}{minutes:02}.{decimals:07}", hemisphere)

    assert value is not None
    assert abs(abs(value) - exact) <= 0.5001
    assert (value >= 0) == (hemisphere == "N") or value == 0


def test_limits_are_inside() -> None:
    assert latitude_e7("9000.0000", "S") == -900_000_000
    assert longitude_e7("18000.0000", "W") == -1_800_000_000
