"""The way of a fix from a device to the database through a real broker, with receipts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from contract.codec import encode_fixes
from contract.fix import Fix, Quality, utc_ms
from contract.topics import FIXES, device_topic
from gateway.tracking.policy import Policy
from storage.ingest import lock_gateway
from tests.fixtures.database import Database
from tests.fixtures.gateway import PREMISES, Device, eventually, register, running_gateway
from waybill.stack.broker import Broker

MakeDevice = Callable[[str], Device]


def fixes(device: str, count: int, *, first: int = 1, lat_e7: int = 601_700_000) -> list[Fix]:
    """Consecutive fixes, a second and about a metre apart, the newest a moment ago."""
    start = utc_ms(true_now()) - timedelta(minutes=30)
    return [
        Fix(
            device=device,
            spool_id="0123456789abcdef",
            seq=seq,
            fixed_at=start + timedelta(seconds=seq),
            lat_e7=lat_e7 + seq * 90,
            lon_e7=249_400_000,
            speed_mps=1.234,
            course_deg=359.99,
            quality=Quality.GPS,
        )
        for seq in range(first, first + count)
    ]


def stored(owner: psycopg.Connection) -> list[tuple[int, int]]:
    return owner.execute("SELECT seq, lat_e7 FROM waybill.fix ORDER BY seq, fixed_at").fetchall()


def test_fixes_are_stored_and_confirmed(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-a")
    with running_gateway(broker, database):
        device = make_device("ingest-a")
        sent = fixes("ingest-a", 500)

        device.send(sent[:300])
        device.send(sent[300:])
        receipt = device.receipt(through=500)

    assert receipt.also == []
    assert stored(owner) == [(fix.seq, fix.lat_e7) for fix in sent]
    newest = owner.execute("SELECT seq, speed_mps, course_deg FROM waybill.last_fix").fetchone()
    assert newest == (500, pytest.approx(1.234), pytest.approx(359.99))


def test_a_repeated_pack_stores_nothing_twice_and_is_confirmed_again(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-b")
    with running_gateway(broker, database):
        device = make_device("ingest-b")
        sent = fixes("ingest-b", 10)
        device.send(sent)
        device.receipt(through=10)

        device.send(sent[5:] + fixes("ingest-b", 5, first=11))
        device.receipt(through=15)

    assert [seq for seq, _ in stored(owner)] == list(range(1, 16))
    assert owner.execute("SELECT count(*) FROM waybill.reject").fetchone() == (0,)


def test_the_same_key_with_other_content_is_kept_as_a_reject_and_staff_are_told_once(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-c")
    with running_gateway(broker, database):
        device = make_device("ingest-c")
        sent = fixes("ingest-c", 3)
        device.send(sent)
        device.receipt(through=3)

        device.send([msgspec.structs.replace(sent[1], lat_e7=1)])
        reason = eventually(lambda: owner.execute("SELECT reason, seq, raw FROM waybill.reject").fetchone())
        device.send([msgspec.structs.replace(sent[2], lat_e7=1)])
        eventually(lambda: owner.execute("SELECT 1 FROM waybill.reject WHERE seq = 3").fetchone())

    told = "SELECT action, object_id, premises_id::text, after ->> 'seq' FROM waybill.audit_event WHERE actor = %s"
    assert owner.execute(told, ["ingest-c"]).fetchall() == [("device.contradicted", "ingest-c", PREMISES, "2")]
    open_ones = "SELECT kind, trip_id, premises_id::text, closed_at FROM waybill.exception"
    assert owner.execute(open_ones).fetchall() == [("contradicted", None, PREMISES, None)]
    assert reason[:2] == ("conflicting_duplicate", 2)
    assert b'"lat_e7":1' in bytes(reason[2])
    assert stored(owner) == [(fix.seq, fix.lat_e7) for fix in sent]


def test_a_message_at_qos_0_is_stored_and_breaks_no_connection(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-l")
    with running_gateway(broker, database):
        device = make_device("ingest-l")
        first, second = fixes("ingest-l", 2)
        device.client.publish(device_topic("ingest-l", FIXES), encode_fixes([first], 1), qos=0)
        eventually(lambda: stored(owner))
        connected = "SELECT seen_at FROM waybill.part WHERE (counters ->> 'connected')::int = 1"
        before = owner.execute(connected).fetchone()

        device.send([second])
        device.receipt(through=2)
        eventually(lambda: owner.execute(f"{connected} AND seen_at > %s", before).fetchone())

    # An acknowledgement without a number would have made the broker end the connection and send the second again.
    assert [seq for seq, _ in stored(owner)] == [1, 2]
    counted = owner.execute("SELECT counters ->> 'messages' FROM waybill.part").fetchone()
    assert counted == ("2",)


def test_an_unreadable_body_is_kept_and_confirmed_by_its_claim(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-d")
    with running_gateway(broker, database):
        device = make_device("ingest-d")

        device.send_raw(b"\xff{not json", first=1, last=7)
        device.receipt(through=7)
        word = msgspec.json.decode(device.rejections.get(timeout=10))

    assert owner.execute("SELECT reason, raw FROM waybill.reject").fetchone() == ("unreadable", b"\xff{not json")
    assert word["reason"] == "unreadable"


def test_fields_of_a_later_version_are_ignored_and_counted(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-k")
    with running_gateway(broker, database):
        device = make_device("ingest-k")
        body = msgspec.json.decode(encode_fixes(fixes("ingest-k", 1), 1))
        body["fixes"][0]["battery_v"] = 12.6

        device.send_raw(msgspec.json.encode(body), first=1, last=1)
        query = "SELECT 1 FROM waybill.part WHERE (counters ->> 'unknown_fields')::int = 1"
        counted = eventually(lambda: owner.execute(query).fetchone(), within_s=15)

    assert counted
    assert [seq for seq, _ in stored(owner)] == [1]


def test_numbers_that_never_came_stay_missing_in_the_receipt(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-e")
    with running_gateway(broker, database):
        device = make_device("ingest-e")
        device.send(fixes("ingest-e", 3))

        device.send(fixes("ingest-e", 2, first=6))
        receipt = device.receipt(through=3)
        if not receipt.also:  # the first receipt may have gone out before the second pack was stored
            receipt = device.receipt(through=3)

    assert (receipt.through, receipt.also) == (3, [(6, 7)])


def test_what_came_while_the_gateway_was_down_is_stored_when_it_is_back(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-f")
    with running_gateway(broker, database):
        device = make_device("ingest-f")
        device.send(fixes("ingest-f", 1))
        device.receipt(through=1)
    device.send(fixes("ingest-f", 50, first=2))
    assert len(stored(owner)) == 1

    with running_gateway(broker, database):
        device.receipt(through=51)

    assert len(stored(owner)) == 51


def test_an_unregistered_device_is_refused_and_its_bytes_are_kept(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    with running_gateway(broker, database):
        device = make_device("ingest-g")
        body = encode_fixes(fixes("ingest-g", 2), 1)

        device.send_raw(body, first=1, last=2)
        query = "SELECT reason, device_name, spool, seq, raw FROM waybill.reject ORDER BY seq"
        rows = eventually(lambda: owner.execute(query).fetchall())

    entries = msgspec.json.decode(body, type=dict[str, msgspec.Raw])["fixes"]
    kept = [bytes(entry) for entry in msgspec.json.decode(entries, type=list[msgspec.Raw])]
    assert rows == [("unknown_device", "ingest-g", device.spool, seq, kept[seq - 1]) for seq in (1, 2)]
    assert stored(owner) == []


def test_fixes_over_many_days_in_one_message_do_not_stop_the_others(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-h")
    with running_gateway(broker, database):
        device = make_device("ingest-h")
        spread = [
            msgspec.structs.replace(fix, fixed_at=fix.fixed_at - timedelta(days=fix.seq))
            for fix in fixes("ingest-h", 200)
        ]

        device.send(spread)
        device.send(fixes("ingest-h", 5, first=201))
        device.receipt(through=205)

    assert len(stored(owner)) == 5
    query = "SELECT reason, count(*), sum(length(raw)) < %s FROM waybill.reject GROUP BY reason"
    assert owner.execute(query, [len(encode_fixes(spread, 1))]).fetchall() == [("too_many_days", 200, True)]


def test_a_production_gateway_keeps_simulated_fixes_off_the_map(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-i")
    with running_gateway(broker, database, policy=Policy()):
        device = make_device("ingest-i")
        real, simulated = fixes("ingest-i", 2)

        device.send([real, msgspec.structs.replace(simulated, quality=Quality.SIMULATED)])
        device.receipt(through=2)

    rows = owner.execute("SELECT seq, refused_by FROM waybill.fix ORDER BY seq").fetchall()
    assert rows == [(1, None), (2, "simulated")]
    assert owner.execute("SELECT seq FROM waybill.last_fix").fetchall() == [(1,)]


def test_the_least_a_sender_must_give_is_time_and_place(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "ingest-j")
    with running_gateway(broker, database):
        device = make_device("ingest-j")
        body = b'{"fixed_at":"%s","lat":60.1712345,"lon":24.9412345}' % true_now().isoformat().encode()

        device.send_raw(body)
        device.send_raw(body)
        eventually(lambda: stored(owner))
        counted = eventually(
            lambda: owner.execute("SELECT 1 FROM waybill.part WHERE (counters ->> 'duplicates')::int = 1").fetchone(),
            within_s=15,
        )

    assert counted
    assert owner.execute("SELECT lat_e7, lon_e7 FROM waybill.fix").fetchall() == [(601_712_345, 249_412_345)]


def test_a_second_gateway_with_the_same_client_id_stays_out(broker: Broker, database: Database) -> None:
    with (
        psycopg.connect(database.gateway_url) as first,
        psycopg.connect(database.gateway_url) as second,
    ):
        assert lock_gateway(first, "gateway")
        assert not lock_gateway(second, "gateway")
        assert lock_gateway(second, "another")
