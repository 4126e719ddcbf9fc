"""Crews say that all is well as often as the profile wants it; dispatch sees who does not, and explains why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from contract.clock import parse_clock, true_now
from gateway.worker.check_ins import look_for_overdue
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, do, order, plan, stand

MINUTE = timedelta(minutes=1)


@pytest.fixture
def road(api: Api) -> Api:
    """A van that left at noon, under a profile that wants a word of its crew every 30 minutes."""
    add_van(api, "van-1")
    add_driver(api, "E-1")
    add_driver(api, "E-2")
    made = api.ask(
        "chief", "POST", "/v1/profiles/plain/versions",
        {"values": {"check_in_interval_s": 1800}, "reason": "insurance asks for it"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    plan(api, [order(api, "a")])
    do(api, "T-0001", "depart", {"at": NOON.isoformat()})
    said = {"driver": {"employee_no": "E-1", "premises": "store"}}
    assert api.ask("chief", "PATCH", "/v1/accounts/driver", said).status_code == 200
    return api


def turn_to(api: Api, minutes: float) -> None:
    """The installation's clock shows so many minutes past noon, and stands nearly still."""
    api.app.state.clock = parse_clock(f"{(NOON + minutes * MINUTE).isoformat()}@{true_now().isoformat()}*0.001")


def look(api: Api, minutes: float) -> None:
    turn_to(api, minutes)
    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        look_for_overdue(connection, api.app.state.clock)


def say(api: Api, who: str = "driver", status: int = 201, **said: Any) -> dict[str, Any]:
    answer = api.ask(who, "POST", "/v1/trips/T-0001/check-ins", said)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def exceptions(api: Api, who: str = "dispatcher", query: str = "?all=true") -> list[dict[str, Any]]:
    answer = api.ask(who, "GET", f"/v1/exceptions{query}")
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()
    return told


def minutes_past(text: str) -> float:
    return round((datetime.fromisoformat(text) - NOON) / MINUTE, 1)


def test_a_look_at_trips_of_which_nothing_is_new_waits_for_nobody_who_changes_them(road: Api) -> None:
    look(road, 31)
    before = exceptions(road)
    turn_to(road, 32)

    with (
        psycopg.connect(road.database.gateway_url) as changing,
        psycopg.connect(road.database.gateway_url, autocommit=True) as looking,
    ):
        changing.execute("SELECT FROM waybill.trip FOR UPDATE")
        looking.execute("SET lock_timeout = '1s'")
        look_for_overdue(looking, road.app.state.clock)

    assert [one["kind"] for one in before] == ["check_in_overdue"]
    assert exceptions(road) == before


def test_a_word_in_time_is_recorded_with_who_when_and_where(road: Api) -> None:
    stand(road, "van-1", HOME_LAT, HOME_LON + 0.01, NOON + 20 * MINUTE)
    turn_to(road, 20)

    told = say(road)
    turn_to(road, 45)
    told = say(road, "dispatcher", employee_no="E-1", channel="phone", at=(NOON + 44 * MINUTE).isoformat(), note="rain")

    first, second = told["check_ins"]
    assert (first["employee_no"], first["recorded_by"], first["channel"]) == ("E-1", "account driver", "app")
    assert (first["place_source"], round(first["lon"], 4)) == ("vehicle", round(HOME_LON + 0.01, 4))
    assert (minutes_past(first["due_at"]), first["late_s"], first["acknowledged_at"]) == (30, 0, None)
    assert (second["recorded_by"], second["acknowledged_by"]) == ("account dispatcher", "account dispatcher")
    assert (second["lat"], second["note"], minutes_past(second["due_at"])) == (None, "rain", 50)
    assert (told["interval_s"], minutes_past(told["next_due_at"]), told["overdue_s"]) == (1800, 74, None)
    look(road, 73)
    assert exceptions(road) == []
    actions = road.rows("SELECT actor FROM waybill.audit_event WHERE action = 'trip.checked_in' ORDER BY id")
    assert actions == [("driver",), ("dispatcher",)]


