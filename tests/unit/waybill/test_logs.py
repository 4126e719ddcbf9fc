"""A log record is one line with UTC time, level, part, message and key=value. Writes no log."""

from __future__ import annotations

import logging
import sys

from waybill.logs import LineFormatter


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
