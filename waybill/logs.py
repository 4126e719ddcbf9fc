"""How every process writes its log: a line each, as text with key=value for people or as JSON. Chooses no words."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from contract.times import format_instant

# What a LogRecord has by itself; everything else came in by extra={…}.
_OWN_NAMES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_PLAIN = re.compile(r"[^\s\"=]+")


class LineFormatter(logging.Formatter):
    """2026-11-23T09:00:00.000Z INFO gateway connected to the database action=database_connected."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        at = format_instant(datetime.fromtimestamp(record.created, UTC))
        # repr-like: a message from outside must not begin a line of its own.
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        extras = _extras(record)
        if record.exc_info:
            extras["traceback"] = self.formatException(record.exc_info)
        pairs = "".join(f" {name}={_value(value)}" for name, value in extras.items())
        return f"{at} {record.levelname} {self._part} {message}{pairs}"


class JsonFormatter(logging.Formatter):
    """{"at": "2026-11-23T09:00:00.000Z", "level": "info", "part": "gateway", "action": …, "text": …, …} in one line."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        extras = _extras(record)
        if record.exc_info:
            extras["traceback"] = self.formatException(record.exc_info)
        said = {
            "at": format_instant(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "part": self._part,
            # A library's line names no action; its logger's name says whose it is.
            "action": extras.pop("action", None) or f"log:{record.name}",
            "text": record.getMessage(),
        }
        return json.dumps({**extras, **said}, ensure_ascii=False, default=str)


def start_logging(part: str, level: str, form: str = "text") -> None:
    """Sends this process's log to standard error, where the supervisor or systemd keeps it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(part) if form == "json" else LineFormatter(part))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)
    # Libraries tell their daily life at INFO; ours is what the log is for.
    for library in ("asyncio", "httpx", "watchdog", "psycopg.pool", "uvicorn"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_NAMES}


def _value(value: object) -> str:
    text = "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
