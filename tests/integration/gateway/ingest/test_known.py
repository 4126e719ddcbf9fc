"""What the gateway keeps in memory between batches: a change that is committed is seen by the next batch. No broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import msgspec
import psycopg
import pytest

from gateway.ingest import known as known_module
from gateway.ingest.tracker import Tracker
from gateway.ingest.writer import Writer
from gateway.tracking.policy import Policy
from tests.fixtures.database import Database
from tests.fixtures.gateway import VAN, register
from tests.integration.gateway.ingest.test_tracking import batch, found, plan_round
from tests.unit.gateway.tracking.worlds import NINE, ROUND


@pytest.fixture
def writer(database: Database, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """A writer that would never read again by itself; it has stored the first fixes of gps-01, which has no trip."""
    monkeypatch.setattr(known_module, "_REREAD_S", 1e9)
    register(owner, "gps-01")
    with psycopg.connect(database.gateway_url, autocommit=True) as connection:
        writer = Writer(connection, Tracker(Policy()))
        writer.write(batch(ROUND[:3]), NINE)
        yield writer


def refit(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE waybill.install SET during = tstzrange(lower(during), %s)", [NINE - timedelta(days=1)])


def unplace_premises(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE waybill.premises SET lat_e7 = NULL, lon_e7 = NULL")


def end_trip(owner: psycopg.Connection) -> None:
    owner.execute("UPDATE waybill.trip SET departed_at = %s, ended_at = %s", [NINE, NINE])


def test_a_trip_planned_between_two_batches_departs_with_the_next(writer: Writer, owner: psycopg.Connection) -> None:
    plan_round(owner)

    writer.write(batch(ROUND[3:]), NINE)

    [(departed_at, ended_at)] = found(owner)["trip"]
    assert departed_at < ended_at


@pytest.mark.parametrize("change", [refit, unplace_premises, end_trip])
def test_what_changes_between_two_batches_is_not_judged_by_what_was(
    writer: Writer, owner: psycopg.Connection, change: Callable[[psycopg.Connection], None]
) -> None:
    plan_round(owner)
    writer.write(batch(ROUND[3:5]), NINE)

    change(owner)
    writer.write(batch(ROUND[5:]), NINE)

    assert [row for row in found(owner)["milestone"] if row[1] == "out_for_delivery"] == []


def test_a_device_registered_between_two_batches_is_known_to_the_next(
    writer: Writer, owner: psycopg.Connection
) -> None:
    other = batch(ROUND[:1])
    fix, message = other.fixes[0]
    other.fixes[0] = (msgspec.structs.replace(fix, device="gps-02", spool_id="of-gps-02"), message)
    other.claims.clear()
    refused = writer.write(other, NINE)
    register(owner, "gps-02", vehicle="01900000-0000-7000-8000-000000000009", name="van-2")

    stored = writer.write(other, NINE)

    assert ([reject.reason for reject, _ in refused.rejects], refused.fixes) == (["unknown_device"], 0)
    assert (stored.rejects, stored.fixes) == ([], 1)


def test_findings_of_one_batch_are_the_plan_of_the_next(writer: Writer, owner: psycopg.Connection) -> None:
    plan_round(owner)

    for fix in ROUND[3:]:
        writer.write(batch([fix]), NINE)

    drops = found(owner)["drop"]
    assert len(drops) == 2
    assert all(arrived_at < left_at for _, arrived_at, left_at in drops)
    assert VAN in {str(row[0]) for row in owner.execute("SELECT vehicle_id FROM waybill.trip")}
