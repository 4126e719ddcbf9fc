"""Asks a part of this machine whether it can do its job. Judges nothing."""

from __future__ import annotations

import http.client

import msgspec

from contract.checks import Check

_PATIENCE_S = 2.0


class _Answer(msgspec.Struct):
    checks: list[Check] = []


def failing_checks(host: str, port: int) -> list[Check]:
    """The checks of /readyz that fail; none when all pass, and none when nobody answers: that is told elsewhere."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=_PATIENCE_S)  # noqa: S104
    try:
        connection.request("GET", "/readyz")
        checks = msgspec.json.decode(connection.getresponse().read(), type=_Answer).checks
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        return []
    finally:
        connection.close()
    return [check for check in checks if not check.ok]
