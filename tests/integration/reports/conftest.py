"""One delivery day for all tests of reports: they only look at it. Asserts nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.reported_day import ReportedDay, reported_day
from waybill.stack.postgres import Postgres


@pytest.fixture(scope="session")
def passed(postgres: Postgres, database_template: str) -> Iterator[ReportedDay]:
    with reported_day(postgres, database_template) as day:
        yield day
