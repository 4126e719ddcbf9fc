"""Staff are warned from the record to a real mail server: one message when an episode begins, one when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.alerts.conditions import Watched, look
from gateway.alerts.digest import tell_digests
from gateway.alerts.warning import warn
from storage.ids import new_id
from tests.fixtures.api import Api, clock_at
from tests.fixtures.gateway import NOON
from tests.fixtures.mail import Mailbox, smtp_server
from tests.integration.gateway.api.test_orders import put, say
from tests.integration.gateway.outbox.telling import Teller
from tests.integration.gateway.outbox.test_customers import ON_THE_WAY
from tests.integration.gateway.outbox.test_webhooks import Receiver, receiver
from waybill.stack.ports import Ports

__all__ = ["receiver"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def teller(api: Api, mailbox: Mailbox) -> Teller:
    return Teller(api, mailbox.port)


def on_duty(api: Api, name: str, address: str, who: str = "chief", **more: Any) -> dict[str, Any]:
    answer = api.ask(who, "POST", "/v1/duty", {"name": name, "address": address, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def watch(teller: Teller, disk: Path | None = None) -> tuple[int, int]:
    """What the worker does, once: how many alerts began and ended; then everybody is told."""
    clock = clock_at(teller.now)
    with teller.connected() as connection:
        done = warn(connection, look(connection, clock, Watched(disk=disk)), clock)
    teller.send()
    return done


def a_trip(api: Api, number: str = "T-1", *, departed_at: datetime = NOON - 30 * MINUTE) -> str:
    trip_id, vehicle_id = new_id(NOON), new_id(NOON)
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, %s, %s)",
            [vehicle_id, api.store, f"van-{number[2:]}", NOON],
        )
        owner.execute(
            "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, departed_at,"
            " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [trip_id, api.store, number, vehicle_id, departed_at, departed_at, NOON],
        )
    return str(trip_id)


def an_exception(api: Api, trip_id: str, kind: str, minutes: int = 12) -> str:
    exception_id = str(new_id(NOON))
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.exception (id, premises_id, kind, trip_id, during, lat_e7, lon_e7, rule, opened_at)"
            " VALUES (%s, %s, %s, %s, tstzrange(%s, %s, '[]'), 601700000, 249400000, 'as the rule says', %s)",
            [exception_id, api.store, kind, trip_id, NOON - minutes * MINUTE, NOON, NOON],
        )
    return exception_id


def change(api: Api, statement: str, *values: object) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(statement.encode(), values)


def test_a_silent_van_is_told_once_and_once_when_it_is_heard_again(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "desk", "desk@shop.example", premises="store")
    trip_id = a_trip(api)

    begun = [watch(teller) for _ in range(3)]
    shown = api.ask("viewer", "GET", "/v1/alerts?open=true").json()["alerts"]
    change(api, "UPDATE waybill.trip SET ended_at = %s WHERE id = %s", NOON, trip_id)
    over = [watch(teller) for _ in range(2)]

    assert (begun, over) == ([(1, 0), (0, 0), (0, 0)], [(0, 1), (0, 0)])
    assert [one["Subject"] for one in mailbox.received] == [
        "Silent on duty: nothing is heard of van-1 on T-1", "Over: Silent on duty: nothing is heard of van-1 on T-1",
    ]  # fmt: skip
    (alert,) = shown
    assert (alert["kind"], alert["trip_no"], alert["premises"]) == ("silent", "T-1", "store")
    assert "From 23 Nov 13:30 (Europe/Helsinki) to 23 Nov 14:0" in mailbox.received[1].get_content()
    assert api.ask("viewer", "GET", "/v1/alerts?open=true").json()["alerts"] == []
    assert api.ask("stranger", "GET", "/v1/alerts").json()["alerts"] == []


def test_an_exception_is_an_episode_until_it_is_explained(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    kinds = ["unexplained_stop", "left_state", "prohibited_place"]
    on_duty(api, "desk", "desk@shop.example", kinds=kinds)
    trip_id = a_trip(api)
    for kind in kinds:
        an_exception(api, trip_id, kind)
    watch(teller)
    change(api, "UPDATE waybill.exception SET closed_at = %s, explanation = 'x', explained_by = 'y'", NOON)
    watch(teller)
    watch(teller)

    begun, over = mailbox.received[:3], mailbox.received[3:]
    assert sorted(one["Subject"].partition(":")[0] for one in begun) == [
        "Left the state", "Prohibited place", "Unexplained stop",
    ]  # fmt: skip
    assert all("van-1 on T-1" in one["Subject"] for one in begun)
    assert "as the rule says" in begun[0].get_content().replace("\r\n", " ")
    assert {f"Over: {one['Subject']}"[:100] for one in begun} == {one["Subject"][:100] for one in over}


def test_a_short_stop_is_none_until_it_is_long_enough_for_the_premises_rule(
    api: Api, teller: Teller, mailbox: Mailbox
) -> None:
    an_exception(api, a_trip(api), "unexplained_stop", minutes=3)
    on_duty(api, "desk", "desk@shop.example", kinds=["unexplained_stop"])
    watch(teller)
    before = len(mailbox.received)
    answer = api.ask("chief", "PUT", "/v1/alert-rules/unexplained_stop?premises=store", {"threshold": 2})
    watch(teller)

    assert (before, len(mailbox.received)) == (0, 1)
    assert (answer.json()["threshold"], answer.json()["measure"]) == (2, "minutes that it has lasted")
    assert api.rows("SELECT actor FROM waybill.audit_event WHERE action = 'alert_rule.changed'") == [("chief",)]


def test_a_failed_handoff_is_told_and_its_end_when_the_order_goes_on(
    api: Api, teller: Teller, mailbox: Mailbox
) -> None:
    on_duty(api, "desk", "desk@shop.example", kinds=["failed_handoff"])
    put(api)
    say(api, "1001", *ON_THE_WAY)
    failed = {"milestone": "failed", "reason_code": "RECIPIENT_ABSENT"}
    api.ask("dispatcher", "POST", "/v1/orders/1001/milestones", failed)
    teller.now += MINUTE
    watch(teller)
    say(api, "1001", "queued")
    watch(teller)

    assert [one["Subject"] for one in mailbox.received] == [
        "Failed handoff: order 1001 for Elina Salo was not handed over: RECIPIENT_ABSENT",
        "Over: Failed handoff: order 1001 for Elina Salo was not handed over: RECIPIENT_ABSENT",
    ]  # fmt: skip


def test_a_risk_that_comes_true_is_one_episode(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "desk", "desk@shop.example", kinds=["late_risk"])
    order_id, trip_id = put(api)["id"], a_trip(api)

    def episode(kind: str) -> None:
        change(
            api, "INSERT INTO waybill.risk_episode (id, premises_id, order_id, trip_id, kind, began_at, late_risk,"
            " p50_at, window_to) VALUES (%s, %s, %s, %s, %s, %s, 0.7, %s, %s)",
            new_id(NOON), api.store, order_id, trip_id, kind, NOON, NOON, NOON,
        )  # fmt: skip

    episode("at_risk")
    watch(teller)
    change(api, "UPDATE waybill.risk_episode SET ended_at = %s, how = 'late'", NOON)
    episode("late")
    watch(teller)
    change(api, "UPDATE waybill.risk_episode SET ended_at = %s, how = 'arrived' WHERE ended_at IS NULL", NOON)
    watch(teller)

    assert [one["Subject"] for one in mailbox.received] == [
        "Late: order 1001 will probably be late (70%)", "Over: Late: order 1001 will probably be late (70%)",
    ]  # fmt: skip


def test_a_call_for_help_is_told_until_dispatch_has_heard_it(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "desk", "desk@shop.example", kinds=["emergency"])
    trip_id, driver_id = a_trip(api), new_id(NOON)
    change(
        api, "INSERT INTO waybill.driver (id, premises_id, employee_no, name, created_at)"
        " VALUES (%s, %s, 'E-1', 'A', %s)",
        driver_id, api.store, NOON,
    )  # fmt: skip
    change(
        api, "INSERT INTO waybill.check_in (id, premises_id, trip_id, kind, at, driver_id, channel, recorded_by,"
        " recorded_at, note) VALUES (%s, %s, %s, 'emergency', %s, %s, 'app', 'account a', %s, 'followed')",
        new_id(NOON), api.store, trip_id, NOON, driver_id, NOON,
    )  # fmt: skip
    watch(teller)
    change(api, "UPDATE waybill.check_in SET acknowledged_at = %s, acknowledged_by = 'account b'", NOON)
    watch(teller)

    assert [one["Subject"] for one in mailbox.received] == [
        "Emergency: van-1 on T-1 calls for help: followed", "Over: Emergency: van-1 on T-1 calls for help: followed",
    ]  # fmt: skip


def test_disk_and_backup_concern_the_installation(api: Api, teller: Teller, mailbox: Mailbox, tmp_path: Path) -> None:
    on_duty(api, "owner", "owner@shop.example")
    on_duty(api, "desk", "desk@shop.example", premises="store")
    change(
        api, "INSERT INTO waybill.alert_rule (premises_id, kind, off, threshold) VALUES (NULL, 'disk', false, 0)"
    )  # fmt: skip
    change(
        api, "WITH d AS (INSERT INTO waybill.device (name, created_at) VALUES ('gps-1', %s) RETURNING id)"
        " INSERT INTO waybill.last_fix (device_id, fixed_at, received_at, seq, lat_e7, lon_e7, quality, replayed)"
        " SELECT id, %s, %s, 1, 0, 0, 'gps', false FROM d", NOON, NOON, NOON,
    )  # fmt: skip
    watch(teller, tmp_path)

    assert {one["To"] for one in mailbox.received} == {"owner@shop.example"}
    assert sorted(one["Subject"].partition(":")[0] for one in mailbox.received) == [
        "Backup overdue",
        "Disk almost full",
    ]
    assert api.ask("viewer", "GET", "/v1/alerts").json()["alerts"] == []
    assert len(api.ask("chief", "GET", "/v1/alerts").json()["alerts"]) == 2


def test_whoever_is_on_duty_is_told_and_else_whoever_comes_first(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "day", "day@shop.example", premises="store", hours="mon-sun 08:00-16:00")
    on_duty(api, "late", "late@shop.example", premises="store", hours="mon-sun 15:00-20:00")
    on_duty(api, "other", "other@shop.example", premises="elsewhere")
    on_duty(api, "night", "night@shop.example", premises="store", kinds=["digest"])
    a_trip(api)
    watch(teller)  # 14:00 in Helsinki
    by_day = [one["To"] for one in mailbox.received]
    teller.now = NOON + timedelta(hours=10)  # 00:00: nobody is there
    a_trip(api, "T-2", departed_at=teller.now - 30 * MINUTE)
    watch(teller)
    waiting = len(mailbox.received)
    teller.now = NOON + timedelta(hours=18, minutes=1)  # 08:01
    teller.make_due()
    teller.send()

    assert by_day == ["day@shop.example"]
    assert waiting == 1
    assert [one["To"] for one in mailbox.received[1:]] == ["day@shop.example"]


def test_what_is_over_before_anybody_came_is_told_to_nobody(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "day", "day@shop.example", premises="store", hours="mon-sun 20:00-22:00")
    trip_id = a_trip(api)
    watch(teller)
    change(api, "UPDATE waybill.trip SET ended_at = %s WHERE id = %s", NOON, trip_id)
    watch(teller)
    teller.now += timedelta(hours=7)
    teller.make_due()
    teller.send()

    assert mailbox.received == []
    assert teller.states() == [("silent", "dropped", "over before it was told")]


def test_with_the_mail_server_down_beginning_and_end_come_in_order_afterwards(api: Api, server_ports: Ports) -> None:
    port = server_ports.claim(0)
    teller = Teller(api, port)
    on_duty(api, "desk", "desk@shop.example", premises="store")
    trip_id = a_trip(api)
    watch(teller)
    change(api, "UPDATE waybill.trip SET ended_at = %s WHERE id = %s", NOON, trip_id)
    watch(teller)
    mailbox = Mailbox()
    with smtp_server(mailbox, port):
        teller.make_due()
        teller.send()

    assert [one["Subject"].partition(":")[0] for one in mailbox.received] == ["Silent on duty", "Over"]


def test_a_webhook_is_told_signed_and_another_one_that_is_down_holds_up_nobody(
    api: Api, teller: Teller, receiver: Receiver, server_ports: Ports
) -> None:
    api.app.state.webhook_allow_private = True
    on_duty(api, "broken", f"http://127.0.0.1:{server_ports.claim(0)}/")
    made = on_duty(api, "chat", receiver.url)
    a_trip(api)
    watch(teller)

    assert made["secret"].startswith("whsec_")
    (told,) = [one for one in receiver.bodies if one["data"]["kind"] == "silent"]
    assert told["data"]["subject"].startswith("Silent on duty: nothing is heard")
    assert "webhook-signature" in receiver.requests[0][0]
    assert [one["name"] for one in api.ask("chief", "GET", "/v1/duty").json()] == ["broken", "chat"]
    assert "secret" not in api.ask("chief", "GET", "/v1/duty").json()[0]


def test_an_alert_is_acknowledged_once_by_whoever_may(api: Api, teller: Teller) -> None:
    a_trip(api)
    watch(teller)
    ((alert_id,),) = api.rows("SELECT id FROM waybill.alert")
    path = f"/v1/alerts/{alert_id}/acknowledge"

    assert api.ask("viewer", "POST", path, {}).status_code == 403
    assert api.ask("stranger", "POST", path, {}).status_code == 404
    seen = api.ask("dispatcher", "POST", path, {"note": "called the driver"}).json()
    assert (seen["acknowledged_by"], seen["note"]) == ("account dispatcher", "called the driver")
    assert api.ask("compliance", "POST", path, {}).status_code == 409
    assert api.rows("SELECT actor, reason FROM waybill.audit_event WHERE action = 'alert.acknowledged'") == [
        ("dispatcher", "called the driver")
    ]
    assert watch(teller) == (0, 0)


def test_the_days_list_comes_once_and_names_whom_to_call(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    on_duty(api, "desk", "desk@shop.example", premises="store", kinds=["digest"], hours="mon-fri 08:00-16:00")
    for number, milestone in (("w-1", "delivered"), ("w-2", "failed"), ("w-3", None)):
        # Too early at the door: the window of the one that failed has not even begun.
        later = {"window_from": (NOON + 20 * HOUR).isoformat(), "window_to": (NOON + 21 * HOUR).isoformat()}
        key = put(api, number, **(later if milestone == "failed" else {}))["order_no"]
        say(api, key, *ON_THE_WAY)
        if milestone == "failed":
            failed = {"milestone": "failed", "reason_code": "NO_VALID_ID"}
            api.ask("dispatcher", "POST", f"/v1/orders/{key}/milestones", failed)
        elif milestone:
            say(api, key, milestone)
    say(api, put(api, "w-4", who="pos-test")["order_no"], "accepted", who="pos-test")

    for minutes in (0, 449, 451, 470, 520):  # 14:00 … 21:29, 21:31 …
        with teller.connected() as connection:
            tell_digests(connection, clock_at(NOON + minutes * MINUTE), "21:30")
    teller.now = NOON + 460 * MINUTE
    teller.send()

    (mail,) = mailbox.received
    assert mail["Subject"] == "Waybill Demo Store: 2 orders to call about"
    said = mail.get_content()
    assert "1002 Elina Salo, +358 40 555 0147: failed at" in said
    assert "NO_VALID_ID" in said
    assert "1003 Elina Salo, +358 40 555 0147: out_for_delivery, the window ended at 15:00" in said.replace("\n", " ")
    assert "1001" not in said
    as_it_stands = api.ask("viewer", "GET", "/v1/alerts/digest").json()
    assert [one["order_no"] for one in as_it_stands["orders"]] == ["1002"]  # at noon no window has ended


def test_the_days_list_goes_once_to_whoever_comes_on_the_roster_later_too(api: Api, teller: Teller) -> None:
    on_duty(api, "desk", "desk@shop.example", premises="store")
    with teller.connected() as connection:
        made = [tell_digests(connection, clock_at(NOON + minutes * MINUTE), "21:30") for minutes in (451, 452)]
        on_duty(api, "late", "late@shop.example", premises="store")
        made += [tell_digests(connection, clock_at(NOON + minutes * MINUTE), "21:30") for minutes in (453, 454)]

    assert made == [1, 0, 1, 0]
    assert api.rows("SELECT recipient FROM waybill.message ORDER BY created_at") == [
        ("desk@shop.example",), ("late@shop.example",),
    ]  # fmt: skip


def test_the_roster_belongs_to_its_premises(api: Api) -> None:
    entry = on_duty(api, "desk", "desk@shop.example", premises="store")

    assert api.ask("dispatcher", "POST", "/v1/duty", {"name": "x", "address": "x@y.example"}).status_code == 403
    assert api.ask("pos-elsewhere", "GET", "/v1/duty").json() == []
    assert api.ask("pos-elsewhere", "DELETE", f"/v1/duty/{entry['id']}").status_code == 404
    wrong = api.ask("chief", "POST", "/v1/duty", {"name": "x", "address": "nobody", "premises": "store"})
    kinds = api.ask("chief", "POST", "/v1/duty", {"name": "x", "address": "x@y.example", "kinds": ["weather"]})
    assert (wrong.status_code, kinds.status_code) == (422, 422)
    assert "'weather' is nothing to be told of; there are: emergency, late_risk" in kinds.text
    assert api.ask("chief", "DELETE", f"/v1/duty/{entry['id']}").status_code == 204
    assert api.ask("chief", "GET", "/v1/duty").json() == []
