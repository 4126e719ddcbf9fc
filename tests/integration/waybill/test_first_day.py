"""The page for API users as a stranger follows it: from an empty installation to a delivered order."""

from __future__ import annotations

import shlex
from contextlib import closing
from typing import Any

import msgspec
import psycopg

from tests.docs.documents import document
from tests.fixtures.api_server import StartApi
from tests.fixtures.command_line import Waybill
from tests.fixtures.database import Database
from waybill.demo.caller import Caller

HEADING = "## From nothing to a delivered order\n"


def steps() -> list[list[str]]:
    """The words of every command of the page's walk, in order."""
    block = document("http-api.md").split(HEADING, 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    lexer = shlex.shlex(block, posix=True, punctuation_chars="\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if set(word) == {"\n"}:
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def test_the_walk_leads_from_nothing_to_a_delivered_order(
    waybill_with_broker: Waybill, database: Database, start_api: StartApi
) -> None:
    shop = ("--premises", "Shop", "--code", "shop", "--tz", "Europe/Helsinki", "--hours", "mon-sun 09:00-21:00")
    point = ("--address", "Street 1", "--lat", "60.17", "--lon", "24.94", "--admin", "mia", "--password-file", "-")
    made = waybill_with_broker("init", *shop, *point, stdin="a-first-day-of-the-tests\n")
    assert made.exit_code == 0, f"{made.err}{made.error}"
    commands = [words for words in steps() if words[0] == "waybill"]
    said = [waybill_with_broker(*words[1:]) for words in commands]
    assert [one.exit_code for one in said] == [0, 0, 0, 0], [f"{one.err}{one.error}" for one in said]
    key = next(word for word in said[-1].out.split() if word.startswith("wb_live_"))

    with closing(Caller(start_api(), {"Authorization": f"Bearer {key}"})) as caller:
        answers = [_ask(caller, words[1:]) for words in steps() if words[0] == "ask"]

    record: Any = answers[-1]
    assert record["order"]["milestone"] == "delivered"
    assert [one["kind"] for one in record["goods"]] == ["load", "deliver"]
    assert record["trips"][0]["end_reason"] == "back at the shop"
    with psycopg.connect(database.owner_url) as connection:
        authors = connection.execute("SELECT DISTINCT actor FROM waybill.audit_event WHERE object_kind = 'order'")
        assert authors.fetchall() == [("pos",)]


def _ask(caller: Caller, words: list[str]) -> object:
    """The page's `ask`: curl's -X and -d, and an address that begins with $API."""
    method, data = "GET", None
    rest = list(words)
    path = ""
    while rest:
        word = rest.pop(0)
        if word == "-X":
            method = rest.pop(0)
        elif word == "-d":
            data = rest.pop(0)
        else:
            path = word.removeprefix("$API")
    return caller.ask(method, path, None if data is None else msgspec.json.decode(data))
