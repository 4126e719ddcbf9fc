"""Enrolment codes against the real database and broker: one use, 15 minutes, and nothing told to strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from contract.clock import true_now
from firmware_bridge.enrolment import make_key
from gateway.api.app import make_app
from gateway.api.enrolments import EnrolmentDesk
from gateway.api.tries import PER_ADDRESS
from gateway.broker_admin import BrokerAdmin
from gateway.device_ca import load_ca, make_ca
from gateway.master.devices import add_device, find_device, revoke_credential
from gateway.master.enrolment import open_enrolment
from storage.audit import Actor
from tests.fixtures.api import clock_at
from tests.fixtures.broker_session import session
from tests.fixtures.database import Database
from tests.fixtures.gateway import NOON
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports

STAFF = Actor("account", "chief")
Ask = Callable[..., httpx.Response]


@pytest.fixture
def make_ask(database: Database, broker: Broker, broker_admin: BrokerAdmin) -> Callable[..., Ask]:
    """Makes an API whose clock shows so many minutes after noon; what it gives asks it to redeem a code."""

    @contextmanager
    def connect() -> Iterator[psycopg.Connection]:
        with psycopg.connect(database.gateway_url) as connection:
            yield connection

    def make(
        minutes: float = 0.0, admin: BrokerAdmin | None = None, *, without_desk: bool = False, ca: Path | None = None
    ) -> Ask:
        desk = EnrolmentDesk(
            clock=clock_at(NOON + timedelta(minutes=minutes)),
            broker=admin or broker_admin,
            broker_host=broker.host,
            broker_port=broker.port,
            load_device_ca=None if ca is None else partial(load_ca, ca),
        )
        app = make_app(connect, None if without_desk else desk)

        def ask(code: str, address: str = "203.0.114.9", **more: str) -> httpx.Response:
            async def request() -> httpx.Response:
                transport = httpx.ASGITransport(app, client=(address, 1))
                async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=30) as client:
                    return await client.post("/v1/enrolments/redeem", json={"code": code, **more})

            return asyncio.run(request())

        return ask

    return make


def code_for(database: Database, name: str, credential_kind: str = "password") -> str:
    """A new code of the device, handed out at noon; the device is registered when it is not known."""
    with psycopg.connect(database.gateway_url) as connection:
        known = connection.execute("SELECT 1 FROM waybill.device WHERE name = %s", [name]).fetchone()
        if known is None:
            add_device(connection, name, actor=STAFF, at=NOON, credential_kind=credential_kind)
        return open_enrolment(connection, find_device(connection, name), actor=STAFF, at=NOON).code


def actions(database: Database) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        query = "SELECT actor_kind, action, reason FROM waybill.audit_event ORDER BY recorded_at, id"
        return connection.execute(query).fetchall()


def test_a_code_gives_a_credential_that_the_broker_takes(
    database: Database, broker: Broker, make_ask: Callable[..., Ask]
) -> None:
    code = code_for(database, "gps-301")

    answer = make_ask(14.9)(code.lower().replace("-", " "))

    assert answer.status_code == 200
    body = answer.json()
    assert body["device"] == "gps-301"
    assert (body["broker_host"], body["broker_port"], body["tls_ca_pem"]) == (broker.host, broker.port, None)
    assert answer.headers["cache-control"] == "no-store"
    with session(broker, "gps-301", body["password"]) as device:
        assert device.entered == "Success"
    assert [action for _, action, _ in actions(database)] == [
        "device.added", "device.enrolment_opened", "device.enrolled", "device.credential_issued",
    ]  # fmt: skip
    assert actions(database)[-1][0] == "device"


def test_code_and_password_are_nowhere_in_the_database(database: Database, make_ask: Callable[..., Ask]) -> None:
    code = code_for(database, "gps-302")
    password = make_ask()(code).json()["password"]

    with psycopg.connect(database.owner_url) as connection:
        kept = str(connection.execute("SELECT e, encode(e.code_hash, 'escape') FROM waybill.enrolment e").fetchall())
        kept += str(connection.execute("SELECT a FROM waybill.audit_event a").fetchall())
    assert code not in kept
    assert code.replace("-", "") not in kept
    assert password not in kept


def test_wrong_used_expired_and_cancelled_codes_answer_alike(
    database: Database, broker: Broker, broker_admin: BrokerAdmin, make_ask: Callable[..., Ask]
) -> None:
    used, late, replaced, revoked = (code_for(database, f"gps-31{number}") for number in range(4))
    code_for(database, "gps-312")
    password = make_ask()(used).json()["password"]
    with psycopg.connect(database.gateway_url) as connection:
        device = find_device(connection, "gps-313")
        revoke_credential(connection, broker_admin, device, actor=STAFF, at=NOON)

    refused = [make_ask()(code) for code in ("ABCD-EFGH", "AB", "", "ÄÖ😀", used, replaced, revoked)]
    refused.append(make_ask(15)(late))

    assert {answer.status_code for answer in refused} == {404}
    assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
    assert len({answer.text for answer in refused}) == 1
    with session(broker, "gps-310", password) as first:
        assert first.entered == "Success"
    assert [reason for _, action, reason in actions(database) if action == "device.enrolment_refused"] == [
        "the code was used already", "the code was cancelled", "the code was cancelled", "the code has expired",
    ]  # fmt: skip


def test_of_two_who_hand_in_a_code_at_once_one_gets_the_credential(
    database: Database, make_ask: Callable[..., Ask]
) -> None:
    code = code_for(database, "gps-320")
    asks = [make_ask() for _ in range(4)]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda ask: ask(code).status_code, asks))

    assert sorted(answers) == [200, 404, 404, 404]


def test_whoever_guesses_has_to_wait_and_others_need_not(database: Database, make_ask: Callable[..., Ask]) -> None:
    code = code_for(database, "gps-321")
    ask = make_ask()
    guesses = [ask("2345-6789").status_code for _ in range(PER_ADDRESS)]

    slowed = ask(code)
    other = ask(code, address="203.0.114.10")

    assert set(guesses) == {404}
    assert slowed.status_code == 429
    assert 0 < int(slowed.headers["retry-after"]) <= 900
    assert other.status_code == 200


def test_without_the_brokers_administration_it_says_so(database: Database, make_ask: Callable[..., Ask]) -> None:
    answer = make_ask(without_desk=True)(code_for(database, "gps-322"))

    assert answer.status_code == 503
    assert "WAYBILL_BROKER_ADMIN_PASSWORD is not set" in answer.json()["detail"]


def test_a_code_stays_good_when_the_broker_is_away(
    database: Database, server_ports: Ports, make_ask: Callable[..., Ask]
) -> None:
    code = code_for(database, "gps-323")
    nowhere = BrokerAdmin("127.0.0.1", server_ports.claim(0), BROKER_ADMIN_PASSWORD)

    away = make_ask(admin=nowhere)(code)
    back = make_ask()(code)

    assert away.status_code == 503
    assert "127.0.0.1" not in away.text
    assert back.status_code == 200


def test_a_code_stays_good_until_a_certificate_could_be_made(
    database: Database, make_ask: Callable[..., Ask], tmp_path: Path
) -> None:
    make_ca(tmp_path / "ca", true_now())
    code = code_for(database, "gps-321", "certificate")
    _, csr_pem = make_key()
    ask = make_ask(ca=tmp_path / "ca")
    no_csr = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
    answers = {
        409: ask(code),
        422: ask(code, csr_pem="rubbish 🚀"),
        503: make_ask()(code, csr_pem=csr_pem),
    }

    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert "certificate" in answers[409].json()["detail"]
    assert ask(code, csr_pem=no_csr).status_code == 422
    assert ask(code, csr_pem="x" * 10_000).status_code == 422
    assert make_ask(ca=tmp_path / "nowhere")(code, csr_pem=csr_pem).status_code == 503
    assert actions(database).count(("account", "device.enrolment_opened", None)) == 1
    assert len(actions(database)) == 2, "a try that gave nothing left something behind"

    given = ask(code, csr_pem=csr_pem)

    assert given.status_code == 200
    assert (given.json()["password"], given.json()["broker_port"]) == (None, 8884)
    assert given.json()["certificate_pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert ask(code, csr_pem=csr_pem).status_code == 404
    assert [action for _, action, _ in actions(database)][-3:] == [
        "device.enrolled", "device.certificate_issued", "device.enrolment_refused",
    ]  # fmt: skip


def test_a_request_for_a_device_with_a_password_changes_nothing(
    database: Database, make_ask: Callable[..., Ask]
) -> None:
    given = make_ask()(code_for(database, "gps-322"), csr_pem=make_key()[1]).json()

    assert given["password"] is not None
    assert given["certificate_pem"] is None
