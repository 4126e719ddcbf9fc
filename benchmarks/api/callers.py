"""Callers that ask the API as fast as it answers, each over one connection that stays open."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

Call = tuple[str, str, dict[str, Any] | None]  # method, path, body


class Measured(msgspec.Struct, frozen=True):
    """One kind of call."""

    name: str
    calls: int
    per_second: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float


def measure(name: str, port: int, key: str, make: Callable[[int], Call], *, calls: int, callers: int) -> Measured:
    """`calls` calls by `callers` at once; any answer that is no success ends the run with its text."""
    took_s: list[float] = []
    wrong: list[str] = []
    numbers = iter(range(calls))
    lock = threading.Lock()

    def ask() -> None:
        try:
            ask_all()
        except (
            OSError,
            ValueError,
            http.client.HTTPException,
        ) as error:  # else only printed, and the run counted as good
            wrong.append(repr(error))

    def ask_all() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not wrong:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            method, path, body = make(number)
            text = None if body is None else json.dumps(body)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            began_s = time.perf_counter()
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            said = answer.read()
            took_s.append(time.perf_counter() - began_s)
            if answer.status >= 300:
                wrong.append(f"{method} {path}: {answer.status} {said[:300]!r}")
        connection.close()

    began_s = time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(wrong[0])
    took_s.sort()
    return Measured(
        name, len(took_s), len(took_s) / (time.perf_counter() - began_s), statistics.median(took_s) * 1000,
        took_s[int(len(took_s) * 0.99)] * 1000, took_s[-1] * 1000,
    )  # fmt: skip
