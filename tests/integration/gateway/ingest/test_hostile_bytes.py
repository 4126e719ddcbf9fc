"""What a broken or hostile device may send without stopping the gateway for the others."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec
import psycopg
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.clock import Clock, true_now
from contract.times import format_instant
from contract.topics import FIXES, STATUS, device_topic
from gateway.ingest.batch import read_batch
from gateway.ingest.inbox import Message
from tests.fixtures import hostile
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from waybill.stack.broker import Broker

OTHER_SPOOL = "fedcba9876543210"  # a spool is one device's
MakeDevice = Callable[[str], Device]


def fix_body(spool: str = "0123456789abcdef", **changes: object) -> bytes:
    entry = {"fixed_at": format_instant(true_now()), "lat": 60.17, "lon": 24.94, "seq": 1}
    return msgspec.json.encode({"v": 1, "spool": spool, "fixes": [{**entry, **changes}]})


def send_with_properties(device: Device, seq: int, pairs: list[tuple[str, str]]) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    properties.UserProperty = pairs
    topic = device_topic(device.name, FIXES)
    device.client.publish(topic, fix_body(seq=seq), qos=1, properties=properties).wait_for_publish(10)


def counts(owner: psycopg.Connection) -> tuple[int, ...] | None:
    """Rejects, and fixes of both devices."""
    return owner.execute("SELECT (SELECT count(*) FROM waybill.reject), (SELECT count(*) FROM waybill.fix)").fetchone()


def hostile_messages(device: Device) -> None:
    for body in (
        fix_body(quality="\x00"),
        fix_body(satellites=10**300),
        fix_body(seq=2, zzz="\x00" * 9),
        msgspec.json.encode({"spool": "0123456789abcdef", "boot": 2**40, "fixes": []}),
        fix_body(seq=2**63 - 1),
        b"[" * 200_000,
        b"\x00",
    ):
        device.send_raw(body)
    send_with_properties(device, 3, [("spool", "0123456789abcdef"), ("first", "1"), ("last", "9" * 20_000)])
    send_with_properties(device, 4, [("spool", "\u00e4"), ("first", "-1"), ("last", "\u00b2")])
    for status in (b'{"state":"\\u0000"}', b'{"state":"online","backlog":1e400}', b'{"state":"online","at":"\\u0000"}'):
        device.client.publish(device_topic(device.name, STATUS), status, qos=1).wait_for_publish(10)


def test_whatever_one_device_sends_another_is_stored_and_confirmed(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "hostile-a")
    register(owner, "hostile-b", vehicle="01900000-0000-7000-8000-000000000003", name="van-2")
    with running_gateway(broker, database):
        hostile, honest = make_device("hostile-a"), make_device("hostile-b")

        hostile_messages(hostile)
        honest.spool = OTHER_SPOOL
        honest.send_raw(fix_body(honest.spool), first=1, last=1)
        honest.receipt(through=1)
        eventually(lambda: counts(owner) == (9, 4))


SAMPLE, SAMPLE_LONG = 1_500, 30_000
RANDOM_TIMES = 10_000
# More does not pass the broker (test_a_message_of_50_000_fixes…).
MOST_BYTES = 262_000


def settled(message: Message) -> bool:
    """Whether it may come from gps-01, and means the same some minutes later: times at the edge do not."""
    if message.topic not in (hostile.FIXES, hostile.STATUS) or len(message.payload) > MOST_BYTES:
        return False
    now, later = (read_batch([message], hostile.NOW + timedelta(minutes=minutes)) for minutes in (0, 5))
    return len(now.fixes) == len(later.fixes)


def send_as_it_is(device: Device, message: Message) -> None:
    properties = Properties(PacketTypes.PUBLISH)
    if message.claim is not None:
        claim = message.claim
        properties.UserProperty = [("spool", claim.spool), ("first", str(claim.first)), ("last", str(claim.last))]
    device.client.publish(message.topic, message.payload, qos=1, properties=properties)


def sent_and_expected(device: Device, seed: str, count: int) -> tuple[Counter[bytes], int]:
    """Sends the sample; the bytes of its rejects, and how many fixes it holds."""
    rejects: Counter[bytes] = Counter()
    fixes = 0
    for message in filter(settled, islice(hostile.messages(seed, days=15), count)):
        batch = read_batch([message], hostile.NOW)
        rejects.update(reject.raw for reject, _ in batch.rejects)
        fixes += len(batch.fixes)
        send_as_it_is(device, message)
    return rejects, fixes


def sample_goes_the_real_way(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice, count: int
) -> None:
    register(owner, "gps-01")
    register(owner, "hostile-b", vehicle="01900000-0000-7000-8000-000000000003", name="van-2")
    with running_gateway(broker, database, clock=Clock(hostile.NOW, true_now(), 1.0)):
        device, honest = make_device("gps-01"), make_device("hostile-b")
        rejects, fixes = sent_and_expected(device, f"sample of {count}", count)
        # After all of it, so that it is stored when this is; the broker keeps the order of one line only.
        device.send_raw(fix_body(fixed_at=format_instant(hostile.NOW), seq=77), first=77, last=77)
        honest.spool = OTHER_SPOOL
        honest.send_raw(fix_body(OTHER_SPOOL, fixed_at=format_instant(hostile.NOW)), first=1, last=1)
        honest.receipt(through=1, within_s=120)
        last = "SELECT 1 FROM waybill.fix WHERE seq = 77 AND fixed_at = %s"
        eventually(lambda: owner.execute(last, [hostile.NOW]).fetchone(), 240)

    kept = Counter(
        bytes(raw) for (raw,) in owner.execute("SELECT raw FROM waybill.reject WHERE reason <> 'conflicting_duplicate'")
    )
    assert kept == rejects
    row = owner.execute(
        "SELECT (SELECT count(*) FROM waybill.fix), (SELECT count(*) FROM waybill.reject"
        " WHERE reason = 'conflicting_duplicate'), (SELECT count(*) FROM waybill.reject WHERE reason = 'unstorable')"
    ).fetchone()
    assert row is not None
    stored, contradicting, unstorable = row
    assert unstorable == 0
    assert 0 <= fixes + 2 - stored - contradicting < fixes / 10  # what is left was sent twice with the same content
    assert owner.execute(BREAKS_A_RULE).fetchall() == []


BREAKS_A_RULE = """
    SELECT * FROM waybill.fix WHERE NOT (
        seq BETWEEN 1 AND 9223372036854775806 AND lat_e7 BETWEEN -900000000 AND 900000000
        AND lon_e7 BETWEEN -1800000000 AND 1800000000 AND coalesce(speed_mps, 0) BETWEEN 0 AND 1000
        AND coalesce(course_deg, 0) >= 0 AND coalesce(course_deg, 0) < 360
        AND coalesce(satellites, 0) BETWEEN 0 AND 200 AND coalesce(hdop, 0) BETWEEN 0 AND 100)"""


def test_a_sample_of_damaged_messages_is_stored_or_kept_to_the_last_one(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    sample_goes_the_real_way(broker, database, owner, make_device, SAMPLE)


@pytest.mark.long
def test_thirty_thousand_damaged_messages(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    sample_goes_the_real_way(broker, database, owner, make_device, SAMPLE_LONG)


def random_times() -> list[datetime]:
    """From 1900 to 2200, and some of the last 400 days."""
    chance = random.Random("a broken clock")
    start = datetime(1900, 1, 1, tzinfo=UTC)
    anything = [start + timedelta(seconds=chance.randrange(300 * 365 * 86_400)) for _ in range(RANDOM_TIMES - 150)]
    possible = [true_now() - timedelta(seconds=chance.randrange(400 * 86_400)) for _ in range(150)]
    return chance.sample(anything + possible, RANDOM_TIMES)


def test_a_broken_clock_makes_no_chunk_out_of_bounds_and_stops_nobody(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "hostile-c")
    register(owner, "hostile-b", vehicle="01900000-0000-7000-8000-000000000003", name="van-2")
    times = random_times()
    with running_gateway(broker, database):
        broken, honest = make_device("hostile-c"), make_device("hostile-b")
        for first in range(1, RANDOM_TIMES, 50):
            entries = [
                {"fixed_at": format_instant(times[seq - 1]), "lat": 60.17, "lon": 24.94, "seq": seq}
                for seq in range(first, first + 50)
            ]
            body = {"v": 1, "spool": broken.spool, "fixes": entries}
            broken.send_raw(msgspec.json.encode(body), first=first, last=first + 49)
        honest.spool = OTHER_SPOOL
        honest.send_raw(fix_body(OTHER_SPOOL), first=1, last=1)
        honest.receipt(through=1, within_s=60)
        broken.receipt(through=RANDOM_TIMES, within_s=60)

    bounds = owner.execute(
        "SELECT min(range_start), max(range_end), count(*) FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'fix'"
    ).fetchone()
    assert bounds is not None
    assert true_now() - timedelta(days=402) < bounds[0] < bounds[1] < true_now() + timedelta(days=2)
    assert 100 < bounds[2] <= 402
    assert owner.execute(
        "SELECT (SELECT count(*) FROM waybill.fix) + (SELECT count(*) FROM waybill.reject)"
    ).fetchone() == (RANDOM_TIMES + 1,)


def test_a_message_of_50_000_fixes_is_refused_as_one_and_stops_nobody(
    broker: Broker, database: Database, owner: psycopg.Connection, make_device: MakeDevice
) -> None:
    register(owner, "hostile-d")
    register(owner, "hostile-b", vehicle="01900000-0000-7000-8000-000000000003", name="van-2")
    small = b'{"fixes":[' + b"{}," * 49_999 + b"{}]}"
    entry = json.loads(fix_body())["fixes"][0]
    whole = msgspec.json.encode({"fixes": [{**entry, "seq": seq} for seq in range(1, 50_001)]})
    with running_gateway(broker, database):
        device, honest = make_device("hostile-d"), make_device("hostile-b")
        device.send_raw(small, first=1, last=50_000)
        device.receipt(through=50_000)
        connected = device.connected
        device.client.publish(device_topic("hostile-d", FIXES), whole, qos=0)
        eventually(lambda: device.connected > connected)  # the broker has cut it off, and it came back
        honest.spool = OTHER_SPOOL
        honest.send_raw(fix_body(OTHER_SPOOL), first=1, last=1)
        honest.receipt(through=1)

    query = "SELECT reason, detail, length(raw) FROM waybill.reject"
    assert owner.execute(query).fetchall() == [("too_large", "50000 fixes; a message holds at most 5000", len(small))]
