"""Rounds of forecasts over a real database: what the API answers, what order systems and staff are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from gateway.dispatch.estimate import straight_for
from gateway.eta.forecasting import Forecaster, Round
from gateway.worker.eta import eta_jobs
from storage.eta import forecasts, open_episodes, published_forecasts
from storage.ids import new_id
from storage.trips import as_uuid
from tests.fixtures.api import Api, clock_at_noon
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, do, order, plan, stand

MINUTE = timedelta(minutes=1)


@pytest.fixture
def trip(api: Api) -> dict[str, Any]:
    """A planned trip of van-1 with three orders, the farther the later."""
    add_van(api, "van-1")
    add_driver(api, "E-1")
    return plan(api, [order(api, str(number), number) for number in (1, 2, 3)])


def forecast(api: Api, at: datetime, forecaster: Forecaster | None = None) -> Round:
    with psycopg.connect(api.database.gateway_url) as connection:
        return (forecaster or Forecaster()).round(connection, straight_for, {}, at)


def events(api: Api) -> list[tuple[str, dict[str, Any]]]:
    with psycopg.connect(api.database.gateway_url) as connection:
        rows = connection.execute(
            "SELECT type, body FROM waybill.event WHERE type ~ '(eta|risk|late)' ORDER BY written_by, id"
        )
        return list(rows)


def test_every_open_drop_of_a_planned_trip_gets_a_forecast(api: Api, trip: dict[str, Any]) -> None:
    done = forecast(api, NOON)
    answer = api.ask("dispatcher", "GET", f"/v1/trips/{trip['trip_no']}").json()

    assert (done.vans, done.drops, done.published) == (1, 3, 3)
    etas = [drop["eta"] for drop in answer["drops"]]
    assert [eta["drops_before"] for eta in etas] == [0, 1, 2]
    assert [eta["source"] for eta in etas] == ["distance"] * 3
    assert etas[0]["fixed_at"] is None
    times = [datetime.fromisoformat(eta["p50_at"]) for eta in etas]
    assert times == sorted(times)
    assert all(datetime.fromisoformat(eta["p90_at"]) > at for eta, at in zip(etas, times, strict=True))


def test_a_forecast_changes_no_etag(api: Api, trip: dict[str, Any]) -> None:
    order_no = trip["drops"][0]["order_no"]
    paths = (f"/v1/orders/{order_no}", f"/v1/trips/{trip['trip_no']}")
    before = [api.ask("dispatcher", "GET", path).headers["ETag"] for path in paths]

    forecast(api, NOON)
    after = [api.ask("dispatcher", "GET", path) for path in paths]

    assert after[0].json()["eta"]["drops_before"] == 0
    assert [answer.headers["ETag"] for answer in after] == before


def test_what_is_said_moves_with_the_van_and_is_kept(api: Api, trip: dict[str, Any]) -> None:
    forecaster = Forecaster()
    forecast(api, NOON, forecaster)
    do(api, trip["trip_no"], "depart", {"at": NOON.isoformat()})
    stand(api, "van-1", HOME_LAT, HOME_LON + 0.009, NOON + MINUTE)
    forecast(api, NOON + MINUTE, forecaster)
    forecast(api, NOON + MINUTE + timedelta(seconds=5), forecaster)

    order_id = as_uuid(trip["drops"][0]["order_id"])
    assert order_id is not None
    with psycopg.connect(api.database.gateway_url) as connection:
        said = forecasts(connection)[order_id]
        history = published_forecasts(connection, order_id)
        samples = connection.execute("SELECT count(*) FROM waybill.forecast_sample").fetchone()
    assert said.fixed_at == NOON + MINUTE
    assert said.p50_at - NOON < 3 * MINUTE
    assert [one.cause for one in history] == ["first", "earlier"]
    assert samples == (6,)


def test_a_late_order_is_told_of_once_and_again_when_it_is_over(api: Api, trip: dict[str, Any]) -> None:
    do(api, trip["trip_no"], "depart")
    stand(api, "van-1", HOME_LAT, HOME_LON, NOON)
    forecaster = Forecaster()
    for minutes in (0, 105, 106, 125, 126):
        forecast(api, NOON + minutes * MINUTE, forecaster)
    with psycopg.connect(api.database.gateway_url) as connection:
        still = open_episodes(connection, [api.store])
        connection.execute("UPDATE waybill.trip_drop SET arrived_at = %s WHERE seq = 1", [NOON + 127 * MINUTE])
    forecast(api, NOON + 128 * MINUTE, forecaster)

    told = events(api)
    first = [(kind, body.get("how")) for kind, body in told if body["order_no"] == trip["drops"][0]["order_no"]]
    assert {one.kind for one in still} == {"late"}
    assert ("order.late", None) in first
    assert first[-1] == ("order.late_over", "arrived")
    assert first.count(("order.late", None)) == 1
    assert "order.eta_changed" in {kind for kind, _ in told}


def test_an_order_that_is_over_has_no_forecast(api: Api, trip: dict[str, Any]) -> None:
    forecast(api, NOON)
    do(api, trip["trip_no"], "cancel", {"reason": "no driver"})

    forecast(api, NOON + MINUTE)

    with psycopg.connect(api.database.gateway_url) as connection:
        assert forecasts(connection) == {}


def test_the_reader_sees_forecasts_of_its_premises_only(api: Api, trip: dict[str, Any]) -> None:
    forecast(api, NOON)

    def seen(premises: str) -> int:
        with psycopg.connect(api.database.reader_url) as connection:
            connection.execute("SELECT set_config('waybill.premises', %s, true)", [premises])
            row = connection.execute("SELECT count(*) FROM reading.forecast").fetchone()
            assert row is not None
            return int(row[0])

    assert (seen(str(api.store)), seen(str(new_id(NOON)))) == (3, 0)


def test_whoever_changes_a_trip_is_not_held_up(api: Api, trip: dict[str, Any]) -> None:
    job = eta_jobs(api.database.gateway_url, clock_at_noon(), None)[0]
    with psycopg.connect(api.database.gateway_url) as connection:
        with psycopg.connect(api.database.owner_url) as other:
            other.execute("SELECT 1 FROM waybill.trip FOR UPDATE")
            job.run()
            assert forecasts(connection) == {}

        job.run()
        assert len(forecasts(connection)) == 3
