"""No SQL reads the database's clock: times are handed in, by the one clock or as true time."""

from __future__ import annotations

import re
from pathlib import Path

STORAGE = Path(__file__).parents[2] / "storage"
_CLOCKS = re.compile(
    r"\b(now\s*\(|current_timestamp|current_date|localtimestamp|clock_timestamp\s*\(|statement_timestamp|"
    r"transaction_timestamp)", re.IGNORECASE
)  # fmt: skip
# The floor of retention is judged by true time on purpose: a wrong clock must not delete a record.
_TRUE_TIME = {"60_retention.sql"}


def test_named_statements_and_schema_read_no_clock() -> None:
    files = [*STORAGE.glob("queries/*.sql"), *STORAGE.glob("schema/*.sql")]
    assert len(files) > 10

    found = [
        f"{path.name}: {line.strip()}"
        for path in files
        if path.name not in _TRUE_TIME
        for line in path.read_text(encoding="utf-8").splitlines()
        if _CLOCKS.search(line.partition("--")[0])
    ]

    assert found == []


def test_the_rule_finds_a_clock() -> None:
    assert _CLOCKS.search("SELECT Now ()")
    assert not _CLOCKS.search("SELECT known (x)")
