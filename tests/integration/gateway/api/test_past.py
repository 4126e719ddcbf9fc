"""An order system that brings along its past: milestones in bulk, plans and loads made earlier. Over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOUR, add_driver, add_van, order, wish

MINUTE = timedelta(minutes=1)


def said(number: str, milestone: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"number": number, "milestone": milestone, "at": at.isoformat(), **more}


def tell(
    api: Api, *milestones: dict[str, Any], who: str = "pos", source: str = "pos", **options: Any
) -> httpx.Response:
    path = f"/v1/orders/by-ref/{source}/milestones"
    return api.ask(who, "POST", path, {"milestones": list(milestones)}, **options)


def test_many_orders_are_said_to_have_come_so_far_at_once(api: Api) -> None:
    placed = (NOON - 2 * HOUR).isoformat()
    first, second = (order(api, number, ready=False, placed_at=placed) for number in "ab")

    answer = tell(
        api,
        said("a", "accepted", NOON - HOUR),
        said("b", "accepted", NOON - HOUR / 2),
        said("a", "ready", NOON - MINUTE),
    )

    assert answer.status_code == 201, answer.text
    told = [(one["number"], one["order_no"], one["milestone"]) for one in answer.json()["orders"]]
    assert told == [("a", first, "ready"), ("b", second, "accepted")]
    known = api.ask("pos", "GET", f"/v1/orders/{first}").json()["milestones"]
    (ready,) = (one for one in known if one["milestone"] == "ready")
    assert datetime.fromisoformat(ready["at"]) == NOON - MINUTE
    assert ready["declared_by"] == "order_system pos"
    assert datetime.fromisoformat(ready["recorded_at"]) > NOON - MINUTE


def test_when_one_cannot_be_said_nothing_is_and_each_is_named(api: Api) -> None:
    number = order(api, "a", ready=False, placed_at=(NOON - 2 * HOUR).isoformat())

    answer = tell(
        api, said("a", "accepted", NOON - HOUR), said("x", "accepted", NOON), said("a", "delivered", NOON),
        said("a", "ready", NOON + 9 * HOUR),
    )  # fmt: skip

    assert answer.status_code == 422
    assert [one["at"] for one in answer.json()["errors"]] == [
        "body.milestones.1.number", "body.milestones.2", "body.milestones.3.at",
    ]  # fmt: skip
    assert "there is no order x" in answer.json()["detail"]
    assert api.ask("pos", "GET", f"/v1/orders/{number}").json()["milestone"] == "received"


def test_nobody_says_it_of_another_systems_orders(api: Api) -> None:
    order(api, "a", ready=False)

    foreign = tell(api, said("a", "accepted", NOON), source="other")
    stranger = tell(api, said("a", "accepted", NOON), who="stranger")
    reader = tell(api, said("a", "accepted", NOON), who="viewer")
    test_key = tell(api, said("a", "accepted", NOON), who="pos-test")

    assert [answer.status_code for answer in (foreign, stranger, reader, test_key)] == [422, 422, 403, 422]
    assert tell(api, said("a", "accepted", NOON), who="dispatcher").status_code == 201


def test_what_is_sent_twice_is_said_once(api: Api) -> None:
    order(api, "a", ready=False)

    answers = [tell(api, said("a", "accepted", NOON), headers={"idempotency-key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert api.rows("SELECT count(*) FROM waybill.milestone WHERE milestone = 'accepted'") == [(1,)]


def test_a_plan_and_a_load_of_earlier_say_when_they_were_made_and_that_it_is_told_later(api: Api) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    number = order(api, "a")
    past = wish([number], planned_departure_at=(NOON - HOUR).isoformat(), at=(NOON - 2 * HOUR).isoformat())

    planned = api.ask("pos", "POST", "/v1/trips", past)
    load = {"code": number, "at": (NOON - HOUR - 5 * MINUTE).isoformat()}
    loaded = api.ask("pos", "POST", "/v1/trips/T-0001/load", load)

    assert (planned.status_code, loaded.json()["result"]) == (201, "loaded"), planned.text
    queued = api.ask("pos", "GET", f"/v1/orders/{number}").json()["milestones"]
    assert {datetime.fromisoformat(one["at"]) for one in queued if one["milestone"] == "queued"} == {NOON - 2 * HOUR}
    ((at, told_at),) = api.rows(
        "SELECT at, (after ->> 'told_at')::timestamptz FROM waybill.audit_event WHERE action = 'trip.planned'"
    )
    assert at == NOON - 2 * HOUR
    assert NOON <= told_at < NOON + HOUR
    assert api.rows("SELECT DISTINCT at FROM waybill.ledger_movement") == [(NOON - HOUR - 5 * MINUTE,)]
    # Its fixes may be here already.
    assert api.rows("SELECT count(*) FROM waybill.derivation_queue") == [(1,)]


def test_only_who_may_bring_along_a_past_dates_plans_and_loads_back(api: Api) -> None:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    number = order(api, "a")
    earlier = {"at": (NOON - HOUR).isoformat()}

    plan = api.ask("dispatcher", "POST", "/v1/trips", wish([number], **earlier))
    later = api.ask("pos", "POST", "/v1/trips", wish([number], at=(NOON + HOUR).isoformat()))
    api.ask("dispatcher", "POST", "/v1/trips", wish([number]))
    load = api.ask("dispatcher", "POST", "/v1/trips/T-0001/load", {"code": number, **earlier})

    assert (plan.status_code, later.status_code, load.status_code) == (403, 422, 403)
    assert "records:import" in plan.json()["detail"]
    assert api.rows("SELECT count(*) FROM waybill.ledger_movement") == [(0,)]
