"""Trips over HTTP on the real database: planned, changed with the effect shown first, sent off, ended, called off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOUR, add_driver, add_van, change, do, numbers, order, plan, wish


@pytest.fixture
def shop(api: Api) -> Api:
    """Two vans and two drivers at the premises."""
    for number in (1, 2):
        add_van(api, f"van-{number}")
        add_driver(api, f"E-{number}")
    return api


def milestone(api: Api, order_no: str) -> str:
    return str(api.ask("dispatcher", "GET", f"/v1/orders/{order_no}").json()["milestone"])


def test_a_trip_is_planned_shown_and_listed(shop: Api) -> None:
    orders = [order(shop, "a", 1), order(shop, "b", 2)]

    answer = shop.ask("dispatcher", "POST", "/v1/trips", wish(orders))

    assert answer.status_code == 201, answer.text
    trip = answer.json()["trip"]
    assert (trip["trip_no"], trip["state"], trip["vehicle"]) == ("T-0001", "planned", "van-1")
    assert numbers(trip) == orders
    assert all(drop["planned_arrival_at"] > trip["planned_departure_at"] for drop in trip["drops"])
    assert [milestone(shop, one) for one in orders] == ["queued", "queued"]
    for key in ("T-0001", trip["id"]):
        again = shop.ask("viewer", "GET", f"/v1/trips/{key}")
        assert again.json() == trip
        assert again.headers["etag"] == answer.headers["etag"]
    listed = shop.ask("viewer", "GET", "/v1/trips?state=planned&vehicle=van-1").json()
    assert [(one["trip_no"], one["drops"], one["drops_open"]) for one in listed["trips"]] == [("T-0001", 2, 2)]
    assert shop.ask("viewer", "GET", "/v1/trips?state=ended").json() == {"trips": [], "next": None}
    assert shop.rows("SELECT type FROM waybill.event WHERE trip_id IS NOT NULL AND type LIKE 'trip%%'") == [
        ("trip.planned",)
    ]


def test_a_trip_that_is_only_tried_leaves_nothing_behind(shop: Api) -> None:
    one = order(shop, "a", 1, window_to=(NOON + HOUR / 12).isoformat())

    answer = shop.ask("dispatcher", "POST", "/v1/trips?dry_run=true", wish([one]))

    assert answer.status_code == 200, answer.text
    assert answer.json()["trip"] is None
    (effect,) = answer.json()["trips"][0]["orders"]
    assert effect["late_after_s"] > 300
    assert {finding["code"] for finding in answer.json()["findings"]} == {"late"}
    assert milestone(shop, one) == "ready"
    assert shop.rows("SELECT count(*) FROM waybill.trip") == [(0,)]


def test_the_effect_is_shown_before_an_urgent_order_is_put_in(shop: Api) -> None:
    first = order(shop, "a", 1)
    tight = order(shop, "b", 2, window_to=(NOON + HOUR / 3).isoformat())
    urgent = order(shop, "u", 20)
    plan(shop, [first, tight])
    put_in = {"kind": "assign", "order": urgent, "position": 1}

    shown = change(shop, "T-0001", put_in, dry_run=True)
    before = shop.ask("dispatcher", "GET", "/v1/trips/T-0001").json()
    done = change(shop, "T-0001", put_in)

    (effects,) = shown["trips"]
    late = {one["order_no"]: (one["late_before_s"], one["late_after_s"]) for one in effects["orders"]}
    assert late[tight][0] == 0
    assert late[tight][1] > 1200
    assert late[first] == (0, 0)
    assert effects["later"] == 1
    assert shown["trip"] is None
    assert numbers(before) == [first, tight]
    assert done["trips"] == shown["trips"]
    assert numbers(done["trip"]) == [urgent, first, tight]
    assert milestone(shop, urgent) == "queued"


def test_a_change_keeps_the_plan_before_it_with_author_and_reason(shop: Api) -> None:
    orders = [order(shop, name, east) for east, name in enumerate("abc", 1)]
    plan(shop, orders, planned_route=[[24.94, 60.17], [24.95, 60.17]])

    done = change(shop, "T-0001", {"kind": "resequence", "orders": orders[::-1]}, reason="the first door opens late")

    assert numbers(done["trip"]) == orders[::-1]
    first, second = shop.ask("viewer", "GET", "/v1/trips/T-0001/changes").json()
    assert (first["plan_version"], first["kinds"], first["before"]) == (1, ["planned"], None)
    assert (second["plan_version"], second["kinds"], second["reason"]) == (
        2, ["resequence"], "the first door opens late",
    )  # fmt: skip
    assert (second["actor_kind"], second["actor"]) == ("account", "dispatcher")
    assert [drop["order_no"] for drop in second["before"]["drops"]] == orders
    assert [drop["order_no"] for drop in second["after"]["drops"]] == orders[::-1]
    # The old way led past other doors first.
    assert shop.rows("SELECT planned_route FROM waybill.trip") == [(None,)]
    assert shop.rows("SELECT actor, reason FROM waybill.audit_event WHERE action = 'trip.changed'") == [
        ("dispatcher", "the first door opens late")
    ]
    (event,) = shop.rows("SELECT body FROM waybill.event WHERE type = 'trip.changed'")[0]
    assert event["kinds"] == ["resequence"]
    assert event["orders"] == orders[::-1]


def test_two_that_change_one_plan_do_not_overwrite_one_another(shop: Api) -> None:
    orders = [order(shop, name, east) for east, name in enumerate("ab", 1)]
    plan(shop, orders)
    read = shop.ask("dispatcher", "GET", "/v1/trips/T-0001")
    change(shop, "T-0001", {"kind": "resequence", "orders": orders[::-1]})
    said = {"reason": "mine", "changes": [{"kind": "remove", "order": orders[0]}]}

    by_tag = shop.ask(
        "dispatcher", "POST", "/v1/trips/T-0001/changes", said, headers={"if-match": read.headers["etag"]}
    )
    by_version = shop.ask("dispatcher", "POST", "/v1/trips/T-0001/changes", {**said, "plan_version": 1})

    assert (by_tag.status_code, by_version.status_code) == (412, 409)
    assert "version 2" in by_version.json()["detail"]
    assert milestone(shop, orders[0]) == "queued"


def test_an_order_taken_off_is_ready_again_and_may_go_with_another_van(shop: Api) -> None:
    orders = [order(shop, name, east) for east, name in enumerate("ab", 1)]
    plan(shop, orders)

    change(shop, "T-0001", {"kind": "remove", "order": orders[0]})

    assert milestone(shop, orders[0]) == "ready"
    plan(shop, [orders[0]], van="van-2", driver="E-2")
    assert milestone(shop, orders[0]) == "queued"


def test_orders_move_to_another_van_before_it_leaves(shop: Api) -> None:
    first, second = [order(shop, name, east) for east, name in enumerate("ab", 1)]
    third = order(shop, "c", 3)
    plan(shop, [first, second])
    plan(shop, [third], van="van-2", driver="E-2")

    told = change(shop, "T-0001", {"kind": "move", "orders": [second], "to_trip": "T-0002", "position": 1})

    assert numbers(told["trip"]) == [first]
    assert numbers(shop.ask("viewer", "GET", "/v1/trips/T-0002").json()) == [second, third]
    assert [one["trip_no"] for one in told["trips"]] == ["T-0001", "T-0002"]
    assert milestone(shop, second) == "queued"
    assert len(shop.ask("viewer", "GET", "/v1/trips/T-0002/changes").json()) == 2


def test_vehicle_crew_and_departure_change_while_the_van_stands_in_the_yard(shop: Api) -> None:
    plan(shop, [order(shop, "a", 1)])
    later = (NOON + HOUR).isoformat()

    told = change(
        shop, "T-0001", {"kind": "vehicle", "vehicle": "van-2"},
        {"kind": "crew", "crew": [{"employee_no": "E-2"}, {"employee_no": "E-1", "role": "second"}]},
        {"kind": "departure", "planned_departure_at": later},
    )  # fmt: skip

    trip = told["trip"]
    assert (trip["vehicle"], trip["plan_version"]) == ("van-2", 2)
    assert [(one["employee_no"], one["role"]) for one in trip["crew"]] == [("E-2", "driver"), ("E-1", "second")]
    assert trip["drops"][0]["planned_arrival_at"] > trip["planned_departure_at"]


def test_a_trip_leaves_and_ends_because_somebody_says_so(shop: Api) -> None:
    orders = [order(shop, name, east) for east, name in enumerate("ab", 1)]
    plan(shop, orders)

    left = do(shop, "T-0001", "depart")
    still = shop.ask("dispatcher", "POST", "/v1/trips/T-0001/end", {"reason": "back"})
    change(shop, "T-0001", {"kind": "send_back", "order": orders[1], "reason_code": "CUSTOMER_CANCELLED"})
    shop.ask("dispatcher", "POST", f"/v1/orders/{orders[0]}/milestones", {"milestone": "delivered"})
    over = do(shop, "T-0001", "end", {"reason": "all done"})

    assert left["state"] == "under_way"
    assert left["departed_at"] == left["declared_departed_at"]
    assert still.status_code == 409
    assert all(one in still.json()["detail"] for one in orders)
    assert (over["state"], over["end_reason"]) == ("ended", "all done")
    assert [milestone(shop, one) for one in orders] == ["delivered", "failed"]
    assert shop.rows("SELECT count(*) FROM waybill.leg WHERE NOT upper_inf(during)") == [(2,)]
    kinds = [row[0] for row in shop.rows("SELECT type FROM waybill.event WHERE type LIKE 'trip%%' ORDER BY at, id")]
    assert kinds == ["trip.planned", "trip.departed", "trip.changed", "trip.ended"]


def test_an_urgent_order_joins_a_van_that_is_out(shop: Api) -> None:
    plan(shop, [order(shop, "a", 3)])
    do(shop, "T-0001", "depart")
    urgent = order(shop, "u", 1)

    told = change(shop, "T-0001", {"kind": "assign", "order": urgent, "position": 1})

    assert numbers(told["trip"])[0] == urgent
    assert milestone(shop, urgent) == "out_for_delivery"
    assert shop.rows("SELECT count(*) FROM waybill.leg WHERE upper_inf(during)") == [(2,)]


def test_a_trip_that_has_not_left_is_called_off(shop: Api) -> None:
    one = order(shop, "a", 1)
    plan(shop, [one])

    trip = do(shop, "T-0001", "cancel", {"reason": "the van does not start"})

    assert (trip["state"], trip["drops"]) == ("cancelled", [])
    assert milestone(shop, one) == "ready"
    again = shop.ask("dispatcher", "POST", "/v1/trips/T-0001/cancel", {"reason": "twice"})
    assert again.status_code == 409
    assert len(shop.ask("viewer", "GET", "/v1/trips/T-0001/changes").json()[1]["before"]["drops"]) == 1
    plan(shop, [one])


def refused(api: Api, wanted: dict[str, Any], status: int = 409) -> dict[str, Any]:
    answer = api.ask("dispatcher", "POST", "/v1/trips", wanted)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def codes(problem: dict[str, Any]) -> set[str]:
    return {one["code"] for one in problem["errors"]}


def test_guards_name_the_order_and_the_trip_that_holds_it(shop: Api) -> None:
    held = order(shop, "held")
    plan(shop, [held])
    unready = order(shop, "unready", ready=False)
    placeless = order(shop, "placeless", lat=None, lon=None)

    problem = refused(shop, wish([held, unready, placeless], van="van-2", driver="E-2"))

    assert codes(problem) == {"on_another_trip", "not_ready", "no_place"}
    assert f"order {held} is on trip T-0001 (van-1)" in problem["detail"]
    assert [one["at"] for one in problem["errors"]] == [f"body.orders.{place}.order" for place in range(3)]


def test_vans_and_drivers_that_are_gone_or_taken_are_refused(shop: Api) -> None:
    add_van(shop, "van-9", retired=True)
    add_driver(shop, "E-9", to=date(2026, 1, 31))
    first, second = order(shop, "a"), order(shop, "b")
    plan(shop, [first])

    assert codes(refused(shop, wish([second], van="van-9", driver="E-9"))) == {"vehicle_retired", "driver_not_employed"}
    taken = refused(shop, wish([second]))
    assert codes(taken) == {"vehicle_busy", "driver_busy"}
    assert "T-0001" in taken["detail"]
    assert "accept" in taken["detail"]
    assert "van-1" in refused(shop, wish([second], van="van-77"), 422)["detail"]
    accepted = wish([second], accept=["vehicle_busy", "driver_busy"])
    assert refused(shop, accepted, 422)["errors"][0]["at"] == "body.reason"
    trip = plan(shop, [second], accept=["vehicle_busy", "driver_busy"], reason="the first one is back by then")
    assert trip["trip_no"] == "T-0002"


def test_a_trip_after_the_first_one_needs_no_accepting(shop: Api) -> None:
    first, second = order(shop, "a"), order(shop, "b")
    plan(shop, [first])

    trip = plan(shop, [second], planned_departure_at=(NOON + 2 * HOUR).isoformat())

    assert trip["trip_no"] == "T-0002"


def test_an_urgent_order_that_runs_into_the_vans_next_trip_is_pointed_out(shop: Api) -> None:
    plan(shop, [order(shop, "a")])
    plan(shop, [order(shop, "b")], planned_departure_at=(NOON + 2 * HOUR).isoformat())
    near, far = order(shop, "c", 1.1), order(shop, "d", 90)

    quiet = change(shop, "T-0001", {"kind": "assign", "order": near}, dry_run=True)
    told = change(shop, "T-0001", {"kind": "assign", "order": far}, dry_run=True)

    assert "into_next_trip" not in {one["code"] for one in quiet["findings"]}
    says = [one["says"] for one in told["findings"] if one["code"] == "into_next_trip"]
    assert len(says) == 2, told["findings"]
    assert "van-1 is on trip T-0002" in says[0]


def test_orders_for_one_door_are_pointed_out_and_joined(shop: Api) -> None:
    orders = [order(shop, "a", 1), order(shop, "b", 5), order(shop, "c", 1.0001)]

    shown = shop.ask("dispatcher", "POST", "/v1/trips?dry_run=true", wish(orders)).json()
    trip = plan(shop, orders, join_doors=True)

    assert "same_door" in {one["code"] for one in shown["findings"]}
    assert numbers(trip) == [orders[0], orders[2], orders[1]]
    beside = order(shop, "d", 1)
    told = change(shop, "T-0001", {"kind": "assign", "order": beside})
    assert numbers(told["trip"]) == [orders[0], orders[2], beside, orders[1]]


def test_another_premises_dispatcher_sees_no_trip_and_cannot_use_our_orders(shop: Api) -> None:
    mine, theirs = order(shop, "a"), order(shop, "b", who="pos-elsewhere")
    trip = plan(shop, [mine])
    add_van(shop, "van-1e", shop.elsewhere)
    add_driver(shop, "E-1e", shop.elsewhere)

    for method, path, said in (
        ("GET", "", None), ("GET", "/changes", None), ("POST", "/depart", {}), ("POST", "/cancel", {"reason": "x"}),
        ("POST", "/end", {"reason": "x"}),
        ("POST", "/changes", {"reason": "x", "changes": [{"kind": "join_doors"}]}),
    ):  # fmt: skip
        assert shop.ask("stranger", method, f"/v1/trips/{trip['id']}{path}", said).status_code == 404
    assert shop.ask("stranger", "GET", "/v1/trips").json()["trips"] == []
    answer = shop.ask(
        "stranger", "POST", "/v1/trips", wish([trip["drops"][0]["order_id"]], van="van-1e", driver="E-1e")
    )
    assert (answer.status_code, answer.json()["errors"][0]["at"]) == (422, "body.orders.0.order")
    foreign = shop.rows("SELECT id FROM waybill.orders WHERE source_ref = 'b'")[0][0]
    both = shop.ask("chief", "POST", "/v1/trips", wish([str(foreign)], van="van-2", driver="E-2", premises="store"))
    assert codes(both.json()) == {"wrong_premises"}
    assert theirs


def test_a_test_key_has_no_trips_and_no_trip_takes_its_orders(shop: Api) -> None:
    tried = order(shop, "t", who="pos-test")
    plan(shop, [order(shop, "a")])

    assert shop.ask("pos-test", "GET", "/v1/trips").json()["trips"] == []
    assert shop.ask("pos-test", "POST", "/v1/trips/T-0001/depart", {}).status_code == 404
    assert shop.ask("pos-test", "POST", "/v1/trips", wish([tried], van="van-2", driver="E-2")).status_code == 422
    assert codes(refused(shop, wish([tried], van="van-2", driver="E-2"))) == {"test_order"}


def test_who_may_only_look_changes_nothing(shop: Api) -> None:
    plan(shop, [order(shop, "a")])

    for who in ("viewer", "support", "compliance"):
        assert shop.ask(who, "GET", "/v1/trips/T-0001").status_code == 200
        assert shop.ask(who, "POST", "/v1/trips/T-0001/depart", {}).status_code == 403
