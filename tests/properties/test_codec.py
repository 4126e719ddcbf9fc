"""Laws of the wire: what is sent comes back, and no bytes whatever raise or make an impossible fix."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import (
    FUTURE,
    OLDEST,
    Claim,
    Decoded,
    decode_fixes,
    decode_receipt,
    decode_status,
    encode_fixes,
    parse_claim,
)
from contract.fix import DEVICE_NAME, MAX_SEQ, SPOOL_ID, Fix, Quality, Source, canonical, normal_course, stepped
from contract.messages import MAX_BOOT, FixMessage, WireFix

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPOOL = "0123456789abcdef"
instants = st.integers(-int(OLDEST.total_seconds() * 1000), int(FUTURE.total_seconds() * 1000)).map(
    lambda ms: NOW + timedelta(milliseconds=ms)
)


def measures(least: float, most: float, per_unit: int) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(least, most).map(lambda value: stepped(value, per_unit))


@st.composite
def packs(draw: st.DrawFn) -> list[Fix]:
    first = draw(st.integers(1, MAX_SEQ - 20))
    boot = draw(st.none() | st.integers(0, MAX_BOOT))
    return [draw(fixes(first + place, boot)) for place in range(draw(st.integers(1, 4)))]


def fixes(seq: int, boot: int | None) -> st.SearchStrategy[Fix]:
    return st.builds(
        Fix,
        device=st.just("gps-01"),
        spool_id=st.just(SPOOL),
        seq=st.just(seq),
        fixed_at=instants,
        lat_e7=st.integers(-900_000_000, 900_000_000),
        lon_e7=st.integers(-1_800_000_000, 1_800_000_000),
        altitude_m=measures(-1000, 100_000, 100),
        speed_mps=measures(0, 1000, 1000),
        course_deg=st.none() | st.floats(0, 360).map(normal_course),
        hdop=measures(0, 100, 100),
        accuracy_m=measures(0, 100_000, 100),
        satellites=st.none() | st.integers(0, 200),
        ignition=st.none() | st.booleans(),
        quality=st.none() | st.sampled_from(Quality),
        replayed=st.booleans(),
        source=st.sampled_from(Source),
        boot_id=st.just(boot),
    )


def claim_of(sent: list[Fix]) -> Claim:
    return Claim(SPOOL, sent[0].seq, sent[-1].seq)


def check(decoded: Decoded) -> None:
    """Whatever came in: each fix may be stored, each reject may be told, and one of the two there is."""
    assert decoded.fixes or decoded.rejects
    for fix in decoded.fixes:
        assert DEVICE_NAME.fullmatch(fix.device)
        assert SPOOL_ID.fullmatch(fix.spool_id)
        assert 1 <= fix.seq <= MAX_SEQ
        assert NOW - OLDEST - timedelta(milliseconds=1) < fix.fixed_at <= NOW + FUTURE
        assert abs(fix.lat_e7) <= 900_000_000
        assert abs(fix.lon_e7) <= 1_800_000_000
        assert fix.course_deg is None or 0 <= fix.course_deg < 360
        assert fix.satellites is None or 0 <= fix.satellites <= 200
        assert fix.boot_id is None or 0 <= fix.boot_id <= MAX_BOOT
        assert canonical(fix)
    for reject in decoded.rejects:
        words = [reject.detail, reject.field, reject.value, reject.spool]
        assert all(word is None or word.isprintable() for word in words)
        assert reject.seq is None or 0 <= reject.seq <= MAX_SEQ
        assert msgspec.json.encode([reject.detail, reject.value])


@given(packs())
def test_what_is_sent_comes_back(sent: list[Fix]) -> None:
    decoded = decode_fixes("gps-01", encode_fixes(sent, sent[0].boot_id), claim_of(sent), NOW)

    assert decoded.fixes == sent
    assert decoded.rejects == []
    assert not decoded.unknown_fields


@given(packs(), st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(0, 9) | st.text(), max_size=3))
def test_fields_of_later_writers_change_nothing(sent: list[Fix], later: dict[str, object]) -> None:
    body = msgspec.json.decode(encode_fixes(sent, sent[0].boot_id))
    body = {**{f"later_{name}": value for name, value in later.items()}, **body}

    decoded = decode_fixes("gps-01", msgspec.json.encode(body), claim_of(sent), NOW)

    assert decoded.fixes == sent
    assert decoded.unknown_fields == bool(later)


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_raise(body: bytes, claimed: bool) -> None:
    claim = Claim(SPOOL, 1, 5) if claimed else None

    decoded = decode_fixes("gps-01", body, claim, NOW)

    check(decoded)
    assert claim is None or decoded.claim == claim
    decode_receipt(body)
    decode_status(body)


@given(packs(), st.data())
def test_a_damaged_body_never_makes_an_impossible_fix(sent: list[Fix], data: st.DataObject) -> None:
    body = bytearray(encode_fixes(sent, sent[0].boot_id))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not body:
            break

    decoded = decode_fixes("gps-01", bytes(body), claim_of(sent), NOW)

    check(decoded)
    assert decoded.claim == claim_of(sent)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
field_names = st.sampled_from(WireFix.__struct_fields__)


@given(
    packs(),
    st.dictionaries(field_names, json_values, min_size=1, max_size=3),
    st.sampled_from(FixMessage.__struct_fields__),
)
def test_any_value_in_any_field_is_a_fix_or_a_reject(sent: list[Fix], wrong: dict[str, object], outer: str) -> None:
    body = msgspec.json.decode(encode_fixes(sent, sent[0].boot_id))
    inner = {**body, "fixes": [{**body["fixes"][0], **wrong}, *body["fixes"][1:]]}

    check(decode_fixes("gps-01", msgspec.json.encode(inner), None, NOW))
    check(decode_fixes("gps-01", msgspec.json.encode({**body, outer: next(iter(wrong.values()))}), None, NOW))
    check(decode_fixes("gps-01", msgspec.json.encode({**body["fixes"][0], **wrong}), claim_of(sent), NOW))


@given(fixes(1, None))
def test_canonical_bytes_do_not_depend_on_the_way(fix: Fix) -> None:
    names = ("altitude_m", "speed_mps", "course_deg", "hdop", "accuracy_m")
    measured = {name: getattr(fix, name) for name in names if getattr(fix, name) is not None}
    stored = {name: float(struct.unpack("f", struct.pack("f", value))[0]) for name, value in measured.items()}
    sent = decode_fixes("gps-01", encode_fixes([fix], None), None, NOW).fixes[0]

    assert canonical(sent) == canonical(fix)
    assert canonical(msgspec.structs.replace(fix, **stored)) == canonical(fix)


@given(st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_properties_make_a_claim_or_nothing(spool: str | None, first: str | None, last: str | None) -> None:
    claim = parse_claim(spool, first, last)

    assert claim is None or 1 <= claim.first <= claim.last <= MAX_SEQ


@given(st.integers(1, MAX_SEQ), st.integers(0, 99_999))
def test_every_true_claim_is_read(first: int, more: int) -> None:
    last = min(first + more, MAX_SEQ)

    assert parse_claim(SPOOL, str(first), str(last)) == Claim(SPOOL, first, last)
