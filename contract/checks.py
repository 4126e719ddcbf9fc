"""One form of answer to "can you do your job?" for every part: checks, each with its remedy. Checks nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that must be so, whether it is, in words what is, and what to do when it is not."""

    name: str
    ok: bool
    says: str
    remedy: str | None = None


def readiness(checks: list[Check]) -> tuple[HTTPStatus, dict[str, Any]]:
    """Status and body of an answer to /readyz: 200, or 503 as a problem document (RFC 9457)."""
    failing = [check.name for check in checks if not check.ok]
    if not failing:
        return HTTPStatus.OK, {"status": "ready", "checks": msgspec.to_builtins(checks)}
    status = HTTPStatus.SERVICE_UNAVAILABLE
    body = {
        "type": "about:blank", "title": status.phrase, "status": int(status),
        "detail": "not ready: " + ", ".join(failing), "checks": msgspec.to_builtins(checks),
    }  # fmt: skip
    return status, body


class Asking:
    """Asks for checks with patience: whoever asks a part gets an answer, also when the part's own question hangs.

    One question at a time: a monitor that comes every few seconds must not pile up what hangs.
    """

    def __init__(self, ask: Callable[[], list[Check]], patience_s: float = 4.0) -> None:
        self._ask = ask
        self._patience_s = patience_s
        self._turn = threading.Lock()
        self._hanging: threading.Thread | None = None

    def __call__(self) -> list[Check]:
        """The checks; or one that says that they did not come in time."""
        with self._turn:
            if self._hanging is not None and self._hanging.is_alive():
                return [_NO_ANSWER]
            found: list[Check] = []
            thread = threading.Thread(target=lambda: found.extend(self._ask()), name="checks", daemon=True)
            thread.start()
            thread.join(self._patience_s)
            self._hanging = thread
            return found or [_NO_ANSWER]


_NO_ANSWER = Check("database", ok=False, says="does not answer", remedy="look at its load, its locks and its disk")
