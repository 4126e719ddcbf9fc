"""A van fails under way: the split, both crews' word, ledger and legs; crews and vehicles are swapped so too."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import (
    HOME_LAT,
    HOME_LON,
    HOUR,
    add_driver,
    add_van,
    change,
    do,
    numbers,
    order,
    plan,
    stand,
)


@pytest.fixture
def road(api: Api) -> Api:
    """Two vans under way, van-1 with three orders and van-2 with one, and a third in the yard; all goods are loaded."""
    for number in (1, 2, 3):
        add_van(api, f"van-{number}")
        add_driver(api, f"E-{number}")
    one = [order(api, name, east, window_to=(NOON + 6 * HOUR).isoformat()) for east, name in enumerate("abc", 4)]
    two = [order(api, "d", 3)]
    plan(api, one)
    plan(api, two, van="van-2", driver="E-2")
    for trip, orders in (("T-0001", one), ("T-0002", two)):
        for each in orders:
            do(api, trip, "load", {"code": each})
        do(api, trip, "depart")
    stand(api, "van-1", HOME_LAT, HOME_LON + 0.03, NOON + HOUR)
    stand(api, "van-2", HOME_LAT, HOME_LON + 0.02, NOON + HOUR)
    return api


def trip_of(api: Api, key: str) -> dict[str, Any]:
    told: dict[str, Any] = api.ask("viewer", "GET", f"/v1/trips/{key}").json()
    return told


def options(api: Api, key: str = "T-0001") -> dict[str, Any]:
    answer = api.ask("dispatcher", "GET", f"/v1/trips/{key}/rescue")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def rescue(api: Api, to: list[dict[str, Any]], *, dry_run: bool = False, status: int = 200) -> dict[str, Any]:
    path = "/v1/trips/T-0001/rescue" + ("?dry_run=true" if dry_run else "")
    answer = api.ask("dispatcher", "POST", path, {"reason": "the engine is dead", "to": to})
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def confirm(api: Api, transfer: str, employee_no: str, status: int = 200) -> dict[str, Any]:
    said = {"employee_no": employee_no, "reason": "told by radio"}
    answer = api.ask("dispatcher", "POST", f"/v1/transfers/{transfer}/confirm", said)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def value_aboard(api: Api, trip: str) -> int:
    return int(api.ask("viewer", "GET", f"/v1/trips/{trip}/ledger").json()["value_aboard_minor"])


def test_one_look_tells_who_is_near_with_room_and_what_a_split_does(road: Api) -> None:
    told = options(road)

    orders = numbers(trip_of(road, "T-0001"))
    assert told["open_orders"] == orders
    assert [(van["vehicle"], van["trip_no"]) for van in told["vans"]] == [("van-2", "T-0002"), ("van-3", None)]
    near = told["vans"][0]
    assert near["distance_m"] == pytest.approx(553, abs=10)
    assert (near["open_drops"], near["free_value_minor"]) == (1, None)
    (proposal,) = told["proposal"]
    assert proposal["trip"] == "T-0002"
    assert sorted(proposal["orders"]) == sorted(orders)
    assert sorted(proposal["sequence"]) == sorted([*orders, *numbers(trip_of(road, "T-0002"))])
    assert told["nobody"] == []
    assert {one["trip_no"] for one in told["effects"]} == {"T-0001", "T-0002"}
    # Looking changes nothing.
    assert numbers(trip_of(road, "T-0001")) == orders
    assert road.rows("SELECT count(*) FROM waybill.transfer") == [(0,)]


def test_a_breakdown_from_the_split_to_the_last_door(road: Api) -> None:
    orders = numbers(trip_of(road, "T-0001"))
    do_not = rescue(road, options(road)["proposal"], dry_run=True)
    assert do_not["transfers"] == []

    told = rescue(road, options(road)["proposal"])

    shown, made = ([[each["order_no"] for each in one["orders"]] for one in say["trips"]] for say in (do_not, told))
    assert made == shown
    (asked,) = told["transfers"]
    assert (asked["state"], asked["from_vehicle"], asked["to_vehicle"]) == ("pending", "van-1", "van-2")
    assert sorted(asked["order_nos"]) == sorted(orders)
    taken = trip_of(road, "T-0002")
    assert set(orders) < set(numbers(taken))
    assert trip_of(road, "T-0001")["state"] == "under_way"
    assert value_aboard(road, "T-0001") == 3 * 2880
    # One word is not enough, and not of somebody else.
    assert "in no crew of it" in confirm(road, asked["id"], "E-3", 422)["detail"]
    assert confirm(road, asked["id"], "E-1")["state"] == "pending"
    assert value_aboard(road, "T-0001") == 3 * 2880

    done = confirm(road, asked["id"], "E-2")

    assert (done["state"], done["given_by"], done["taken_by"]) == ("confirmed", "E-1", "E-2")
    assert (value_aboard(road, "T-0001"), value_aboard(road, "T-0002")) == (0, 4 * 2880)
    dead = trip_of(road, "T-0001")
    assert (dead["state"], dead["end_reason"]) == ("ended", "the engine is dead")
    assert confirm(road, asked["id"], "E-2", 409)["detail"].startswith("this transfer is confirmed")
    for one in numbers(taken):
        said = road.ask("dispatcher", "POST", f"/v1/orders/{one}/milestones", {"milestone": "delivered"})
        assert said.status_code == 201, said.text
    assert value_aboard(road, "T-0002") == 0
    assert do(road, "T-0002", "end", {"reason": "all done"})["state"] == "ended"
    record = road.ask("viewer", "GET", f"/v1/orders/{orders[0]}/record").json()
    first, second = sorted(record["trips"], key=lambda one: str(one["trip_no"]))
    assert (first["seq"], first["leg_to"]) == (None, second["leg_from"])
    kinds = road.ask("viewer", "GET", "/v1/trips/T-0001/changes").json()[-1]["kinds"]
    assert kinds == ["rescue"]
    actions = {row[0] for row in road.rows("SELECT action FROM waybill.audit_event WHERE object_kind = 'transfer'")}
    assert actions == {"transfer.confirmed"}


def test_an_order_that_failed_goes_home_with_the_van_that_takes_over(road: Api) -> None:
    first, *others = numbers(trip_of(road, "T-0001"))
    change(road, "T-0001", {"kind": "send_back", "order": first, "reason_code": "RECIPIENT_ABSENT"})

    told = options(road)
    (asked,) = rescue(road, told["proposal"])["transfers"]
    for crew in ("E-1", "E-2"):
        confirm(road, asked["id"], crew)

    assert (told["open_orders"], told["to_bring_back"]) == (others, [first])
    assert first in asked["order_nos"]
    assert trip_of(road, "T-0001")["state"] == "ended"
    said = road.ask("dispatcher", "POST", f"/v1/orders/{first}/milestones", {"milestone": "returned"})
    assert said.status_code == 201, said.text
    ledger = road.ask("viewer", "GET", "/v1/trips/T-0002/ledger").json()
    assert {one["order_no"] for one in ledger["movements"] if one["kind"] == "return"} == {first}


def test_what_is_left_of_a_partly_delivered_order_goes_home_with_the_van_that_takes_over(road: Api) -> None:
    first, *others = numbers(trip_of(road, "T-0001"))
    taken = {"milestone": "delivered", "lines": [{"line_no": 1, "accepted_quantity": 1}]}
    said = road.ask("dispatcher", "POST", f"/v1/orders/{first}/milestones", taken)
    assert said.status_code == 201, said.text

    told = options(road)
    twice = rescue(road, [*told["proposal"], {"trip": "T-0002", "orders": [first]}], status=409)
    (asked,) = rescue(road, told["proposal"])["transfers"]
    again = options(road)["to_bring_back"]
    for crew in ("E-1", "E-2"):
        confirm(road, asked["id"], crew)

    assert (told["open_orders"], told["to_bring_back"], again) == (others, [first], [])
    assert twice["errors"][0]["at"] == "body.to.1.orders.0"
    assert first in asked["order_nos"]
    # The drop is history of the trip that delivered it; the bottle that nobody wanted is aboard of the other van.
    dead, helper = trip_of(road, "T-0001"), trip_of(road, "T-0002")
    assert (dead["state"], numbers(dead), first in numbers(helper)) == ("ended", [first], False)
    assert (value_aboard(road, "T-0001"), value_aboard(road, "T-0002")) == (0, 3 * 2880 + 1290)
    assert do(road, "T-0002", "unload", {"code": first})["result"] == "unloaded"
    assert value_aboard(road, "T-0002") == 3 * 2880
    record = road.ask("viewer", "GET", f"/v1/orders/{first}/record").json()
    assert [(one["trip_no"], one["seq"]) for one in record["trips"]] == [("T-0001", 1), ("T-0002", None)]
    assert record["order"]["milestone"] == "delivered"


def test_a_delivered_order_of_which_nothing_is_left_stays_with_the_van_that_fails(road: Api) -> None:
    first, *_ = numbers(trip_of(road, "T-0001"))
    said = road.ask("dispatcher", "POST", f"/v1/orders/{first}/milestones", {"milestone": "delivered"})
    assert said.status_code == 201, said.text

    refused = rescue(road, [{"trip": "T-0002", "orders": [first]}], status=409)

    assert refused["detail"] == f"order {first} is delivered: nothing is left of it to be taken over"
    assert options(road)["to_bring_back"] == []
    assert first in numbers(trip_of(road, "T-0001"))


def say(api: Api, number: str, milestone: str, **more: Any) -> None:
    said = api.ask("dispatcher", "POST", f"/v1/orders/{number}/milestones", {"milestone": milestone, **more})
    assert said.status_code == 201, said.text


def test_goods_that_only_go_home_go_with_the_nearest_van_under_way(road: Api) -> None:
    failed, part, whole = numbers(trip_of(road, "T-0001"))
    say(road, failed, "failed", reason_code="RECIPIENT_ABSENT")
    say(road, part, "delivered", lines=[{"line_no": 1, "accepted_quantity": 1}])
    say(road, whole, "delivered")

    told = options(road)
    rescue(road, told["proposal"], dry_run=True)
    (asked,) = rescue(road, told["proposal"])["transfers"]
    for crew in ("E-1", "E-2"):
        confirm(road, asked["id"], crew)

    assert (told["open_orders"], told["to_bring_back"], told["nobody"]) == ([], [failed, part], [])
    (proposal,) = told["proposal"]
    assert (proposal["trip"], proposal["orders"], proposal["sequence"]) == ("T-0002", [failed, part], None)
    assert (told["remedy"], asked["order_nos"]) == (None, [failed, part])
    assert trip_of(road, "T-0001")["state"] == "ended"
    assert value_aboard(road, "T-0001") == 0


def test_without_a_van_that_can_take_it_the_goods_come_home_with_the_tow(road: Api) -> None:
    failed, part, still_open = numbers(trip_of(road, "T-0001"))
    say(road, failed, "failed", reason_code="RECIPIENT_ABSENT")
    say(road, part, "delivered", lines=[{"line_no": 1, "accepted_quantity": 1}])
    say(road, *numbers(trip_of(road, "T-0002")), "delivered")
    do(road, "T-0002", "end", {"reason": "all done"})

    told = options(road)
    assert (told["proposal"], told["nobody"]) == ([], [still_open, failed, part])
    assert all(word in told["remedy"] for word in ("stands by", "send back", "returned", "unload", "end the trip"))
    # As it says.
    change(road, "T-0001", {"kind": "send_back", "order": still_open, "reason_code": "VEHICLE_BREAKDOWN"})
    for one in (failed, still_open):
        say(road, one, "returned")
    do(road, "T-0001", "unload", {"code": part})

    assert value_aboard(road, "T-0001") == 0
    empty = options(road)
    assert (empty["proposal"], empty["nobody"], "end the trip" in empty["remedy"]) == ([], [], True)
    assert do(road, "T-0001", "end", {"reason": "towed home"})["state"] == "ended"


def test_vehicles_that_stand_by_tell_place_distance_and_room(road: Api) -> None:
    capped = {"values": {"max_load_value_minor": 5000}, "reason": "insured up to that"}
    assert road.ask("chief", "POST", "/v1/profiles/plain/versions", capped).status_code == 201
    add_van(road, "van-4")
    stand(road, "van-4", HOME_LAT, HOME_LON + 0.025, NOON + HOUR)

    vans = [one for one in options(road)["vans"] if one["trip_no"] is None]

    assert [one["vehicle"] for one in vans] == ["van-4", "van-3"]
    near, home = vans
    assert (near["distance_m"], home["distance_m"]) == (pytest.approx(277, abs=10), pytest.approx(1659, abs=20))
    assert (near["fixed_at"] is None, home["fixed_at"]) == (False, None)
    assert (home["lat"], home["lon"]) == (HOME_LAT, HOME_LON)
    assert near["free_at"] < home["free_at"]
    assert {(one["free_value_minor"], one["open_drops"]) for one in vans} == {(5000, 0)}


def test_a_vehicle_that_stands_by_comes_out_with_a_crew(road: Api) -> None:
    orders = numbers(trip_of(road, "T-0001"))
    to = {"vehicle": "van-3", "crew": [{"employee_no": "E-1"}], "orders": orders}

    tried = rescue(road, [to], dry_run=True)
    assert road.rows("SELECT count(*) FROM waybill.trip") == [(2,)]
    (asked,) = rescue(road, [to])["transfers"]
    # The crew goes over with the goods: one word says both.
    done = confirm(road, asked["id"], "E-1")

    assert tried["trips"][1]["vehicle"] == "van-3"
    assert done["state"] == "confirmed"
    relief = trip_of(road, done["to_trip_no"])
    assert (relief["state"], relief["vehicle"], numbers(relief)) == ("under_way", "van-3", orders)
    assert trip_of(road, "T-0001")["state"] == "ended"
    assert road.rows("SELECT count(*) FROM waybill.leg WHERE upper_inf(during)") == [(4,)]


def test_a_crew_is_relieved_in_the_same_vehicle(road: Api) -> None:
    orders = numbers(trip_of(road, "T-0001"))

    (asked,) = rescue(road, [{"vehicle": "van-1", "crew": [{"employee_no": "E-3"}], "orders": orders}])["transfers"]
    confirm(road, asked["id"], "E-1")
    done = confirm(road, asked["id"], "E-3")

    relief = trip_of(road, done["to_trip_no"])
    assert [one["employee_no"] for one in relief["crew"]] == ["E-3"]
    assert value_aboard(road, done["to_trip_no"]) == 3 * 2880


def test_an_order_moved_under_way_waits_for_both_crews_and_may_be_moved_back_before(road: Api) -> None:
    orders = numbers(trip_of(road, "T-0001"))
    change(road, "T-0001", {"kind": "move", "orders": orders[:1], "to_trip": "T-0002"})
    (pending,) = road.ask("viewer", "GET", "/v1/transfers?pending=true").json()

    change(road, "T-0002", {"kind": "move", "orders": orders[:1], "to_trip": "T-0001", "position": 1})

    assert pending["order_nos"] == orders[:1]
    assert road.ask("viewer", "GET", "/v1/transfers?pending=true").json() == []
    assert [one["state"] for one in road.ask("viewer", "GET", "/v1/transfers?trip=T-0001").json()] == ["withdrawn"]
    assert confirm(road, pending["id"], "E-1", 409)["detail"].startswith("this transfer is withdrawn")
    assert numbers(trip_of(road, "T-0001")) == orders
    assert road.rows("SELECT count(*) FROM waybill.leg WHERE upper_inf(during)") == [(4,)]


def test_a_van_in_the_yard_and_a_relief_without_crew_are_refused(road: Api) -> None:
    plan(road, [order(road, "e", 1)], van="van-3", driver="E-3", planned_departure_at=(NOON + 5 * HOUR).isoformat())

    yard = road.ask("dispatcher", "GET", "/v1/trips/T-0003/rescue")
    assert yard.status_code == 409
    assert "change its vehicle or crew" in yard.json()["detail"]
    orders = numbers(trip_of(road, "T-0001"))
    assert rescue(road, [{"vehicle": "van-3", "orders": orders}], status=422)["errors"][0]["at"] == "body.to.0.crew"
    assert rescue(road, [{"orders": orders}], status=422)["errors"][0]["at"] == "body.to.0"
    assert numbers(trip_of(road, "T-0001")) == orders


def test_another_premises_dispatcher_sees_no_rescue_and_no_transfer(road: Api) -> None:
    (asked,) = rescue(road, options(road)["proposal"])["transfers"]
    trip = trip_of(road, "T-0001")["id"]

    assert road.ask("stranger", "GET", f"/v1/trips/{trip}/rescue").status_code == 404
    said = {"reason": "x", "to": [{"trip": "T-0002", "orders": ["1001"]}]}
    assert road.ask("stranger", "POST", f"/v1/trips/{trip}/rescue", said).status_code == 404
    assert road.ask("stranger", "GET", "/v1/transfers").json() == []
    path = f"/v1/transfers/{asked['id']}/confirm"
    assert road.ask("stranger", "POST", path, {"employee_no": "E-1"}).status_code == 404
    assert road.ask("viewer", "POST", path, {"employee_no": "E-1"}).status_code == 403
    assert confirm(road, "x", "E-1", 404)


def sign_on(api: Api, employee_no: str, account: str = "driver") -> None:
    """From now on the account is that of this driver."""
    said = {"driver": {"employee_no": employee_no, "premises": "store"}}
    answer = api.ask("chief", "PATCH", f"/v1/accounts/{account}", said)
    assert (answer.status_code, answer.json().get("driver")) == (200, said["driver"]), answer.text


def test_each_crew_confirms_as_itself_and_nobody_for_another(road: Api) -> None:
    (asked,) = rescue(road, options(road)["proposal"])["transfers"]
    path = f"/v1/transfers/{asked['id']}/confirm"
    assert road.ask("driver", "POST", path, {}).status_code == 403
    assert road.ask("dispatcher", "POST", path, {}).json()["errors"][0]["at"] == "body.employee_no"
    without = road.ask("dispatcher", "POST", path, {"employee_no": "E-1"})
    assert (without.status_code, without.json()["errors"][0]["at"]) == (422, "body.reason")

    sign_on(road, "E-3")
    assert road.ask("driver", "POST", path, {}).status_code == 404
    assert road.ask("driver", "GET", "/v1/transfers").json() == []
    sign_on(road, "E-1")
    assert [one["id"] for one in road.ask("driver", "GET", "/v1/transfers?pending=true").json()] == [asked["id"]]
    foreign = road.ask("driver", "POST", path, {"employee_no": "E-2", "reason": "he nodded"})
    assert (foreign.status_code, "speaks for themselves" in foreign.json()["detail"]) == (422, True)
    given = road.ask("driver", "POST", path, {}).json()
    assert (given["state"], given["given_by"], given["given_recorded_by"]) == ("pending", "E-1", "account driver")
    taken = confirm(road, asked["id"], "E-2")

    assert taken["state"] == "confirmed"
    assert (given["given_reason"], taken["taken_recorded_by"]) == (None, "account dispatcher")
    assert taken["taken_reason"] == "told by radio"
    query = "SELECT actor, after->'own_word', reason FROM waybill.audit_event WHERE action = 'transfer.confirmed'"
    assert road.rows(query + " ORDER BY id") == [("driver", True, None), ("dispatcher", False, "told by radio")]


def test_who_dispatches_at_other_premises_sees_and_confirms_the_transfer_of_their_own_trip_here(road: Api) -> None:
    (asked,) = rescue(road, options(road)["proposal"])["transfers"]
    roles = [{"role": "dispatcher", "premises": "elsewhere"}, {"role": "driver", "premises": "store"}]
    assert road.ask("chief", "PATCH", "/v1/accounts/stranger", {"roles": roles}).status_code == 200
    sign_on(road, "E-3", "stranger")
    assert road.ask("stranger", "GET", "/v1/transfers").json() == []
    assert road.ask("stranger", "GET", "/v1/transfers?trip=T-0001").status_code == 404

    sign_on(road, "E-1", "stranger")

    for query in ("", "?pending=true", "?trip=T-0001"):
        assert [one["id"] for one in road.ask("stranger", "GET", f"/v1/transfers{query}").json()] == [asked["id"]]
    given = road.ask("stranger", "POST", f"/v1/transfers/{asked['id']}/confirm", {}).json()
    assert (given["given_by"], given["given_recorded_by"]) == ("E-1", "account stranger")


def test_whoever_drives_no_more_speaks_for_nobody(road: Api) -> None:
    (asked,) = rescue(road, options(road)["proposal"])["transfers"]
    sign_on(road, "E-1")
    with psycopg.connect(road.database.owner_url) as owner:
        owner.execute("UPDATE waybill.driver SET employed_to = '2026-11-22' WHERE employee_no = 'E-1'")

    assert road.ask("driver", "POST", f"/v1/transfers/{asked['id']}/confirm", {}).status_code == 403
    assert road.ask("driver", "GET", "/v1/transfers").status_code == 403
