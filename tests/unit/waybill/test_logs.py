"""A log record is one line with UTC time, level, part, message and key=value. Writes no log."""

from __future__ import annotations

import json
import logging
import sys

from waybill.logs import JsonFormatter, LineFormatter


def _line(message: str, **extra: object) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "created": 1763888400.1234, **extra})
    return LineFormatter("gateway").format(record)


def test_extras_follow_as_pairs() -> None:
    line = _line("stored", action="stored", fixes=12, device=None, ok=True, note='two "words"')

    assert line == (
        '2025-11-23T09:00:00.123Z INFO gateway stored action=stored fixes=12 device=- ok=true note="two \\"words\\""'
    )


def test_nothing_begins_a_line_of_its_own() -> None:
    try:
        int("first\nsecond")
    except ValueError:
        line = _line("bad\nINFO forged", exc_info=sys.exc_info(), value="a\nb")

    assert "\n" not in line
    assert "traceback=" in line


def test_as_json_a_line_is_one_object_with_text_for_people_and_action_for_machines() -> None:
    record = logging.makeLogRecord(
        {"msg": "no fix of %s\n\"", "args": ("gps-07",), "levelname": "INFO", "created": 1763888400.1234,
         "action": "rejected", "device": "gps-07", "reason": "unreadable", "fixes": 3, "part": "forged"}
    )  # fmt: skip

    line = JsonFormatter("gateway").format(record)

    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2025-11-23T09:00:00.123Z", "level": "info", "part": "gateway", "action": "rejected",
        "text": 'no fix of gps-07\n"', "device": "gps-07", "reason": "unreadable", "fixes": 3,
    }  # fmt: skip


def test_a_line_of_a_library_says_whose_it_is() -> None:
    record = logging.makeLogRecord({"msg": "late", "levelname": "WARNING", "name": "asyncio", "created": 0.0})

    assert json.loads(JsonFormatter("api").format(record))["action"] == "log:asyncio"
