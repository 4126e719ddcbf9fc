"""Retention as its own role: what is too old goes with a record, the floor holds, nothing else may be done."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import psycopg
import pytest

from contract.clock import true_now
from gateway.worker.jobs import retention
from storage.retention import Periods
from tests.fixtures.database import Database
from tests.fixtures.gateway import register

# Fixes off trip are the matter of test_off_trip.py.
PERIODS = Periods(on_trip_days=180, off_trip_days=400, reject_days=180, business_days=2557)


@pytest.fixture
def ages(database: Database) -> list[int]:
    """One fix each of so many days ago."""
    ages = [1, 100, 200, 300]
    with psycopg.connect(database.owner_url) as owner:
        device_id = register(owner, "gps-07")
        for age in ages:
            at = true_now() - timedelta(days=age)
            owner.execute(
                "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
                " source) VALUES (%s, %s, %s, %s, 1, 0, 0, false, 'dedicated')",
                [at, at, age, device_id],
            )
    return ages


def _kept(database: Database) -> list[int]:
    with psycopg.connect(database.owner_url) as owner:
        return [seq for (seq,) in owner.execute("SELECT seq FROM waybill.fix ORDER BY seq")]


def test_old_days_go_and_the_record_says_so(database: Database, ages: list[int]) -> None:
    job = retention(database.retention_url, PERIODS)

    job.run()
    job.run()

    assert _kept(database) == [1, 100]
    with psycopg.connect(database.owner_url) as owner:
        events = owner.execute("SELECT actor, action, after->>'chunks' FROM waybill.audit_event").fetchall()
    assert events == [("retention", "fixes.dropped", "2")]


def test_the_floor_of_90_days_holds_in_the_database(database: Database, ages: list[int]) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="keep_days is 89, the floor is 90"):
        retention(database.retention_url, msgspec.structs.replace(PERIODS, on_trip_days=89)).run()

    assert _kept(database) == ages
