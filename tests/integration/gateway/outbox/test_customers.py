"""What customers are told, from the order to a real mail server: once, in their language, at their time of day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.mail import Mailbox
from tests.integration.gateway.api.test_orders import put, say
from tests.integration.gateway.outbox.telling import Teller

ON_THE_WAY = ("accepted", "ready", "queued", "out_for_delivery")


@pytest.fixture
def teller(api: Api, mailbox: Mailbox) -> Teller:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.premises SET name = 'Corner Shop' WHERE code = 'store'")
    made = Teller(api, mailbox.port)
    made.begin()
    return made


def order(api: Api, number: str = "w-1", **more: Any) -> str:
    return str(put(api, number, customer_email="elina@example.org", **more)["order_no"])


def text(mailbox: Mailbox, place: int = -1) -> str:
    return str(mailbox.received[place].get_content())


def test_each_milestone_is_told_once_and_says_nothing_of_us(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    number = order(api)
    say(api, number, *ON_THE_WAY, "arriving_soon", "delivered")
    teller.make()
    teller.make()
    teller.send()
    teller.send()

    # The first two are no longer true when they could be said: the order is there.
    assert [one["Subject"] for one in mailbox.received] == ["Corner Shop: your order 1001 was handed over"]
    assert teller.states() == [
        ("out_for_delivery", "dropped", "no longer true: the order is delivered"),
        ("arriving_soon", "dropped", "no longer true: the order is delivered"),
        ("delivered", "delivered", None),
    ]
    (mail,) = mailbox.received
    assert mail["From"] == "Corner Shop <orders@shop.example>"
    assert "aybill" not in mail.as_string()
    assert mailbox.helo == ["shop.example"]


def test_the_way_of_an_order_names_the_id_and_what_arrived_is_on_its_record(
    api: Api, teller: Teller, mailbox: Mailbox
) -> None:
    number = order(api)
    say(api, number, *ON_THE_WAY)
    teller.tell()
    say(api, number, "arriving_soon")
    teller.tell()

    assert [one["Subject"] for one in mailbox.received] == [
        "Corner Shop: your order 1001 is on its way", "Corner Shop: your order 1001 is almost there",
    ]  # fmt: skip
    for place in (0, 1):
        assert "photo ID in your name ready" in text(mailbox, place)
    assert "on Monday, 23 November, between 14:00 and 15:00" in text(mailbox, 0)
    record = api.ask("support", "GET", f"/v1/orders/{number}/record").json()
    first, second = record["messages"]
    assert (first["kind"], second["kind"], first["outcome"]) == ("out_for_delivery", "arriving_soon", "delivered")
    assert first["body"].strip() in text(mailbox, 0).replace("\r", "")
    (tried,) = first["tries"]
    assert (tried["status"], tried["said"]) == (250, "2.0.0 taken as 4F2A")
    assert mailbox.ids[0] == f"<{first['id']}@shop.example>"


def test_the_id_names_the_age_of_the_shops_profile(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.premises SET profile = 'california-adult-use' WHERE code = 'store'")
    say(api, order(api), *ON_THE_WAY)

    teller.tell()

    assert "it must be valid and show that you are 21 or older" in text(mailbox).replace("\n", " ")


def test_the_customers_language_then_the_shops(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("INSERT INTO waybill.premises_telling (premises_id, language) VALUES (%s, 'es')", [api.store])
    say(api, order(api, "w-1", customer_language="en-US"), *ON_THE_WAY)
    say(api, order(api, "w-2"), *ON_THE_WAY)
    say(api, order(api, "w-3", customer_language="fi"), *ON_THE_WAY)

    teller.tell()

    assert [one["Content-Language"] for one in mailbox.received] == ["en", "es", "es"]
    assert "Tenga a mano un documento de identidad" in text(mailbox, 1)


def test_a_test_order_reaches_nobody(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    number = put(api, who="pos-test", customer_email="elina@example.org")["order_no"]
    say(api, number, *ON_THE_WAY, who="pos-test")

    teller.tell()

    assert mailbox.received == []
    assert teller.states() == []


def test_another_window_is_told_and_only_the_newest(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    order(api)
    for hours in (2, 3):
        later = {"window_from": (NOON + timedelta(hours=hours)).isoformat(),
                 "window_to": (NOON + timedelta(hours=hours + 1)).isoformat()}  # fmt: skip
        order(api, **later)
        teller.make()
    order(api, note="ring twice", **later)
    teller.tell()

    assert [one["Subject"] for one in mailbox.received] == ["Corner Shop: another time for your order 1001"]
    assert "between 17:00 and 18:00" in text(mailbox)
    assert ("rescheduled", "dropped", "a newer one says it all") in teller.states()


def test_a_failure_and_a_cancellation_are_told(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    number = order(api)
    say(api, number, *ON_THE_WAY)
    failed = {"milestone": "failed", "reason_code": "RECIPIENT_ABSENT"}
    assert api.ask("dispatcher", "POST", f"/v1/orders/{number}/milestones", failed).status_code == 201
    teller.tell()
    assert api.ask("dispatcher", "POST", f"/v1/orders/{number}/cancel", {"reason": "asked"}).status_code == 200
    teller.tell()

    assert [one["Subject"] for one in mailbox.received] == [
        "Corner Shop: we could not hand over your order 1001", "Corner Shop: your order 1001 is cancelled",
    ]  # fmt: skip
    assert "Nobody was there to take it." in text(mailbox, 0)
    assert "asked" not in text(mailbox, 1)


def detect(api: Api, milestone: str) -> str:
    """As the gateway does from fixes; the id of the milestone."""
    milestone_id = str(new_id(NOON))
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.milestone (id, premises_id, order_id, milestone, at, known, recorded_at)"
            " SELECT %s, premises_id, id, %s, %s, 'detected', %s FROM waybill.orders",
            [milestone_id, milestone, NOON, NOON],
        )
        owner.execute("UPDATE waybill.orders SET milestone = %s", [milestone])
    return milestone_id


def correct(api: Api, milestone_id: str, *, withdrawn: bool) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.milestone_correction (id, premises_id, milestone_id, at, withdrawn, note, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s, 'as known now', %s)",
            [new_id(NOON), api.store, milestone_id, NOON, withdrawn, NOON],
        )


def test_what_did_not_happen_is_taken_back_and_marked_as_a_correction(
    api: Api, teller: Teller, mailbox: Mailbox
) -> None:
    order(api)
    milestone_id = detect(api, "out_for_delivery")
    teller.tell()
    correct(api, milestone_id, withdrawn=True)
    teller.tell()
    correct(api, milestone_id, withdrawn=False)
    teller.tell()
    teller.tell()

    assert [one["Subject"] for one in mailbox.received] == [
        "Corner Shop: your order 1001 is on its way", "Correction: Corner Shop: your order 1001",
        "Correction: Corner Shop: your order 1001 is on its way",
    ]  # fmt: skip
    assert text(mailbox, 1).startswith("Correction: ")
    assert [one["type"] for one in feed(api)][-2:] == ["order.corrected", "order.corrected"]


def feed(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("pos", "GET", "/v1/events").json()["events"]
    return found


def test_what_was_not_said_yet_is_not_taken_back_either(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    order(api)
    milestone_id = detect(api, "out_for_delivery")
    teller.make()
    correct(api, milestone_id, withdrawn=True)
    teller.tell()

    assert mailbox.received == []
    assert teller.states() == [("out_for_delivery", "dropped", "it did not happen")]


def test_declared_and_detected_are_one_departure(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    say(api, order(api), *ON_THE_WAY)
    detect(api, "out_for_delivery")

    teller.tell()

    assert len(mailbox.received) == 1


def test_at_night_it_waits_and_is_dropped_when_it_means_nothing_in_the_morning(
    api: Api, teller: Teller, mailbox: Mailbox
) -> None:
    teller.now = NOON.replace(hour=20, minute=30)  # 22:30 in Helsinki
    say(api, order(api, "w-1"), *ON_THE_WAY)
    say(api, order(api, "w-2"), *ON_THE_WAY)
    say(api, "1002", "delivered")

    teller.tell()
    at_night = len(mailbox.received)
    teller.send()  # nothing is due before the morning
    say(api, "1001", "delivered")
    teller.make()
    teller.now += timedelta(hours=9)
    teller.make_due()
    teller.send()

    assert at_night == 0
    assert [one["Subject"] for one in mailbox.received] == [
        "Corner Shop: your order 1002 was handed over", "Corner Shop: your order 1001 was handed over",
    ]  # fmt: skip
    assert [state for state in teller.states() if state[1] == "dropped"] == [
        ("out_for_delivery", "dropped", "no longer true: the order is delivered"),
    ] * 2


def test_an_opt_out_by_the_link_counts_at_once_for_every_spelling(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    say(api, order(api, "w-1"), *ON_THE_WAY)
    teller.tell()
    link = mailbox.received[0]["List-Unsubscribe"].strip("<>").removeprefix("https://delivery.example.org")
    assert link in text(mailbox, 0).replace("=\n", "")

    looked = api.ask(None, "GET", link)
    say(api, order(api, "w-2"), *ON_THE_WAY)
    teller.make()  # on its way already when the customer presses
    pressed = api.ask(None, "POST", link)
    put(api, "w-3", customer_email="Elina@Example.ORG")
    say(api, "1003", *ON_THE_WAY)
    teller.tell()

    assert (looked.status_code, pressed.status_code, len(mailbox.received)) == (200, 200, 1)
    assert "e…@example.org" in looked.text
    assert "elina" not in looked.text
    assert "aybill" not in looked.text
    assert [state[1:] for state in teller.states()[1:]] == [("dropped", "the customer does not want to be told")] * 2
    assert api.ask("dispatcher", "GET", "/v1/contacts/email/elina@example.org").json()["wanted"] is False

    api.ask(None, "POST", f"{link}?wanted=true")
    say(api, order(api, "w-4"), *ON_THE_WAY)
    teller.tell()
    assert len(mailbox.received) == 2


def test_wrong_links_look_alike_and_change_nothing(api: Api, teller: Teller) -> None:
    answers = [api.ask(None, method, f"/o/{'A' * 22}") for method in ("GET", "POST")]

    assert {one.status_code for one in answers} == {404}
    assert answers[0].text == answers[1].text
    assert api.rows("SELECT 1 FROM waybill.contact") == []


def test_staff_and_order_systems_may_end_it_for_a_customer(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    answer = api.ask("pos", "PUT", "/v1/contacts/email/elina@example.org", {"wanted": False})
    rubbish = api.ask("pos", "PUT", "/v1/contacts/sms/12ab", {"wanted": False})
    testing = api.ask("pos-test", "PUT", "/v1/contacts/email/elina@example.org", {"wanted": True})
    say(api, order(api), *ON_THE_WAY)
    teller.tell()

    assert (answer.json()["wanted"], answer.json()["opted_out_by"]) == (False, "order_system pos")
    assert (rubbish.status_code, testing.status_code) == (422, 409)
    assert mailbox.received == []
    assert api.rows("SELECT actor, action FROM waybill.audit_event WHERE object_kind = 'contact'") == [
        ("pos", "contact.opted_out")
    ]


def test_what_is_no_address_is_said_on_the_record(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    wrong = ("elina@example.org, eve@example.org", "elina", "a b@example.org", "x@y>\u2028")
    for number, address in enumerate(wrong):
        put(api, f"w-{number}", customer_email=address)
        say(api, str(1001 + number), *ON_THE_WAY)
    teller.tell()

    assert mailbox.received == []
    assert [state[:2] for state in teller.states()] == [("out_for_delivery", "dropped")] * 4
    assert all("is no email address" in str(state[2]) for state in teller.states())


def test_a_name_with_line_breaks_puts_nothing_into_the_head(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "UPDATE waybill.premises SET name = E'Corner\\r\\nBcc: eve@example.org\\r\\n\\r\\nShop $order_no'"
        )
    say(api, order(api, customer_name="Elina\nSalo $eta"), *ON_THE_WAY)
    teller.tell()

    (mail,) = mailbox.received
    assert mail["Bcc"] is None
    assert "Hello Elina Salo $eta," in text(mailbox)


def test_messages_are_listed_searched_and_sent_again(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    for number in range(3):
        say(api, order(api, f"w-{number}"), *ON_THE_WAY)
    teller.tell()

    first = api.ask("viewer", "GET", "/v1/messages?limit=2").json()
    rest = api.ask("viewer", "GET", f"/v1/messages?limit=2&after={first['next']}").json()
    found = api.ask("viewer", "GET", "/v1/messages?q=1002&state=delivered").json()["messages"]
    again = api.ask("dispatcher", "POST", f"/v1/messages/{found[0]['id']}/resend")
    twice = api.ask("dispatcher", "POST", f"/v1/messages/{found[0]['id']}/resend")
    teller.send()

    assert [one["order_no"] for one in first["messages"] + rest["messages"]] == ["1003", "1002", "1001"]
    assert rest["next"] is None
    assert [one["order_no"] for one in found] == ["1002"]
    assert (again.status_code, twice.status_code) == (202, 409)
    assert mailbox.ids[3] == mailbox.ids[1]
    assert api.ask("stranger", "GET", "/v1/messages").json()["messages"] == []
    assert api.ask("stranger", "GET", f"/v1/messages/{found[0]['id']}").status_code == 404
    assert api.ask("pos-test", "GET", "/v1/messages").json()["messages"] == []


def forecast(api: Api, *, minutes: float, drops_before: int = 0) -> None:
    """What is expected of the one order, said at noon."""
    p50_at = NOON + timedelta(minutes=minutes)
    with psycopg.connect(api.database.owner_url) as owner:
        trip_id, vehicle_id = new_id(NOON), new_id(NOON)
        if (known := owner.execute("SELECT id FROM waybill.trip").fetchone()) is None:
            owner.execute(
                "INSERT INTO waybill.vehicle (id, premises_id, name, created_at) VALUES (%s, %s, 'van-1', %s)",
                [vehicle_id, api.store, NOON],
            )
            owner.execute(
                "INSERT INTO waybill.trip (id, premises_id, trip_no, vehicle_id, planned_departure_at, created_at)"
                " VALUES (%s, %s, 'T-1', %s, %s, %s)",
                [trip_id, api.store, vehicle_id, NOON, NOON],
            )
        owner.execute("DELETE FROM waybill.forecast")
        owner.execute(
            "INSERT INTO waybill.forecast (order_id, premises_id, trip_id, p50_at, p90_at, late_risk, source,"
            " drops_before, published_at, computed_at, told_p50_at)"
            " SELECT id, premises_id, %s, %s, %s, 0.1, 'distance', %s, %s, %s, %s FROM waybill.orders",
            [known[0] if known else trip_id, p50_at, p50_at, drops_before, NOON, NOON, p50_at],
        )


def test_soon_is_told_once_when_the_drop_is_next_and_near(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    say(api, order(api), *ON_THE_WAY)
    for minutes, before in ((9, 1), (12, 0)):
        forecast(api, minutes=minutes, drops_before=before)
        teller.tell()
    detect(api, "arriving_soon")  # the van drives by on its way to another door
    teller.tell()
    early = len(mailbox.received)
    forecast(api, minutes=9)
    for _ in range(3):
        teller.tell()

    assert early == 1  # on its way
    assert [one["Subject"] for one in mailbox.received[1:]] == ["Corner Shop: your order 1001 is almost there"]
    assert "in a few minutes at about 14:09" in text(mailbox)


def test_a_forecast_that_cannot_be_worded_holds_up_no_other(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    for number in range(3):
        say(api, order(api, f"w-{number}"), *ON_THE_WAY)
    teller.tell()
    with psycopg.connect(api.database.owner_url) as owner:
        # An hour later than any clock on the wall shows.
        owner.execute("UPDATE waybill.orders SET window_to = '9999-12-31 23:59+00' WHERE order_no = '1001'")
    forecast(api, minutes=9)
    for _ in range(3):
        teller.tell()
    forecast(api, minutes=-90, drops_before=1)  # another time, and too far from the one that was told
    for _ in range(2):
        teller.tell()

    subjects = [one["Subject"] for one in mailbox.received[3:]]
    assert sorted(subjects) == [
        "Corner Shop: new time for your order 1002", "Corner Shop: new time for your order 1003",
        "Corner Shop: your order 1002 is almost there", "Corner Shop: your order 1003 is almost there",
    ]  # fmt: skip
    unsaid = [(kind, because) for kind, outcome, because in teller.states() if outcome == "given_up"]
    assert [kind for kind, _ in unsaid] == ["arriving_soon", "eta_changed"]
    assert all("could not be put into words: OverflowError" in str(because) for _, because in unsaid)


def test_another_time_is_told_when_it_is_another_by_enough(api: Api, teller: Teller, mailbox: Mailbox) -> None:
    say(api, order(api), *ON_THE_WAY)  # promised until 13:00 UTC
    for minutes in (70, 79, 81, 85, 99, 102, 80):
        forecast(api, minutes=minutes, drops_before=3)
        teller.tell()

    told = [text(mailbox, place) for place in range(1, len(mailbox.received))]
    assert [one["Subject"] for one in mailbox.received[1:]] == ["Corner Shop: new time for your order 1001"] * 3
    for said, at in zip(told, ("15:21", "15:42", "15:20"), strict=True):
        assert f"is now expected at about {at}" in said
