"""One form of answer to "can you do your job?" for every part: checks, each with its remedy. Checks nothing."""

from __future__ import annotations

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
