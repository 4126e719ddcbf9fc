"""Why drops came late, better sequences and the report of forecasts, as dispatchers and operators ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from gateway.dispatch.estimate import straight_for
from gateway.eta.forecasting import Forecaster
from tests.fixtures.api import Api
from tests.fixtures.command_line import Answer, Waybill
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, change, do, numbers, order, plan, stand

MINUTE = timedelta(minutes=1)


@pytest.fixture
def fleet(api: Api) -> Api:
    add_van(api, "van-1")
    add_driver(api, "E-1")
    return api


def ask(api: Api, trip: dict[str, Any], what: str) -> Any:
    answer = api.ask("dispatcher", "GET", f"/v1/trips/{trip['trip_no']}/{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_suggested_sequence_can_be_given_back_as_a_change(fleet: Api) -> None:
    trip = plan(fleet, [order(fleet, str(east), east) for east in (3, 1, 4, 2)])

    told = ask(fleet, trip, "suggested-order")
    change(fleet, trip["trip_no"], {"kind": "resequence", "orders": told["sequence"]})

    assert told["is_better"]
    assert told["shorter_s"] == pytest.approx(told["present"]["lasts_s"] - told["suggested"]["lasts_s"])
    assert told["sequence"] == [numbers(trip)[place] for place in (1, 3, 0, 2)]
    assert not ask(fleet, trip, "suggested-order")["is_better"]


def test_the_door_that_the_van_stands_at_stays_first(fleet: Api) -> None:
    trip = plan(fleet, [order(fleet, str(east), east) for east in (3, 1, 2)])
    do(fleet, trip["trip_no"], "depart")
    stand(fleet, "van-1", HOME_LAT, HOME_LON + 0.03, NOON)
    with psycopg.connect(fleet.database.owner_url) as owner:
        owner.execute("UPDATE waybill.trip_drop SET arrived_at = %s WHERE seq = 1", [NOON])

    told = ask(fleet, trip, "suggested-order")

    assert told["sequence"] == [numbers(trip)[place] for place in (0, 2, 1)]


def test_who_has_left_a_door_sets_out_from_where_it_is(fleet: Api) -> None:
    trip = plan(fleet, [order(fleet, str(east), east) for east in (1, 2, 6)])
    do(fleet, trip["trip_no"], "depart")
    stand(fleet, "van-1", HOME_LAT, HOME_LON + 0.07, NOON + MINUTE)
    with psycopg.connect(fleet.database.owner_url) as owner:
        owner.execute(
            "UPDATE waybill.trip_drop SET arrived_at = %s, left_at = %s WHERE seq = 1", [NOON - 9 * MINUTE, NOON]
        )

    told = ask(fleet, trip, "suggested-order")

    # From the door that it has left, the second one would be the nearer.
    assert told["sequence"] == [numbers(trip)[place] for place in (0, 2, 1)]


def test_lateness_is_told_by_cause_against_the_first_plan(fleet: Api) -> None:
    trip = plan(fleet, [order(fleet, "1"), order(fleet, "2", 2)])
    do(fleet, trip["trip_no"], "depart")
    with psycopg.connect(fleet.database.owner_url) as owner:
        owner.execute("UPDATE waybill.trip SET departed_at = planned_departure_at + interval '7 min'")
        # Whatever the plan says since: what was planned first counts.
        owner.execute(
            "UPDATE waybill.trip_drop SET arrived_at = planned_arrival_at + interval '12 min',"
            " left_at = planned_arrival_at + interval '17 min',"
            " planned_arrival_at = planned_arrival_at + interval '1 h'"
            " WHERE seq = 1"
        )

    first, second = ask(fleet, trip, "lateness")

    assert first["whole_s"] == pytest.approx(12 * 60, abs=1)
    assert first["departed_late_s"] == pytest.approx(7 * 60, abs=1)
    assert first["slow_road_s"] == pytest.approx(5 * 60, abs=1)
    assert second["whole_s"] is None


def test_forecasts_are_graded_when_the_van_has_come(fleet: Api, waybill: Waybill) -> None:
    def report(*words: str) -> Answer:
        return waybill("eta", "report", "--since", NOON.isoformat(), *words)

    nothing = report()
    trip = plan(fleet, [order(fleet, "1"), order(fleet, "2", 2)])
    do(fleet, trip["trip_no"], "depart")
    forecaster = Forecaster()
    with psycopg.connect(fleet.database.gateway_url) as connection:
        for minutes in (1, 2, 3):
            forecaster.round(connection, straight_for, {}, NOON + minutes * MINUTE)
        connection.execute("UPDATE waybill.trip_drop SET arrived_at = %s WHERE seq = 1", [NOON + 9 * MINUTE])

    told, by_hour, by_area = report(), report("--by", "hour", "--json"), report("--by", "area", "--json")

    assert "No van has come" in nothing.err
    row = next(line.split() for line in told.out.splitlines() if line.strip().startswith("5 to 10 min"))
    assert row[4:6] == ["1", "3"], told.out
    assert [one["part"] for one in by_hour.json()] == ["14"], "Helsinki is two hours ahead"
    assert [one["samples"] for one in by_area.json()] == [3]