def test_a_crew_that_is_silent_is_an_exception_until_somebody_explains_it(road: Api) -> None:
    look(road, 29)
    assert (exceptions(road), road.ask("viewer", "GET", "/v1/check-ins?overdue=true").json()) == ([], [])

    look(road, 36)
    look(road, 37)

    (duty,) = road.ask("viewer", "GET", "/v1/check-ins?overdue=true").json()
    assert (duty["trip_no"], duty["crew"], duty["last_at"]) == ("T-0001", ["E-1"], None)
    assert duty["overdue_s"] == pytest.approx(7 * 60, abs=1)
    (opened,) = exceptions(road, query="?kind=check_in_overdue")
    assert (opened["kind"], minutes_past(opened["from_at"]), opened["to_at"]) == ("check_in_overdue", 30, None)
    say(road)
    (late,) = exceptions(road)
    assert late["rule"].endswith("one is due every 30 min; it came 7 min late")
    assert (minutes_past(late["to_at"]), late["closed_at"]) == (37, None)
    path = f"/v1/exceptions/{late['id']}/explain"
    said = {"explanation": "no signal in the tunnel"}
    assert road.ask("viewer", "POST", path, said).status_code == 403
    assert road.ask("stranger", "POST", path, said).status_code == 404
    explained = road.ask("dispatcher", "POST", path, said).json()
    assert (explained["explanation"], explained["explained_by"]) == (said["explanation"], "account dispatcher")
    assert exceptions(road, query="") == []
    look(road, 40)
    assert len(exceptions(road)) == 1
    events = road.ask("pos", "GET", "/v1/events?type=trip.check_in_overdue").json()["events"]
    assert [one["type"] for one in events] == ["trip.check_in_overdue"]


def test_a_word_that_is_recorded_later_than_it_was_said_takes_the_exception_back(road: Api) -> None:
    look(road, 35)
    assert len(exceptions(road, query="")) == 1

    say(road, at=(NOON + 29 * MINUTE).isoformat())

    assert exceptions(road, query="") == []
    (gone,) = exceptions(road)
    assert gone["withdrawn"]
    refused = road.ask("dispatcher", "POST", f"/v1/exceptions/{gone['id']}/explain", {"explanation": "x"})
    assert refused.status_code == 409


def test_a_driver_sees_and_speaks_for_the_own_trip_alone(road: Api) -> None:
    assert road.ask("driver", "GET", "/v1/trips/T-0001/check-ins").status_code == 200
    assert road.ask("driver", "GET", "/v1/check-ins").status_code == 403
    assert "speaks for themselves" in say(road, status=422, employee_no="E-2")["detail"]
    said = {"driver": {"employee_no": "E-2", "premises": "store"}}
    road.ask("chief", "PATCH", "/v1/accounts/driver", said)
    for method in ("GET", "POST"):
        body = {} if method == "POST" else None
        assert road.ask("driver", method, "/v1/trips/T-0001/check-ins", body).status_code == 404
        assert road.ask("stranger", method, "/v1/trips/T-0001/check-ins", body).status_code == 404
    assert exceptions(road, "stranger") == []
    assert road.ask("stranger", "GET", "/v1/check-ins").json() == []


@pytest.mark.parametrize(
    ("said", "at", "says"),
    [
        ({"channel": "phone"}, "body.employee_no", "you are not of the crew"),
        ({"employee_no": "E-1"}, "body.channel", "say how you know it from E-1"),
        ({"employee_no": "E-2", "channel": "radio"}, "body.employee_no", "E-2 is in no crew of it; T-0001: E-1"),
        (
            {"employee_no": "E-1", "channel": "radio", "at": (NOON - MINUTE).isoformat()},
            "body.at",
            "was under way from",
        ),
        ({"employee_no": "E-1", "channel": "radio", "lat": 60.1}, "body.lat", "lat and lon belong together"),
    ],
)
def test_a_word_of_nobody_is_refused(road: Api, said: dict[str, Any], at: str, says: str) -> None:
    told = say(road, "dispatcher", 422, **said)

    assert told["errors"][0]["at"] == at
    assert says in told["detail"]


def test_a_call_for_help_stands_first_until_dispatch_has_heard_it(road: Api) -> None:
    turn_to(road, 5)
    (made,) = say(road, kind="emergency")["check_ins"]
    path = f"/v1/trips/T-0001/check-ins/{made['id']}/acknowledge"
    assert road.ask("viewer", "GET", "/v1/check-ins").json()[0]["emergency"]

    assert road.ask("driver", "POST", path).status_code == 403
    assert road.ask("dispatcher", "POST", path.replace(made["id"], "x")).status_code == 404
    heard = road.ask("dispatcher", "POST", path).json()
    road.ask("chief", "POST", path)

    assert heard["check_ins"][0]["acknowledged_by"] == "account dispatcher"
    assert not road.ask("viewer", "GET", "/v1/check-ins").json()[0]["emergency"]
    assert road.rows("SELECT actor FROM waybill.audit_event WHERE action = 'trip.check_in_heard'") == [("dispatcher",)]
    events = road.ask("pos", "GET", "/v1/events?type=trip.emergency").json()["events"]
    assert events[0]["data"]["employee_no"] == "E-1"
    with psycopg.connect(road.database.gateway_url) as gateway, pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute("UPDATE waybill.check_in SET at = now()")
