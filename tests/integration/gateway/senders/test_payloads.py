"""Every known payload of foreign senders, by broker or HTTP, through the gateway into the database."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import msgspec
import psycopg

from contract.foreign import OWNTRACKS, Sender, decode_foreign
from gateway.broker_admin import BrokerAdmin
from gateway.tracking.policy import Policy
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually, running_gateway
from tests.golden.foreign.expected import FIX, REFUSED, REJECT, Payload, payloads
from tests.integration.gateway.senders.world import Http, MovedClock, Phone, add_phone, phone
from waybill.stack.broker import Broker

Credential = tuple[str, str, str]  # device, password, token


def sender_of(payload: Payload) -> Sender | None:
    """A phone of its own for each payload of OwnTracks, but where the body names the topic."""
    sender = payload.sender
    if sender is None or sender.protocol != OWNTRACKS or b'"topic"' in payload.body:
        return sender
    return msgspec.structs.replace(sender, address=f"jj/phone-{payload.number}")


def expected() -> dict[Sender, Counter[str]]:
    """Of each sender; the same position in two payloads is one fix, and every reject is kept as often as it came."""
    found: dict[Sender, Counter[str]] = {}
    keys: set[tuple[Sender, object, int]] = set()
    for payload in payloads():
        sender = sender_of(payload)
        if sender is None:
            continue
        counts = found.setdefault(sender, Counter())
        counts[REJECT] += 2 * payload.outcome.count(REJECT)
        for fix in decode_foreign(sender, "any", payload.body, payload.at).fixes:
            key = (sender, fix.fixed_at, fix.seq)
            counts[REFUSED if REFUSED in payload.outcome else FIX] += key not in keys
            keys.add(key)
    return {sender: +counts for sender, counts in found.items()}


def stored(owner: psycopg.Connection, device: str) -> Counter[str]:
    rows = owner.execute(
        "SELECT CASE WHEN refused_by IS NULL THEN 'fix' ELSE 'refused fix' END FROM waybill.fix f"
        " JOIN waybill.device d ON d.id = f.device_id WHERE d.name = %(device)s"
        " UNION ALL SELECT 'reject' FROM waybill.reject WHERE device_name = %(device)s",
        {"device": device},
    ).fetchall()
    return Counter(kind for (kind,) in rows)


def send(payload: Payload, broker: Broker, credential: Credential, http: Http) -> None:
    """Twice, as after a lost acknowledgement; a report without a time has no other that is the same."""
    sender, (device, password, token) = sender_of(payload), credential
    assert sender is not None
    for _ in range(1 if payload.by_http and b"timestamp" not in payload.body else 2):
        if payload.by_http:
            method = "POST" if payload.body.startswith(b"{") else "GET"
            assert http.send(token, payload.body, method=method).status_code == 200
            continue
        with phone(broker, device, password) as line:
            line.publish(sender.topic, payload.body)


def all_handled(owner: psycopg.Connection, mark: Phone) -> None:
    """Waits until the gateway has taken everything: what is published last is stored last."""
    query = """SELECT (SELECT count(*) FROM waybill.reject WHERE device_name = 'mark'),
        (SELECT count(*) FROM waybill.posted)"""
    before = owner.execute(query).fetchone()
    assert before is not None
    mark.publish("waybill/v1/mark/fixes", b"mark")
    eventually(lambda: owner.execute(query).fetchone() == (before[0] + 1, 0))


def test_every_payload_becomes_in_the_database_what_is_expected_of_it(
    broker: Broker, database: Database, owner: psycopg.Connection, broker_admin: BrokerAdmin
) -> None:
    wanted, clock, http = expected(), MovedClock(), Http(database)
    credentials: dict[Sender, Credential] = {}
    for number, sender in enumerate(wanted, start=1):
        credentials[sender] = (f"phone-{number}", *add_phone(database, broker_admin, f"phone-{number}", sender))
    password, _ = add_phone(database, broker_admin, "mark")
    sent = sorted((one for one in payloads() if one.sender is not None), key=lambda payload: payload.at)

    with (
        running_gateway(broker, database, clock=clock.as_clock(), policy=Policy()),
        phone(broker, "mark", password) as mark,
    ):
        for _day, together in groupby(sent, key=lambda payload: payload.at.date()):
            for payload in together:
                clock.move(payload.at)
                sender = sender_of(payload)
                assert sender is not None
                send(payload, broker, credentials[sender], http)
            all_handled(owner, mark)

    broker_admin.remove([device for device, _, _ in credentials.values()])
    assert {sender: stored(owner, credentials[sender][0]) for sender in wanted} == wanted
    assert len([sender for sender in wanted if wanted[sender][FIX]]) > 8
