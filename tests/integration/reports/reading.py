"""Asks for reports and reads their files back with nothing of ours. Asserts no column."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from tests.fixtures.api import Api

Rows = list[dict[str, str]]


def ask(api: Api, query: str, who: str = "compliance", status: int = 200) -> httpx.Response:
    answer = api.ask(who, "GET", f"/v1/reports/{query}")
    assert answer.status_code == status, answer.text[:500]
    return answer


def rows_of(api: Api, query: str) -> Rows:
    """The CSV's rows by their heading."""
    text = ask(api, query).content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def problem(api: Api, query: str, status: int, who: str = "compliance") -> dict[str, Any]:
    told: dict[str, Any] = ask(api, query, who, status).json()
    return told
