"""Foreign senders' messages: units, unknown measures, who sent them, and what is said of bad ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contract.codec import MAX_BODY_BYTES
from contract.fix import Quality, Source
from contract.foreign import FLESPI, OSMAND, OWNTRACKS, ForeignMessage, Sender, decode_foreign, parse_foreign_topic
from contract.reasons import RejectReason

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TST = int(NOW.timestamp()) - 60


def owntracks(body: str) -> ForeignMessage:
    return decode_foreign(Sender(OWNTRACKS, "jj/phone"), "phone-3", body.encode(), NOW)


def osmand(body: str) -> ForeignMessage:
    return decode_foreign(Sender(OSMAND, "7"), "phone-3", body.encode(), NOW)


@pytest.mark.parametrize(
    ("topic", "sender"),
    [
        ("owntracks/jj/phone", Sender(OWNTRACKS, "jj/phone")),
        ("osmand/48241179", Sender(OSMAND, "48241179")),
        ("flespi/message/gw/devices/1", Sender(FLESPI, "1")),
        ("owntracks/jj/phone/event", None),
        ("owntracks/jj", None),
        ("owntracks//phone", None),
        ("flespi/message/gw/devices/", None),
        ("waybill/v1/gps-07/fixes", None),
        ("", None),
    ],
)
def test_a_topic_names_a_foreign_sender_or_none(topic: str, sender: Sender | None) -> None:
    assert parse_foreign_topic(topic) == sender
    if sender is not None:
        assert sender.topic == topic


def test_owntracks_kilometres_an_hour_become_metres_a_second_and_the_fix_is_a_phones() -> None:
    read = owntracks(f'{{"_type":"location","lat":60.17,"lon":24.94,"tst":{TST},"vel":36,"cog":359,"acc":12,"alt":-3}}')

    (fix,) = read.fixes
    assert (fix.speed_mps, fix.course_deg, fix.accuracy_m, fix.altitude_m) == (10.0, 359.0, 12.0, -3.0)
    assert (fix.device, fix.spool_id, fix.source) == ("phone-3", "owntracks", Source.PHONE)
    assert fix.fixed_at == NOW - timedelta(minutes=1)


def test_a_message_built_anew_around_the_same_position_has_the_same_number() -> None:
    first = owntracks(f'{{"_type":"location","lat":60.17,"lon":24.94,"tst":{TST},"batt":50}}')
    again = owntracks(f'{{"tst":{TST},"lon":24.94,"lat":60.17,"_type":"location","batt":49,"created_at":{TST + 9}}}')

    assert first.fixes == again.fixes


def test_osmand_knots_become_metres_a_second() -> None:
    (fix,) = osmand(f"id=7&lat=60.17&lon=24.94&timestamp={TST}&speed=10&bearing=90&hdop=0.0").fixes

    assert fix.speed_mps == pytest.approx(5.144)
    assert (fix.course_deg, fix.hdop) == (90.0, None)


def test_osmand_times_are_seconds_milliseconds_or_rfc_3339_and_never_a_wall_clock() -> None:
    said = [str(TST), str(TST * 1000), "2026-11-23T11:59:00Z", "2026-11-23T13:59:00%2B02:00"]
    wall = osmand("id=7&lat=60.17&lon=24.94&timestamp=2026-11-23 11:59:00")

    times = {osmand(f"id=7&lat=60.17&lon=24.94&timestamp={text}").fixes[0].fixed_at for text in said}

    assert times == {NOW - timedelta(minutes=1)}
    assert [(reject.reason, reject.field, reject.value) for reject in wall.rejects] == [
        (RejectReason.INVALID_FIELD, "timestamp", "2026-11-23 11:59:00")
    ]


def test_a_mock_location_is_simulated() -> None:
    body = (
        '{"device_id":"7","location":{"timestamp":"2026-11-23T11:59:00Z","mock":true,'
        '"coords":{"latitude":60.17,"longitude":24.94,"speed":-1,"heading":-1}}}'
    )

    (fix,) = osmand(body).fixes

    assert (fix.quality, fix.speed_mps, fix.course_deg) == (Quality.SIMULATED, None, None)


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        ("lat=60.17&lon=24.94", RejectReason.INVALID_FIELD, "id"),
        ("id=8&lat=60.17&lon=24.94", RejectReason.WRONG_DEVICE, "id"),
        ("id=7&lat=91&lon=24.94", RejectReason.INVALID_FIELD, "lat"),
        ("id=7&lat=nan&lon=24.94", RejectReason.INVALID_FIELD, "lat"),
        ("id=7&lat=1_0&lon=24.94", RejectReason.INVALID_FIELD, "lat"),
        ("id=7&lat=60.17", RejectReason.NO_POSITION, "lat_e7"),
        ("id=7&lat=60.17&lon=24.94&valid=false", RejectReason.NO_POSITION, "valid"),
        ("id=7&lat=60.17&lon=24.94&speed=99999", RejectReason.INVALID_FIELD, "speed"),
        ("id=7&lat=60.17&lon=24.94&timestamp=0", RejectReason.TIME_TOO_OLD, "timestamp"),
        ("id=7&" + "&".join(f"k{n}=1" for n in range(300)), RejectReason.UNREADABLE, None),
        ('{"device_id":"8","location":{"timestamp":"2026-11-23T11:59:00Z","coords":{"latitude":1,"longitude":1}}}',
         RejectReason.WRONG_DEVICE, "device_id"),
        ('{"device_id":"7","location":{"timestamp":"noon","coords":{"latitude":1,"longitude":1}}}',
         RejectReason.INVALID_FIELD, "location.timestamp"),
        ('{"device_id":"7","location":{"timestamp":"2026-11-23T11:59:00Z"}}', RejectReason.INVALID_FIELD, None),
    ],
)  # fmt: skip
def test_a_bad_report_is_one_reject_in_the_senders_own_words(body: str, reason: RejectReason, field: str) -> None:
    read = osmand(body)

    (reject,) = read.rejects
    assert read.fixes == []
    assert reject.reason is reason
    assert reject.field == field or field is None
    assert reject.raw == body.encode()


@pytest.mark.parametrize(
    ("extra", "reason", "field"),
    [
        ('"tst":1551874878000', RejectReason.INVALID_FIELD, "tst"),
        ('"tst":4102444800', RejectReason.TIME_IN_FUTURE, "tst"),
        (f'"tst":{TST},"vel":4000', RejectReason.INVALID_FIELD, "vel"),
        (f'"tst":{TST},"topic":"owntracks/jj/tablet"', RejectReason.WRONG_DEVICE, "topic"),
    ],
)
def test_a_bad_location_is_one_reject_in_the_senders_own_words(extra: str, reason: RejectReason, field: str) -> None:
    (reject,) = owntracks(f'{{"_type":"location","lat":60.17,"lon":24.94,{extra}}}').rejects

    assert (reject.reason, reject.field, reject.device) == (reason, field, "phone-3")


def test_one_bad_message_of_flespi_is_refused_alone() -> None:
    good = f'{{"timestamp":{TST}.5,"position.latitude":60.17,"position.longitude":24.94,"position.speed":36}}'
    bad = '{"timestamp":"noon"}'
    bare = f'{{"timestamp":{TST},"ident":"1"}}'
    body = f"[{good},{bad},{bare}]".encode()

    read = decode_foreign(Sender(FLESPI, "1"), "gps-9", body, NOW)

    assert [(fix.speed_mps, fix.source) for fix in read.fixes] == [(10.0, Source.DEDICATED)]
    assert [(reject.field, reject.raw) for reject in read.rejects] == [("timestamp", bad.encode())]
    assert (read.ignored, read.why_ignored) == (1, "a message without a position")


def test_an_overlong_body_is_one_reject_of_bounded_size() -> None:
    (reject,) = owntracks("x" * (MAX_BODY_BYTES + 1)).rejects

    assert reject.reason is RejectReason.TOO_LARGE
    assert len(reject.raw) == MAX_BODY_BYTES
