"""On the road a driver says that all is well, calls for help, arrives, and says why the van stood."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import psycopg
import pytest

from contract.clock import Clock, true_now
from gateway.driver.road import OFFERED
from gateway.tracking.policy import Policy
from storage.derived import note_policy_version
from storage.ids import new_id
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.phones import sign_in, text_of
from tests.fixtures.trips import HOUR, add_driver, add_van, do, order, plan

MINUTE = HOUR / 60


@pytest.fixture
def road(api: Api) -> Api:
    """A van that left at noon, under a profile that wants a word every 30 minutes, and its driver's phone."""
    add_van(api, "van-1")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    wanted = {"values": {"check_in_interval_s": 1800}, "reason": "insurance asks for it"}
    assert api.ask("chief", "POST", "/v1/profiles/plain/versions", wanted).status_code == 201
    plan(api, [order(api, "a"), order(api, "b")])
    do(api, "T-0001", "depart", {"at": NOON.isoformat()})
    sign_in(api)
    return api


def turn_to(api: Api, minutes: float) -> None:
    api.app.state.clock = Clock(NOON + minutes * MINUTE, true_now(), 1e-6)


def trip_id(api: Api) -> UUID:
    found: UUID = api.rows("SELECT id FROM waybill.trip WHERE trip_no = 'T-0001'")[0][0]
    return found


def post(api: Api, deed: str, who: str = "phone", **fields: Any) -> httpx.Response:
    return api.ask(who, "POST", f"/driver/trips/{trip_id(api)}/{deed}", content=urlencode(fields))


def page(api: Api) -> str:
    return text_of(api.ask("phone", "GET", "/driver"))


def follow(api: Api, answer: httpx.Response) -> str:
    """What the phone reads after a deed that was done."""
    assert answer.status_code == 303, answer.text
    return text_of(api.ask("phone", "GET", answer.headers["location"]))


def stand(api: Api, *, until: float | None = 20) -> UUID:
    """An unexplained stop from 10 minutes past noon, as detection writes it."""
    derivation, stop = new_id(NOON), new_id(NOON)
    ended_at = None if until is None else NOON + until * MINUTE
    with psycopg.connect(api.database.owner_url) as owner:
        note_policy_version(owner, api.store, Policy().version, {}, NOON)
        owner.execute(
            "INSERT INTO waybill.derivation (id, premises_id, trip_id, vehicle_id, version, cause, policy_version,"
            " made_at) SELECT %s, premises_id, id, vehicle_id, 1, 'live', %s, %s FROM waybill.trip",
            [derivation, Policy().version, NOON],
        )
        owner.execute(
            "INSERT INTO waybill.stop (id, premises_id, derivation_id, began_at, ended_at, lat_e7, lon_e7, reason,"
            " after_gap, before_gap, evidence, policy_version)"
            " VALUES (%s, %s, %s, %s, %s, 601700000, 249400000, 'UNEXPLAINED', false, false, '[]', %s)",
            [stop, api.store, derivation, NOON + 10 * MINUTE, ended_at, Policy().version],
        )
        owner.execute(
            "INSERT INTO waybill.exception (id, premises_id, kind, trip_id, during, lat_e7, lon_e7, rule, opened_at)"
            " VALUES (%s, %s, 'unexplained_stop', %s, tstzrange(%s, %s, '[]'), 601700000, 249400000, 'stood', %s)",
            [new_id(NOON), api.store, trip_id(api), NOON + 10 * MINUTE, ended_at, NOON],
        )
    return stop


def test_a_check_in_is_asked_for_in_time_and_recorded_as_the_drivers(road: Api) -> None:
    turn_to(road, 20)
    assert "Check in by 14:30" in page(road)

    said = follow(road, post(road, "check-in"))

    assert "Noted: all is well" in said
    assert "Check in by 14:50" in said
    turn_to(road, 51)
    assert "Your check-in was due at 14:50" in page(road)
    kept = road.rows("SELECT kind, channel, recorded_by FROM waybill.check_in")
    assert kept == [("interval", "app", "driver E-1")]


