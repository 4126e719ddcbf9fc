"""The worker's compression job on either edition of TimescaleDB. What is compressed is shown with the storage."""

from __future__ import annotations

import logging

import psycopg
import pytest

from gateway.worker.jobs import compression
from tests.fixtures.database import Database
from tests.fixtures.gateway import register


def store_old_days(owner: psycopg.Connection, days: int) -> None:
    device_id = register(owner, "worker-a")
    for number in range(days):
        owner.execute(
            "INSERT INTO waybill.fix (fixed_at, received_at, seq, device_id, spool_id, lat_e7, lon_e7, replayed,"
            " source) VALUES (clock_timestamp() - make_interval(days => %s), clock_timestamp(), 1, %s, 1, 1, 1, false,"
            " 'dedicated')",
            [20 + number, device_id],
        )


@pytest.mark.parametrize(
    ("edition", "told"),
    [
        ("apache", ("DEBUG", "not available in this edition")),
        (
            "old_community",
            ("WARNING", "old fixes stay uncompressed: TimescaleDB before 2.20.1 cannot restore their backup"),
        ),
    ],
)
def test_why_nothing_is_compressed_is_told_once(
    database: Database,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    edition: str,
    told: tuple[str, str],
) -> None:
    request.getfixturevalue(edition)
    caplog.set_level(logging.DEBUG, logger="gateway.worker")
    job = compression(database.retention_url)

    job.run()
    job.run()

    records = [record for record in caplog.records if record.name == "gateway.worker.jobs"]
    assert [(record.levelname, record.message) for record in records] == [told]


@pytest.mark.usefixtures("community")
def test_a_few_old_days_are_compressed_with_each_run(
    owner: psycopg.Connection, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="gateway.worker")
    store_old_days(owner, 7)
    job = compression(database.retention_url)

    for _ in range(3):
        job.run()

    told = [record for record in caplog.records if record.name == "gateway.worker.jobs"]
    assert [(record.message, record.__dict__["days"]) for record in told] == [
        ("old fixes compressed", 5),
        ("old fixes compressed", 2),
    ]
    assert owner.execute("SELECT count(*) FROM waybill.audit_event WHERE action = 'fixes.compressed'").fetchone() == (
        7,
    )
