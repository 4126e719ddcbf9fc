"""The five busiest calls of order systems against the real api process, with many orders stored.

    .venv/bin/python -m benchmarks.api.bench [--orders 100000] [--calls 2000] [--callers 8] [--rounds 3] [--json FILE]

Limit in the same run: GET /v1/health of the same process, which asks no database. Callers, api and database share the
machine's processors. Medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg

from benchmarks.api.callers import Call, Measured, measure
from benchmarks.api.store import NAMES, fill
from contract.clock import true_now
from gateway.people.keys import make_key
from gateway.people.permissions import KEY_SCOPES
from storage.audit import Actor
from storage.ids import new_id
from storage.migrate import migrate, set_passwords
from waybill.stack.ports import Ports
from waybill.stack.postgres import Postgres
from waybill.stack.servers import ensure

PASSWORD = "benchmark"


def order(number: int) -> dict[str, Any]:
    """What an order system hands over."""
    at = true_now()
    return {
        "customer_name": f"Elina {number}", "customer_phone": "+358 40 555 0147", "address": f"Bulevardi {number % 90}",
        "window_from": at.isoformat(), "window_to": (at + timedelta(hours=2)).isoformat(), "currency": "EUR",
        "lines": [{"item": "Rye bread", "quantity": "2", "unit_price_minor": 349}],
    }  # fmt: skip


def kinds(round_no: int, orders: int) -> dict[str, Callable[[int], Call]]:
    """The calls, in the order in which an order system makes them."""
    run = f"r{round_no}"
    return {
        "health (limit)": lambda _: ("GET", "/v1/health", None),
        "put order": lambda n: ("PUT", f"/v1/orders/by-ref/pos/{run}-{n}", order(n)),
        "milestone": lambda n: _accept(run, n),
        "one order": lambda n: ("GET", f"/v1/orders/old-{n * 7919 % orders}", None),
        "search": lambda n: (
            "GET",
            f"/v1/orders?limit=50&q={quote(NAMES[n % len(NAMES)].lower())}+{n * 31 % orders}",
            None,
        ),
        "event feed": lambda _: ("GET", "/v1/events?limit=100", None),
    }


def _accept(run: str, number: int) -> Call:
    return "POST", f"/v1/orders/{IDS[f'{run}-{number}']}/milestones", {"milestone": "accepted"}


IDS: dict[str, str] = {}


@contextmanager
def api(postgres: Postgres, port: int) -> Iterator[None]:
    """The real process."""
    environ = {
        **os.environ,
        "WAYBILL_DATABASE_URL": postgres.url("postgres", "waybill_gateway", PASSWORD),
        "WAYBILL_API_PORT": str(port),
        "WAYBILL_LOG_LEVEL": "warning",
    }
    command = [str(Path(sys.executable).with_name("waybill")), "api"]
    process = subprocess.Popen(command, env=environ)
    try:
        deadline_s = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError("the api did not start; its own words stand above")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def prepare(postgres: Postgres, orders: int) -> str:
    """Schema, premises and past; the order system's key."""
    migrate(postgres.url())
    set_passwords(postgres.url(), [postgres.url("postgres", "waybill_gateway", PASSWORD)])
    now = true_now()
    premises_id = new_id(now)
    with psycopg.connect(postgres.url()) as owner:
        owner.execute(
            "INSERT INTO waybill.premises (id, code, name, tz, created_at) VALUES (%s, 'bench', 'Bench', 'UTC', %s)",
            [premises_id, now],
        )
        key = make_key(
            owner, "pos", KEY_SCOPES, premises_id=premises_id, test=False, actor=Actor("system", "bench"), at=now
        )
        owner.commit()
        fill(owner, premises_id, orders, now)
    return key.secret


def run(postgres: Postgres, port: int, key: str, options: argparse.Namespace) -> list[list[Measured]]:
    rounds = []
    for round_no in range(options.rounds):
        row = []
        for name, make in kinds(round_no, options.orders).items():
            if name == "milestone":
                with psycopg.connect(postgres.url()) as owner:
                    IDS.update(owner.execute("SELECT source_ref, id::text FROM waybill.orders WHERE source = 'pos'"))
            measured = measure(name, port, key, make, calls=options.calls, callers=options.callers)
            print(f"round {round_no + 1}: {name:15} {measured.per_second:8,.0f}/s  p50 {measured.p50_ms:6.1f} ms"
                  f"  p99 {measured.p99_ms:6.1f} ms", flush=True)  # fmt: skip
            row.append(measured)
        rounds.append(row)
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=2_000)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="waybill-bench-"))
    folder.chmod(0o755)
    with Ports() as ports:
        postgres = Postgres(folder / "pg", ports.claim(0), PASSWORD, ensure("postgres", print))
        postgres.start()
        try:
            key = prepare(postgres, options.orders)
            port = ports.claim(0)
            with api(postgres, port):
                rounds = run(postgres, port, key, options)
        finally:
            postgres.stop()
            shutil.rmtree(folder)
    print(f"\nmedians of {options.rounds} rounds, {options.orders:,} orders stored, {options.callers} callers at once")
    for column in zip(*rounds, strict=True):
        rate, p50, p99 = (statistics.median(getattr(one, name) for one in column) for name in _SHOWN)
        print(f"{column[0].name:15} {rate:8,.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
    if options.json:
        options.json.write_text(json.dumps(msgspec.to_builtins(rounds), indent=2))


_SHOWN = ("per_second", "p50_ms", "p99_ms")


if __name__ == "__main__":
    main()