def test_help_is_asked_about_unless_the_button_is_held_and_stands_until_it_is_heard(road: Api) -> None:
    turn_to(road, 5)
    asked = road.ask("phone", "GET", f"/driver/trips/{trip_id(road)}/help")
    assert "Yes, call for help now" in text_of(asked)
    assert road.rows("SELECT 1 FROM waybill.check_in") == []

    said = follow(road, post(road, "help"))

    assert "You called for help at 14:05" in said
    (told,) = road.ask("dispatcher", "GET", "/v1/trips/T-0001/check-ins").json()["check_ins"]
    assert (told["kind"], told["employee_no"]) == ("emergency", "E-1")
    heard = road.ask("dispatcher", "POST", f"/v1/trips/T-0001/check-ins/{told['id']}/acknowledge")
    assert heard.status_code == 200
    assert "Dispatch heard your call for help at 14:05" in page(road)
    turn_to(road, 70)
    assert "for help at" not in page(road)


def test_an_arrival_is_said_once_and_only_of_the_own_drops(road: Api) -> None:
    first, second = (str(one) for (one,) in road.rows("SELECT order_id FROM waybill.trip_drop ORDER BY seq"))
    foreign = order(road, "c")
    (foreign_id,) = road.rows("SELECT id FROM waybill.orders WHERE order_no = %s", foreign)[0]

    assert "Noted: you are at the door" in follow(road, post(road, "arrived", order=first))
    assert "at the door" in page(road)
    again = post(road, "arrived", order=first)
    assert (again.status_code, "That was not done" in text_of(again)) == (409, True)
    for order_id in (foreign_id, "x", new_id(NOON)):
        answer = post(road, "arrived", order=order_id)
        assert (answer.status_code, "not part of your trip" in text_of(answer)) == (409, True)
    said = road.rows("SELECT order_id::text, declared_by FROM waybill.milestone WHERE milestone = 'arrived'")
    assert [one for one, _ in said] == [first]
    assert second not in said[0]


@pytest.mark.parametrize(("until", "says"), [(20, "It stood from 14:10 to 14:20."), (None, "It stands since 14:10.")])
def test_a_stop_that_nobody_explained_is_asked_about_until_the_driver_says_why(
    road: Api, until: float | None, says: str
) -> None:
    stop = stand(road, until=until)
    turn_to(road, 25)
    assert says in page(road)

    nothing = post(road, "why", stop=stop, code="")
    silent = post(road, "why", stop=stop, code="OTHER", note=" ")
    found = post(road, "why", stop=stop, code="DELIVERY")
    said = follow(road, post(road, "why", stop=stop, code="OTHER", note="a dog on the road"))

    assert [one.status_code for one in (nothing, silent, found)] == [409] * 3
    assert "in a few words" in text_of(silent).lower()
    assert "Noted. Thank you." in said
    assert "Why did the van stand?" not in said
    given = road.rows("SELECT code, note, given_by FROM waybill.stop_reason")
    assert given == [("OTHER", "a dog on the road", "driver E-1")]
    assert road.rows("SELECT closed_at IS NOT NULL FROM waybill.exception") == [(True,)]


def test_the_road_of_somebody_else_is_not_there(road: Api) -> None:
    stop = stand(road)
    sign_in(road, "E-2", "other")

    for deed in ("check-in", "help", "arrived", "why"):
        assert post(road, deed, "other", stop=stop, code="REST").status_code == 404, deed
    assert road.rows("SELECT 1 FROM waybill.check_in UNION SELECT 1 FROM waybill.stop_reason") == []


def test_nothing_is_asked_of_a_trip_that_has_not_left(api: Api) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    plan(api, [order(api, "a")])
    sign_in(api)

    assert "All is well" not in page(api)
    assert "has not left" in text_of(post(api, "check-in"))


def test_every_reason_offered_has_its_words_in_the_list(road: Api) -> None:
    stand(road)

    shown = road.ask("phone", "GET", "/driver").text

    assert [code for code in OFFERED if f'value="{code}"' not in shown] == []
