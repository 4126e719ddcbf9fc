"""From ended trips to paces, from visits to times at doors, from samples to spreads, over a real database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from gateway.dispatch.estimate import Source
from gateway.eta.keeping import Keeper, Learned, learn
from gateway.eta.spread import UNLEARNED, horizon
from gateway.worker.eta import learn_from
from gateway.worker.live_paces import LiveLook
from storage.eta_knowledge import trips_to_learn_from
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.trips import HOME_LAT, HOME_LON, add_driver, add_van, do, order, plan
from waybill.demo.map_data import map_folder

MINUTE = timedelta(minutes=1)
EAST_E7_A_SECOND = 1_400  # 7.7 m at this latitude


@pytest.fixture
def ended(api: Api) -> UUID:
    """A trip that drove east for ten minutes, a fix every 10 s, with a visit of four minutes in the middle."""
    van = add_van(api, "van-1")
    add_driver(api, "E-1")
    trip = plan(api, [order(api, "1"), order(api, "2", 2)])
    trip_id = UUID(trip["id"])
    do(api, trip["trip_no"], "depart")
    with psycopg.connect(api.database.owner_url) as owner:
        device = owner.execute("SELECT device_id FROM waybill.install WHERE vehicle_id = %s", [van]).fetchone()
        assert device is not None
        spool = owner.execute(
            "INSERT INTO waybill.spool (device_id, name) VALUES (%s, 's') RETURNING id", [device[0]]
        ).fetchone()
        assert spool is not None
        for n in range(61):
            at = NOON + 10 * n * timedelta(seconds=1)
            owner.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, %s, %s, %s, %s, %s, false, 'dedicated')",
                [at, at, n + 1, device[0], spool[0], round(HOME_LAT * 1e7),
                 round(HOME_LON * 1e7) + 10 * n * EAST_E7_A_SECOND],
            )  # fmt: skip
        owner.execute(
            "UPDATE waybill.trip_drop SET arrived_at = %s, left_at = %s WHERE trip_id = %s AND seq = 1",
            [NOON + 3 * MINUTE, NOON + 7 * MINUTE, trip_id],
        )
        owner.execute("UPDATE waybill.trip SET departed_at = %s, ended_at = %s WHERE id = %s",
                      [NOON, NOON + 10 * MINUTE, trip_id])  # fmt: skip
    return trip_id


def rows(api: Api, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(api.database.gateway_url) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.parametrize("map_dir", [map_folder(), None])
def test_an_ended_trip_teaches_once(api: Api, ended: UUID, map_dir: Path | None) -> None:
    keeper = Keeper(map_dir)
    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        (trip,) = trips_to_learn_from(connection, NOON - MINUTE, NOON + 30 * MINUTE, 5)
        cells = learn_from(connection, trip, keeper)
        again = trips_to_learn_from(connection, NOON - MINUTE, NOON + 30 * MINUTE, 5)

    assert trip.id == ended
    assert again == []
    ((count, driven_s, street_s),) = rows(api, "SELECT count(*), sum(driven_s), sum(street_s) FROM waybill.driven_pace")
    assert count == cells > 0
    assert driven_s == pytest.approx(360, abs=25), "ten minutes without the visit"
    assert (street_s is None) == (map_dir is None)


def test_what_was_learned_changes_the_next_forecast(api: Api, ended: UUID) -> None:
    keeper = Keeper(None)
    with psycopg.connect(api.database.gateway_url, autocommit=True) as connection:
        before = keeper.ways_for(connection, NOON)(api.store, "Europe/Helsinki")
        for row in range(24):
            connection.execute(
                "INSERT INTO waybill.driven_pace (trip_id, cell_lat, cell_lon, hour, premises_id, driven_s, straight_s)"
                " VALUES (%s, 1, 1, %s, %s, 36000, 18000)",
                [ended, row, api.store],
            )
        connection.execute(
            "INSERT INTO waybill.taught_trip (trip_id, premises_id, ended_at, fixes) VALUES (%s, %s, %s, 1)",
            [ended, api.store, NOON],
        )
        after = Keeper(None).ways_for(connection, NOON)(api.store, "Europe/Helsinki")
        learned = learn(connection, NOON + 20 * MINUTE, Learned())
        again = learn(connection, NOON + 21 * MINUTE, learned)

    here, there = (601709000, 249432000), (601709000, 249632000)
    slow, usual = after.way(here, there, NOON), before.way(here, there, NOON)
    assert slow.source is Source.LEARNED
    assert slow.seconds == pytest.approx(2 * usual.seconds, rel=0.05)
    # Of the visit the four minutes after the window's begin count, drawn towards the usual five.
    assert learned.door_times[api.store].premises.mean_s == pytest.approx(240)
    # No trip taught anything since: what was computed with these paces holds.
    assert (learned.version, again.version) == (1, 1)


def test_errors_of_the_past_become_the_spread_of_their_horizon(api: Api, ended: UUID) -> None:
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute(
            "INSERT INTO waybill.forecast_sample (order_id, minute_at, premises_id, trip_id, made_at, raw_at, scale_s,"
            " p50_at, p90_at, late_risk, source, drops_before)"
            " SELECT d.order_id, m.at, d.premises_id, d.trip_id, m.at, d.arrived_at - interval '60 s', 60, m.at, m.at,"
            " 0, 'street', 0 FROM waybill.trip_drop d,"
            " generate_series(d.arrived_at - interval '2 min', d.arrived_at - interval '90 s', interval '10 s') m (at)"
            " WHERE d.arrived_at IS NOT NULL"
        )
        spreads = Keeper(None).spreads(owner, NOON + 20 * MINUTE)

    # One drop came a whole scale late: a thirtieth of the way from what is taken before.
    median = spreads[api.store][horizon(30)][3]
    assert UNLEARNED[3] < median < UNLEARNED[3] + 0.1


def test_vans_under_way_show_todays_pace_and_no_piece_counts_twice(api: Api, ended: UUID) -> None:
    keeper = Keeper(map_folder())
    look = LiveLook(keeper)
    with psycopg.connect(api.database.owner_url, autocommit=True) as owner:
        owner.execute("UPDATE waybill.trip SET ended_at = NULL WHERE id = %s", [ended])
        look.look(owner, NOON + 10 * MINUTE)
        once = keeper.live
        look.look(owner, NOON + 10 * MINUTE)

    assert once.cells
    assert once.fleet != 1.0
    assert keeper.live == once
