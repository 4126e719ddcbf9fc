"""Asks the demo's api as one of its callers, over one connection that stays open. Decides nothing."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

_PATIENCE_S = 30.0
# The server hangs up after 5 quiet seconds; a request on its way just then would be lost.
_QUIET_S = 3.0
_JSON = "application/json"


class RefusedError(RuntimeError):
    """The api does not do it; the message is the api's own, `codes` are its reasons where it names some."""

    def __init__(self, status: int, detail: str, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(detail)
        self.status = status
        self.codes = codes


class AwayError(RuntimeError):
    """Nobody answers, or not now: the same may be asked again."""


class Caller:
    """One caller; for one thread at a time."""

    def __init__(self, origin: str, headers: Mapping[str, str]) -> None:
        place = urlsplit(origin)
        assert place.hostname is not None, origin
        self._connection = http.client.HTTPConnection(place.hostname, place.port or 80, timeout=_PATIENCE_S)
        self._headers = dict(headers)
        self._used_s = 0.0
        self._who: tuple[str, str] | None = None  # name and password of a person

    def ask(self, method: str, path: str, body: object = None, *, once: str | None = None) -> Any:
        """What the api answers. With `once` a request that is sent again under this name is done one time only."""
        kind = "text/csv" if isinstance(body, bytes) else _JSON
        data = body if isinstance(body, bytes) else None if body is None else msgspec.json.encode(body)
        headers = {**self._headers, **({} if data is None else {"Content-Type": kind})}
        if once is not None:
            headers["Idempotency-Key"] = once
        status, said, _ = self._send(method, path, data, headers)
        if status == HTTPStatus.UNAUTHORIZED and self._who is not None:
            self.sign_in(*self._who)  # after 12 quiet hours
            status, said, _ = self._send(method, path, data, {**headers, **self._headers})
        return _read(status, said)

    def sign_in(self, name: str, password: str) -> None:
        """Opens a session; what is asked from then on is asked by this person."""
        data = msgspec.json.encode({"name": name, "password": password})
        status, said, cookie = self._send("POST", "/v1/session", data, {"Content-Type": _JSON})
        _read(status, said)
        self._who = (name, password)
        self._headers["Cookie"] = (cookie or "").partition(";")[0]

    def close(self) -> None:
        self._connection.close()

    def _send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, str | None]:
        if time.monotonic() - self._used_s > _QUIET_S:
            self._connection.close()  # the next request opens it again
        try:
            self._connection.request(method, path, data, dict(headers))
            answer = self._connection.getresponse()
            told = answer.status, answer.read(), answer.getheader("Set-Cookie")
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise AwayError(f"the api does not answer: {error!r}") from error
        self._used_s = time.monotonic()
        return told


def _read(status: int, said: bytes) -> Any:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise AwayError(f"the api cannot now: {status} {said[:200]!r}")
    answer: Any = msgspec.json.decode(said) if said else None
    if status < HTTPStatus.BAD_REQUEST:
        return answer
    wrong = answer.get("errors") or answer.get("wrong") or []
    codes = frozenset(one["code"] for one in wrong if "code" in one)
    raise RefusedError(status, f"{answer['detail']} {wrong[:3] if wrong else ''}".strip(), codes)
