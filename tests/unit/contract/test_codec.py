"""Bodies of one message: what becomes a fix, what a reject, and what a receipt will confirm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from contract.codec import (
    MAX_BODY_BYTES,
    PLAIN_SPOOL,
    Claim,
    Reject,
    decode_fixes,
    decode_receipt,
    decode_status,
    encode,
    encode_fixes,
    parse_claim,
)
from contract.fix import MAX_SEQ, Fix, Quality, Source
from contract.kept_bytes import bytes_of_fixes
from contract.messages import MAX_FIXES, Receipt, Rejection, Status
from contract.reasons import RejectReason

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPOOL = "0123456789abcdef"


def fix(seq: int, **changes: object) -> Fix:
    made = Fix(
        device="gps-01", spool_id=SPOOL, seq=seq, fixed_at=NOW - timedelta(seconds=60 - seq), lat_e7=601_700_000,
        lon_e7=249_400_000,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def only_reject(body: bytes, claim: Claim | None = None) -> Reject:
    decoded = decode_fixes("gps-01", body, claim, NOW)
    assert decoded.fixes == []
    (reject,) = decoded.rejects
    return reject


def lone(**changes: object) -> bytes:
    entry: dict[str, object] = {"fixed_at": "2026-11-23T11:59:00Z", "lat": 60.17, "lon": 24.94}
    return msgspec.json.encode({**entry, **changes})


def pack(*entries: dict[str, object], **envelope: object) -> bytes:
    made = [{"fixed_at": "2026-11-23T11:59:00Z", "lat": 60.17, "lon": 24.94, **entry} for entry in entries]
    return msgspec.json.encode({"v": 1, "spool": SPOOL, "fixes": made, **envelope})


def test_a_pack_comes_back_as_it_was_sent() -> None:
    sent = [
        fix(1, altitude_m=12.34, speed_mps=8.333, course_deg=271.25, hdop=0.87, accuracy_m=2.5, satellites=11),
        fix(2, ignition=True, quality=Quality.RTK, replayed=True, source=Source.PHONE),
    ]
    sent = [msgspec.structs.replace(one, boot_id=3) for one in sent]

    decoded = decode_fixes("gps-01", encode_fixes(sent, 3), Claim(SPOOL, 1, 2), NOW)

    assert decoded.fixes == sent
    assert decoded.rejects == []
    assert decoded.claim == Claim(SPOOL, 1, 2)
    assert not decoded.unknown_fields


def test_a_lone_fix_of_a_plain_sender_needs_time_and_place_only() -> None:
    decoded = decode_fixes("gps-01", lone(), None, NOW)

    (made,) = decoded.fixes
    assert (made.lat_e7, made.lon_e7, made.spool_id) == (601_700_000, 249_400_000, PLAIN_SPOOL)
    assert 1 <= made.seq <= MAX_SEQ
    assert decoded.claim is None


def test_the_same_plain_fix_gets_the_same_number_and_another_fix_another() -> None:
    def number(body: bytes) -> int:
        return decode_fixes("gps-01", body, None, NOW).fixes[0].seq

    assert number(lone()) == number(b" " + lone())
    assert number(lone()) != number(lone(speed_mps=1.0))


def test_a_number_without_a_spool_means_nothing() -> None:
    (made,) = decode_fixes("gps-01", lone(seq=5), None, NOW).fixes

    assert made.spool_id == PLAIN_SPOOL
    assert made.seq != 5


def test_a_body_without_spool_takes_the_one_of_its_properties() -> None:
    body = msgspec.json.encode({"fixes": [msgspec.json.decode(lone(seq=7))]})

    decoded = decode_fixes("gps-01", body, Claim(SPOOL, 7, 7), NOW)

    assert [(made.spool_id, made.seq) for made in decoded.fixes] == [(SPOOL, 7)]


def test_times_with_an_offset_are_read_as_the_same_instant_in_utc() -> None:
    (made,) = decode_fixes("gps-01", lone(fixed_at="2026-11-23T13:59:00.1239+02:00"), None, NOW).fixes

    assert made.fixed_at == datetime(2026, 11, 23, 11, 59, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"fixed_at": "2026-11-23T11:59:00"}, RejectReason.INVALID_FIELD, "fixed_at"),
        ({"fixed_at": 1_763_895_600}, RejectReason.INVALID_FIELD, "fixed_at"),
        ({"fixed_at": "2025-10-19T11:59:59Z"}, RejectReason.TIME_TOO_OLD, "fixed_at"),
        ({"fixed_at": "0001-01-01T00:00:00+14:00"}, RejectReason.TIME_TOO_OLD, "fixed_at"),
        ({"fixed_at": "2026-11-23T12:10:00.001Z"}, RejectReason.TIME_IN_FUTURE, "fixed_at"),
        ({"lat": 90.1}, RejectReason.INVALID_FIELD, "lat"),
        ({"lat_e7": 900_000_001, "lon_e7": 0}, RejectReason.INVALID_FIELD, "lat_e7"),
        ({"lat": None}, RejectReason.NO_POSITION, "lat_e7"),
        ({"satellites": -1}, RejectReason.INVALID_FIELD, "satellites"),
        ({"quality": "excellent"}, RejectReason.INVALID_FIELD, "quality"),
        ({"speed_mps": "fast"}, RejectReason.INVALID_FIELD, "speed_mps"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(changes: dict[str, object], reason: RejectReason, field: str) -> None:
    reject = only_reject(lone(**changes))

    assert (reject.reason, reject.field) == (reason, field)
    assert reject.detail


@pytest.mark.parametrize("edge", ["2025-10-19T12:00:00Z", "2026-11-23T12:10:00Z"])
def test_times_at_the_edge_of_the_window_are_still_taken(edge: str) -> None:
    assert len(decode_fixes("gps-01", lone(fixed_at=edge), None, NOW).fixes) == 1


def test_one_bad_entry_rejects_alone_and_names_its_number() -> None:
    decoded = decode_fixes("gps-01", pack({"seq": 1}, {"seq": 2, "lat": 91}, {"seq": 3}), Claim(SPOOL, 1, 3), NOW)

    assert [made.seq for made in decoded.fixes] == [1, 3]
    assert [(reject.seq, reject.field, reject.value) for reject in decoded.rejects] == [(2, "lat", "91")]
    assert decoded.claim == Claim(SPOOL, 1, 3)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff\xfe", b'{"fixes":', b"[" * 100_000, b'"\\ud800"'])
def test_what_is_no_message_is_unreadable_and_keeps_its_claim(body: bytes) -> None:
    claim = Claim(SPOOL, 1, 9)

    decoded = decode_fixes("gps-01", body, claim, NOW)

    assert [reject.reason for reject in decoded.rejects] == [RejectReason.UNREADABLE]
    assert decoded.rejects[0].raw == body
    assert decoded.claim == claim


@pytest.mark.parametrize("wrong", [{"fixed_at": "2001-01-01T02:00:00+02:00"}, {"seq": "nine"}, {"lat": None}])
def test_a_rejected_entry_keeps_its_own_bytes_and_its_spool(wrong: dict[str, object]) -> None:
    body = pack({"seq": 1}, {"seq": 2, "later": [1, 2], **wrong}, {"seq": 3})

    (reject,) = decode_fixes("gps-01", body, None, NOW).rejects

    assert reject.raw in body
    assert (b'"later":[1,2]' in reject.raw, reject.raw.count(b"fixed_at"), reject.spool) == (True, 1, SPOOL)


def test_a_number_0_is_never_confirmed() -> None:
    decoded = decode_fixes("gps-01", pack({"seq": 0}, {"seq": 1}), None, NOW)

    assert decoded.claim == Claim(SPOOL, 1, 1)


def test_the_bytes_of_a_fix_are_found_again_in_its_message() -> None:
    body = pack({"seq": 1}, {"seq": 0}, {"seq": 2, "lat": 1.5}, {"seq": 2, "lat": 2.5, "later": 1})
    first, second, third = decode_fixes("gps-01", body, None, NOW).fixes

    found = bytes_of_fixes("gps-01", body, None)

    assert [msgspec.json.decode(found[fix]).get("lat") for fix in (first, second, third)] == [60.17, 1.5, 2.5]
    assert b'"later":1' in found[third]
    assert list(bytes_of_fixes("gps-01", lone(), None).values()) == [lone()]


def test_unknown_fields_are_ignored_and_told() -> None:
    decoded = decode_fixes("gps-01", pack({"seq": 1, "tyre_bar": 2.4}, later="yes"), Claim(SPOOL, 1, 1), NOW)

    assert [made.seq for made in decoded.fixes] == [1]
    assert decoded.unknown_fields


def test_a_fix_outside_its_announced_numbers_is_rejected() -> None:
    decoded = decode_fixes("gps-01", pack({"seq": 1}, {"seq": 3}), Claim(SPOOL, 1, 2), NOW)

    assert [(reject.reason, reject.seq) for reject in decoded.rejects] == [(RejectReason.OUT_OF_CLAIM, 3)]


def test_body_and_properties_must_name_the_same_spool() -> None:
    assert only_reject(pack({"seq": 1}), Claim("other", 1, 1)).reason is RejectReason.WRONG_SPOOL


def test_a_fix_of_a_spool_needs_a_number() -> None:
    assert only_reject(pack({})).reason is RejectReason.NO_NUMBER


@pytest.mark.parametrize("spool", ["Big", "a b", "abc\n", "", "x" * 33])
def test_a_spool_has_a_plain_name(spool: str) -> None:
    reject = only_reject(pack({"seq": 1}, spool=spool))

    assert (reject.reason, reject.field) == (RejectReason.INVALID_FIELD, "spool")


def test_a_boot_count_that_the_database_cannot_hold_is_refused_by_name() -> None:
    reject = only_reject(pack({"seq": 1}, boot=2**31))

    assert (reject.reason, reject.field, reject.value) == (RejectReason.INVALID_FIELD, "boot", "2147483648")


def test_without_properties_a_message_without_holes_is_confirmed_by_its_own_numbers() -> None:
    assert decode_fixes("gps-01", pack({"seq": 4}, {"seq": 5}), None, NOW).claim == Claim(SPOOL, 4, 5)
    assert decode_fixes("gps-01", pack({"seq": 4}, {"seq": 6}), None, NOW).claim is None


def test_a_number_that_comes_twice_does_not_confirm_a_missing_one() -> None:
    assert decode_fixes("gps-01", pack({"seq": 1}, {"seq": 1}, {"seq": 3}), None, NOW).claim is None


def test_too_many_fixes_or_bytes_are_refused_as_a_whole() -> None:
    many = b'{"fixes":[' + b",".join([b"{}"] * (MAX_FIXES + 1)) + b"]}"
    long = lone(note="x" * MAX_BODY_BYTES)

    for body in (many, long):
        reject = only_reject(body)
        assert reject.reason is RejectReason.TOO_LARGE
        assert len(reject.raw) <= MAX_BODY_BYTES


@pytest.mark.parametrize("value", ["\x00", "a\nb", "\x7f"])
def test_control_characters_never_reach_the_words_of_a_reject(value: str) -> None:
    reject = only_reject(lone(quality=value))

    assert reject.detail.isprintable()
    assert reject.value is not None
    assert reject.value.isprintable()


def test_claims_are_read_from_properties_and_nonsense_is_none() -> None:
    assert parse_claim(SPOOL, "1", "20") == Claim(SPOOL, 1, 20)
    for first, last in [("0", "1"), ("2", "1"), ("1", "100001"), ("x", "1"), ("1", ""), ("\u00b2", "3")]:
        assert parse_claim(SPOOL, first, last) is None
    assert parse_claim(SPOOL, "1", str(MAX_SEQ + 1)) is None
    assert parse_claim("No Spool", "1", "1") is None
    assert parse_claim(None, None, None) is None


def test_a_number_of_thousands_of_digits_is_no_claim() -> None:
    assert parse_claim(SPOOL, "1", "9" * 60_000) is None
    assert parse_claim(SPOOL, "1" * 60_000, "1" * 60_000) is None


def test_receipts_and_statuses_come_back() -> None:
    receipt = Receipt(spool=SPOOL, through=7, also=[(9, 12)])
    status = Status(state="online", spool=SPOOL, boot=3, backlog=12, dropped=[(1, 5)], source="serial:/dev/ttyUSB0")

    assert decode_receipt(encode(receipt)) == receipt
    assert decode_status(encode(status)) == status
    assert encode(Status(state="offline")) == b'{"state":"offline"}'
    assert msgspec.json.decode(encode(Rejection(reason="unreadable", detail="cut off"))) == {
        "reason": "unreadable",
        "detail": "cut off",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"offline",
        b"{}",
        b'{"state":"asleep"}',
        b'{"state":"online","version":"\\u0000"}',
        b'{"state":"online","backlog":18446744073709551615}',
        b'{"state":"online","boot":-1}',
        b'{"state":"online","source":"\\ud800"}',
    ],
)
def test_what_the_database_could_not_hold_is_no_status(body: bytes) -> None:
    assert decode_status(body) is None


@pytest.mark.parametrize("body", [b"", b"{}", b'{"spool":"a","through":-1}', b'{"spool":"a","through":1,"also":[[1]]}'])
def test_what_is_no_receipt_confirms_nothing(body: bytes) -> None:
    assert decode_receipt(body) is None
