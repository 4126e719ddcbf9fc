"""`waybill device` against the real database and broker: credentials come and go, installs stay on record."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.fixtures.broker_session import session
from tests.fixtures.command_line import Waybill, settings_of_tests
from tests.fixtures.database import Database
from tests.fixtures.gateway import eventually
from tests.fixtures.processes import waybill_process
from tests.fixtures.servers import BROKER_ADMIN_PASSWORD
from waybill.stack.broker import Broker
from waybill.stack.ports import Ports

PASSWORD = "a long enough passphrase"


@pytest.fixture
def waybill(waybill_with_broker: Waybill) -> Waybill:
    """With premises and three vehicles."""
    made = waybill_with_broker(
        "init", "--premises", "Store", "--code", "shop", "--tz", "Europe/Helsinki", "--admin", "chief",
        "--password-file", "-", stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert made.exit_code == 0, made
    for name in ("van-1", "van-2", "van-3"):
        assert waybill_with_broker("vehicle", "add", name).exit_code == 0
    return waybill_with_broker


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as connection:
        return connection.execute(query.encode()).fetchall()


def listed(waybill: Waybill, name: str) -> dict[str, object]:
    return next(one for one in waybill("device", "list", "--json").json() if one["name"] == name)


def test_a_revoked_device_is_cut_off_and_its_install_stays(
    waybill: Waybill, database: Database, broker: Broker
) -> None:
    password = waybill("device", "add", "gps-201", "--fit", "van-1").out.strip()
    with session(broker, "gps-201", password) as device:
        answer = waybill("device", "revoke", "gps-201", "--reason", "stolen")

        assert (device.entered, device.next()) == ("Success", "cut off")
    with session(broker, "gps-201", password) as again:
        assert again.entered == "Not authorized"

    assert answer.exit_code == 0
    assert "still fitted in van-1" in answer.err
    assert listed(waybill, "gps-201")["vehicle_name"] == "van-1"
    assert " revoked 20" in waybill("device", "list").out
    assert rows(database, "SELECT reason FROM waybill.audit_event WHERE action = 'device.credential_revoked'") == [
        ("stolen",)
    ]


def test_rotating_ends_the_old_password_and_the_connection_made_with_it(waybill: Waybill, broker: Broker) -> None:
    old = waybill("device", "add", "gps-202").out.strip()
    with session(broker, "gps-202", old) as device:
        new = waybill("device", "rotate", "gps-202").out.strip()

        assert (device.entered, device.next()) == ("Success", "cut off")
    with session(broker, "gps-202", old) as with_old, session(broker, "gps-202", new) as with_new:
        assert (with_old.entered, with_new.entered) == ("Not authorized", "Success")


def test_a_new_credential_lets_a_revoked_device_in_again(waybill: Waybill, broker: Broker) -> None:
    waybill("device", "add", "gps-203")
    waybill("device", "revoke", "gps-203")
    twice = waybill("device", "revoke", "gps-203")

    password = waybill("device", "rotate", "gps-203").out.strip()

    with session(broker, "gps-203", password) as device:
        assert device.entered == "Success"
    assert "it had no credential on record" in twice.out
    assert listed(waybill, "gps-203")["credential_revoked_at"] is None


def test_a_device_cannot_throw_another_off_by_its_client_id(waybill: Waybill, broker: Broker) -> None:
    victim_password, thief_password = (waybill("device", "add", name).out.strip() for name in ("gps-204", "gps-205"))
    with session(broker, "gps-204", victim_password) as victim:
        with session(broker, "gps-205", thief_password, client_id="gps-204") as thief:
            assert (victim.entered, thief.entered) == ("Success", "Success")
            assert thief.still_there()
            assert victim.still_there()
        with session(broker, "gps-205", thief_password, client_id="gateway") as thief:
            assert thief.entered == "Success"
        with session(broker, "gps-205", "wrong", client_id="gps-204") as stranger:
            assert stranger.entered == "Not authorized"

        assert victim.still_there()


def test_fitting_keeps_unit_affixing_and_the_owners_consent(waybill: Waybill, database: Database) -> None:
    waybill("device", "add", "gps-206")

    answer = waybill(
        "device", "fit", "gps-206", "--vehicle", "van-1", "--serial", "SN-17", "--affixed", "--consent-by",
        "Leasing Oy", "--consent-on", "2026-11-01", "--consent-document", "contract 44, page 3",
    )  # fmt: skip

    assert answer.exit_code == 0, answer
    assert "consent" not in answer.err
    kept = "SELECT serial_no, affixed, consent_by, consent_on::text, consent_document FROM waybill.install"
    assert rows(database, kept) == [("SN-17", True, "Leasing Oy", "2026-11-01", "contract 44, page 3")]
    [(after,)] = rows(database, "SELECT after FROM waybill.audit_event WHERE action = 'device.fitted'")
    assert isinstance(after, dict)
    assert (after["serial_no"], after["affixed"], after["consent_on"]) == ("SN-17", True, "2026-11-01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vehicle", "van-1", "--serial", "SN-2"), "gps-207 has the serial number SN-1, not SN-2"),
        (("--vehicle", "van-1", "--consent-by", "Leasing Oy"), "both who gave it and on which day"),
        (("--vehicle", "van-1", "--consent-document", "44"), "without who gave the consent"),
        (("van-1", "--vehicle", "van-1"), "which vehicle? Say it once"),
        ((), "which vehicle? Say it once"),
    ],
)
def test_a_fitting_that_contradicts_itself_is_refused(
    waybill: Waybill, database: Database, words: tuple[str, ...], said: str
) -> None:
    waybill("device", "add", "gps-207", "--serial", "SN-1")

    answer = waybill("device", "fit", "gps-207", *words)

    assert said in answer.error
    assert rows(database, "SELECT count(*) FROM waybill.install") == [(0,)]


def test_a_move_ends_one_install_and_begins_the_next_at_the_same_instant(waybill: Waybill, database: Database) -> None:
    waybill("device", "add", "gps-208", "--fit", "van-1", "--at", "2026-11-01T00:00:00Z")

    moved = waybill("device", "move", "gps-208", "--vehicle", "van-2", "--at", "2026-11-10T00:00:00Z")

    assert moved.exit_code == 0, moved
    history = (
        "SELECT v.name, extract(day FROM upper(i.during))::int FROM waybill.install i"
        " JOIN waybill.vehicle v ON v.id = i.vehicle_id ORDER BY lower(i.during)"
    )
    assert rows(database, history) == [("van-1", 10), ("van-2", None)]
    events = rows(database, "SELECT action FROM waybill.audit_event WHERE at = '2026-11-10T00:00:00Z' ORDER BY action")
    assert events == [("device.fitted",), ("device.unfitted",)]


def test_a_move_that_cannot_be_leaves_the_device_where_it_is(waybill: Waybill) -> None:
    waybill("device", "add", "gps-209", "--fit", "van-1")
    waybill("device", "add", "gps-210", "--fit", "van-2")
    waybill("device", "add", "gps-211")

    taken = waybill("device", "move", "gps-209", "--vehicle", "van-2")
    same = waybill("device", "move", "gps-209", "--vehicle", "van-1")
    loose = waybill("device", "move", "gps-211", "--vehicle", "van-3")

    assert "gps-210 is fitted in van-2: waybill device unfit gps-210 first" in taken.error
    assert "gps-209 is fitted in van-1 already" in same.error
    assert "gps-211 is fitted in no vehicle: waybill device fit it" in loose.error
    assert listed(waybill, "gps-209")["vehicle_name"] == "van-1"


def test_a_code_is_handed_out_instead_of_a_password(waybill: Waybill, database: Database) -> None:
    added = waybill("device", "add", "gps-212", "--fit", "van-1", "--code", WAYBILL_PUBLIC_URL="https://way.example")
    again = waybill("device", "enroll", "gps-212")

    assert re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", added.out.strip())
    assert f"waybill bridge enroll https://way.example {added.out.strip()}" in added.err
    assert again.out != added.out
    assert listed(waybill, "gps-212")["credential_issued_at"] is None
    assert rows(database, "SELECT cancelled_at IS NOT NULL FROM waybill.enrolment ORDER BY created_at") == [
        (True,), (False,),
    ]  # fmt: skip


def test_a_code_from_the_command_line_is_good_at_the_running_api(
    waybill: Waybill, database: Database, broker: Broker, server_ports: Ports, tmp_path: Path
) -> None:
    code = waybill("device", "add", "gps-213", "--code").out.strip()
    port = server_ports.claim(0)
    environ = {
        **settings_of_tests(database),
        "WAYBILL_API_PORT": str(port),
        "WAYBILL_BROKER_PORT": str(broker.port),
        "WAYBILL_BROKER_ADMIN_PASSWORD": BROKER_ADMIN_PASSWORD,
        "WAYBILL_DEVICE_BROKER_HOST": "broker.example",
        "WAYBILL_DEVICE_BROKER_PORT": "8883",
        "WAYBILL_DEVICE_BROKER_TLS_CA": str(tmp_path / "ca.pem"),
    }
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n", encoding="ascii")
    log = tmp_path / "log"

    def redeem() -> httpx.Response | None:
        try:
            return httpx.post(f"http://127.0.0.1:{port}/v1/enrolments/redeem", json={"code": code}, timeout=15)
        except httpx.ConnectError:
            return None

    with waybill_process("api", environ=environ, log=log):
        answer = eventually(redeem)

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["broker_host"], body["broker_port"]) == ("broker.example", 8883)
    assert body["tls_ca_pem"].startswith("-----BEGIN")
    with session(broker, "gps-213", body["password"]) as device:
        assert device.entered == "Success"
    assert code not in log.read_text()
    assert body["password"] not in log.read_text()
