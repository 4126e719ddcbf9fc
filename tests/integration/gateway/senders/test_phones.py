"""Phones beside a vehicle's unit, strangers, and a broker that lets a device publish for another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from contract.codec import encode_fixes
from contract.fix import Fix, utc_ms
from contract.foreign import OWNTRACKS, Sender
from gateway.api.app import make_app
from gateway.broker_admin import BrokerAdmin
from gateway.ingest.batch import read_batch
from gateway.ingest.inbox import Message
from gateway.ingest.strangers import MOST_BYTES
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.master.devices import find_device, fit_device, revoke_credential
from gateway.master.strangers import MOST_NAMES
from gateway.master.vehicles import find_vehicle
from gateway.tracking.policy import Policy
from storage.senders import unknown_senders
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from tests.fixtures.gateway import Device, eventually, register, running_gateway
from tests.integration.gateway.senders.world import STAFF, Http, add_phone, osmand, phone
from waybill.stack.broker import Broker

JJ = Sender(OWNTRACKS, "jj/phone")


def location(*, lat: float = 60.18, seconds_ago: int = 5) -> bytes:
    tst = int(true_now().timestamp()) - seconds_ago
    return b'{"_type":"location","lat":%f,"lon":24.94,"tst":%d,"acc":8,"vel":36}' % (lat, tst)


def fixes(device: str, spool: str, count: int = 3) -> list[Fix]:
    start = utc_ms(true_now()) - timedelta(minutes=1)
    return [
        Fix(device=device, spool_id=spool, seq=seq, fixed_at=start + timedelta(seconds=seq), lat_e7=601_700_000 + seq,
            lon_e7=249_400_000)
        for seq in range(1, count + 1)
    ]  # fmt: skip


def one(owner: psycopg.Connection, query: str) -> Any:
    row = owner.execute(query).fetchone()
    return None if row is None else row if len(row) > 1 else row[0]


def test_a_phone_in_a_van_is_shown_as_a_phone_and_moves_no_van(
    broker: Broker, database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin,
    make_device: Callable[[str], Device], waybill: Waybill,
) -> None:  # fmt: skip
    register(owner, "gps-71")
    password, _ = add_phone(database, broker_admin, "phone-71", JJ)
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        van = find_vehicle(connection, "van-1")
        fit_device(connection, find_device(connection, "phone-71"), van, actor=STAFF, at=true_now() - timedelta(days=1))
    with running_gateway(broker, database):
        unit = make_device("gps-71")
        unit.send(fixes("gps-71", unit.spool))
        unit.receipt(through=3)
        with phone(broker, "phone-71", password) as line:
            line.publish(JJ.topic, location())
            own = msgspec.json.encode({"fixed_at": true_now(), "lat": 60.1801, "lon": 24.94, "source": "dedicated"})
            line.publish("waybill/v1/phone-71/fixes", own)
        eventually(lambda: one(owner, "SELECT count(*) FROM waybill.fix WHERE source = 'phone'") == 2)

    assert one(owner, "SELECT count(*) FROM waybill.fix WHERE source = 'dedicated'") == 3
    owner.execute("SELECT set_config('waybill.premises', (SELECT id::text FROM waybill.premises), false)")
    assert one(owner, "SELECT device_name, lat_e7 FROM reading.fleet") == ("gps-71", 601_700_003)
    track = waybill("history", "--vehicle", "van-1", "--from", "1 hour ago", "--to", "now")
    phones = waybill("history", "--vehicle", "van-1", "--from", "1 hour ago", "--phones")
    assert track.out.count("gps-71") == 3
    assert "phone" not in track.out
    assert (phones.out.count("phone-71"), phones.out.count("gps-71")) == (2, 0)


def test_an_unknown_phone_is_refused_listed_accepted_and_its_reports_put_in_again_once(
    broker: Broker, database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin,
    waybill_with_broker: Waybill,
) -> None:  # fmt: skip
    waybill = waybill_with_broker
    broker_admin.put({"left-over": "known to the broker"})
    broker_admin.allow("left-over", [JJ.topic])
    with running_gateway(broker, database):
        with phone(broker, "left-over", "known to the broker") as line:
            for seconds in (30, 20, 10):
                line.publish(JJ.topic, location(seconds_ago=seconds))
        eventually(lambda: one(owner, "SELECT sum(reports) FROM waybill.unknown_sender") == 3)
        refused = waybill("rejects", "list", "--device", JJ.label)
        listed = waybill("device", "unknown")
        found, others = waybill("device", "unknown", JJ.address.upper()), waybill("device", "unknown", "nobody")
        accepted = waybill("device", "accept", JJ.label, "--as", "phone-72")
        assert one(owner, "SELECT count(*) FROM waybill.fix") == 0

        again = waybill("rejects", "replay", "--device", JJ.label, "--reason", "unknown_device")
        never_twice = waybill("rejects", "replay", "--device", JJ.label)
        by_id = waybill("rejects", "replay", "1")
        of_fix = waybill("rejects", "replay", "phone-72/2026-11-24T09:00:00.000Z/1")
        eventually(lambda: one(owner, "SELECT count(*) FROM waybill.fix") == 3)
        with phone(broker, "phone-72", accepted.out.strip()) as line:
            line.publish(JJ.topic, location(seconds_ago=1))
        eventually(lambda: one(owner, "SELECT count(*) FROM waybill.fix") == 4)

    broker_admin.remove(["left-over", "phone-72"])
    assert refused.out.count("unknown_device") == 3
    assert "owntracks/jj/phone" in listed.out
    assert "60.18000,24.94000" in listed.out
    assert "owntracks/jj/phone" in found.out
    assert "has reported with 'nobody' in the name" in others.err
    assert "kind phone" in accepted.err
    assert again.out.startswith("3 put in again")
    assert never_twice.out.startswith("0 put in again")
    assert by_id.out.startswith("0 put in again")
    assert "is stored already, as a fix that does not count" in of_fix.error
    assert one(owner, "SELECT count(*) FROM waybill.unknown_sender") == 0
    assert one(owner, "SELECT count(*) FROM waybill.audit_event WHERE action = 'reject.replayed'") == 3


def test_a_report_by_http_is_kept_when_it_is_answered_whoever_is_away(
    broker: Broker, database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin
) -> None:
    _, token = add_phone(database, broker_admin, "phone-73", osmand("73"))
    http = Http(database)
    body = b"id=73&lat=60.18&lon=24.94&timestamp=%d&speed=10" % int(true_now().timestamp())

    answers = [http.send(token, body), http.send(token, body, method="POST")]  # no gateway runs
    with running_gateway(broker, database):
        eventually(lambda: one(owner, "SELECT count(*) FROM waybill.posted") == 0)

    broker_admin.remove(["phone-73"])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert owner.execute("SELECT source, round(speed_mps::numeric, 2)::text FROM waybill.fix").fetchall() == [
        ("phone", "5.14")
    ]


def test_nobody_reports_by_http_without_the_token_of_that_identifier(
    database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin
) -> None:
    _, token = add_phone(database, broker_admin, "phone-74", osmand("74"))
    _, other = add_phone(database, broker_admin, "phone-75", osmand("75"))
    http = Http(database)
    good = b"id=74&lat=60.18&lon=24.94"

    wrong = [http.send(other, good), http.send("made-up", good), http.send(token, b"id=99&lat=60.18&lon=24.94")]
    nameless = http.send(token, b"lat=60.18&lon=24.94")
    with psycopg.connect(database.gateway_url) as connection, connection.transaction():
        revoke_credential(connection, broker_admin, find_device(connection, "phone-74"), actor=STAFF, at=true_now())
    wrong.append(http.send(token, good))
    flood = [http.send("made-up", b"id=%d&lat=1&lon=1" % n, address="203.0.113.9").status_code for n in range(30)]

    broker_admin.remove(["phone-75"])
    assert {answer.status_code for answer in wrong} == {404}
    assert nameless.status_code == 400
    assert one(owner, "SELECT count(*) FROM waybill.posted") == 0
    assert one(owner, "SELECT reports FROM waybill.unknown_sender WHERE address = '74'") == 3
    assert (flood.count(404), flood.count(429)) == (10, 20)
    assert token not in str(
        owner.execute("SELECT f, encode(token_hash, 'escape') FROM waybill.foreign_sender f").fetchall()
    )


def test_a_report_is_not_answered_with_200_when_the_database_is_away() -> None:
    @contextmanager
    def nowhere() -> Any:
        raise psycopg.OperationalError("refused")
        yield

    http = Http.__new__(Http)
    http._app = make_app(nowhere)

    assert http.send("token", b"id=1&lat=60&lon=24").status_code == 503


def test_made_up_names_fill_a_bounded_list(database: Database, owner: psycopg.Connection) -> None:
    now = true_now()
    names = [f"made-up-{number}" for number in range(1_000)] + ["x" * 32]
    body = msgspec.json.encode({"fixed_at": now, "lat": 60.0, "lon": 24.0})
    messages = [Message(f"waybill/v1/{name}/fixes", body, None, now, 1, 1) for name in names]
    messages += [Message(f"owntracks/jj/{'p' * 5000}{number}", location(), None, now, 1, 1) for number in range(5)]
    huge = b"\xff" * 200_000
    messages += [Message("waybill/v1/made-up-0/fixes", huge, None, now, 1, 1)] * 20

    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        writer = Writer(connection, Tracker(Policy()))
        for _ in range(2):
            writer.write(read_batch(messages, now), now)
        found = unknown_senders(connection)

    others = [row for row in found if not row.address]
    assert len(found) - len(others) <= MOST_NAMES
    assert {row.protocol for row in others} == {"waybill", "owntracks"}
    assert sum(row.reports for row in found) == 2 * len(messages)
    assert max(row.kept_bytes for row in found) <= MOST_BYTES
    assert (
        one(owner, "SELECT max(sum) FROM (SELECT sum(length(raw)) FROM waybill.reject GROUP BY device_name) s")
        <= MOST_BYTES
    )


def test_a_device_that_a_misconfigured_broker_lets_publish_for_another_is_refused_by_its_spool(
    broker: Broker, database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin,
    make_device: Callable[[str], Device],
) -> None:  # fmt: skip
    register(owner, "gps-76")
    register(owner, "gps-77", vehicle="01900000-0000-7000-8000-000000000009", name="van-2")
    broker_admin.put({"gps-77": "soon another"})
    broker_admin.allow("gps-77", ["waybill/v1/#"])  # as broker.acl would with one line too many
    with running_gateway(broker, database):
        unit, intruder = make_device("gps-76"), make_device("gps-77")
        intruder.spool = "of-gps-77"
        own = fixes("gps-77", intruder.spool)
        intruder.send(own)
        intruder.receipt(through=3)
        forged = fixes("gps-77", intruder.spool, 5)[3:]
        named = msgspec.json.decode(encode_fixes(forged, 1)) | {"spool": "made-up", "device": "gps-77"}
        for body in (encode_fixes(forged, 1), msgspec.json.encode(named)):
            intruder.client.publish("waybill/v1/gps-76/fixes", body, qos=1).wait_for_publish(10)
        eventually(lambda: one(owner, "SELECT count(*) FROM waybill.reject") == 3)
        told = unit.rejections.get(timeout=10)

    assert one(owner, "SELECT count(*) FROM waybill.fix f JOIN waybill.device d ON d.id = f.device_id"
               " WHERE d.name = 'gps-76'") == 0  # fmt: skip
    rows = owner.execute(
        "SELECT device_name, reason, field, value FROM waybill.reject ORDER BY field NULLS FIRST"
    ).fetchall()
    assert rows == [("gps-76", "wrong_device", None, None)] * 2 + [("gps-76", "wrong_device", "device", "gps-77")]
    assert b"wrong_device" in told
    assert one(owner, "SELECT count(*) FROM waybill.spool WHERE name = 'of-gps-77'") == 1


@pytest.mark.parametrize("words", [["--owntracks", "no-stroke"], ["--osmand", "a b"], ["--flespi", "x"],
                                   ["--owntracks", "jj/phone", "--kind", "dedicated"]])  # fmt: skip
def test_what_cannot_be_a_sender_is_refused_with_what_is_allowed(
    waybill_with_broker: Waybill, words: list[str]
) -> None:
    answer = waybill_with_broker("device", "add", "phone-78", *words)

    assert answer.exit_code == 1
    assert "must be" in answer.error or "of the kind phone" in answer.error
