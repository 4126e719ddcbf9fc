"""Framing: complete, checked sentences from bytes that are cut anywhere."""

from collections import Counter

import pytest

from firmware_bridge.nmea.counts import Dropped
from firmware_bridge.nmea.framing import MAX_SENTENCE_BYTES, Framer

GLL = b"$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n"
GLL_BODY = "GPGLL,4916.45,N,12311.12,W,225444,A"


def frame(*chunks: bytes) -> tuple[list[str], Counter[str]]:
    counts: Counter[str] = Counter()
    framer = Framer(counts)
    sentences = [sentence for chunk in chunks for sentence in framer.feed(chunk)] + framer.flush()
    return sentences, +counts


@pytest.mark.parametrize("cut", range(len(GLL) + 1))
def test_sentence_cut_at_any_byte_is_whole(cut: int) -> None:
    assert frame(GLL[:cut], GLL[cut:]) == ([GLL_BODY], Counter())


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b" \r\n", b""])
def test_any_line_end_will_do(end: bytes) -> None:
    assert frame(GLL.strip() + end)[0] == [GLL_BODY]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"$GPGLL,4916.45,N,12311.12,W,225444,A\r\n", Dropped.NO_CHECKSUM),
        (b"$GPGLL,4916.45,N,12311.12,W,225445,A*31\r\n", Dropped.BAD_CHECKSUM),
        (b"$GPGLL,49\x8016.45,N,12311.12,W,225444,A*31\r\n", Dropped.GARBLED),
        (b"$GPGLL,4916.45,N,12311.12,W,225444,A*31 more\r\n", Dropped.GARBLED),
        (b"!AIVDM,1,1,,A,13aGhtw0R<OJf=6LgQ?Ad1FF05`L,0*27\r\n", Dropped.AIS),
        (b"$" + b"x" * (MAX_SENTENCE_BYTES + 1) + b"\r\n", Dropped.OVER_LONG),
    ],
)
def test_what_is_no_sentence_is_counted_by_reason(data: bytes, reason: Dropped) -> None:
    sentences, counts = frame(data + GLL)

    assert sentences == [GLL_BODY]
    assert counts == {reason: 1}


@pytest.mark.parametrize("before", [b"\\s:r3669961,c:1120959341*0C\\", b"\xb5b\x01\x07\x00", b"$GPGGA,1234", b"# x "])
def test_what_stands_before_a_sentence_is_noise(before: bytes) -> None:
    sentences, counts = frame(before + GLL)

    assert sentences == [GLL_BODY]
    assert counts == {Dropped.NOISE_BYTES: len(before)}


def test_memory_stays_bounded_without_a_line_end() -> None:
    framer = Framer(Counter())

    for _ in range(1000):
        framer.feed(b"\x00" * 997)

    assert len(framer._tail) <= MAX_SENTENCE_BYTES
