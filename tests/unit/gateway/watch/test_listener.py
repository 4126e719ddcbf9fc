"""The listener for monitors over a real socket. Has no part behind it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from contract.checks import Asking, Check
from gateway.watch.common import Gauges, counted_events, new_registry
from gateway.watch.listener import Listen, Watched, listening
from tests.fixtures.gateway import eventually

GOOD = [Check("database", ok=True, says="stores what comes")]
BAD = [*GOOD, Check("broker", ok=False, says="not connected", remedy="start the broker")]


@pytest.fixture
def checks() -> list[Check]:
    return list(GOOD)


@pytest.fixture
def registry() -> CollectorRegistry:
    return new_registry("gateway")


@pytest.fixture
def address(registry: CollectorRegistry, checks: list[Check]) -> Iterator[str]:
    with listening(Listen("127.0.0.1", 0), Watched(registry, lambda: checks)) as port:
        yield f"http://127.0.0.1:{port}"


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_alive_and_ready_are_told_apart(address: str, checks: list[Check]) -> None:
    checks[:] = BAD

    alive, ready = httpx.get(f"{address}/healthz"), httpx.get(f"{address}/readyz")

    assert (alive.status_code, alive.json()["status"]) == (200, "ok")
    assert (ready.status_code, ready.headers["content-type"]) == (503, "application/problem+json")
    assert ready.json()["detail"] == "not ready: broker"
    assert ready.json()["checks"][1] == {
        "name": "broker", "ok": False, "says": "not connected", "remedy": "start the broker",
    }  # fmt: skip

    checks[:] = GOOD
    assert httpx.get(f"{address}/readyz").json()["status"] == "ready"


def test_metrics_are_what_prometheus_reads(address: str, registry: CollectorRegistry) -> None:
    registry.register(
        Gauges([("waybill_x", "An x.", lambda: 3), ("waybill_unknown", "?", lambda: None)], [("waybill_y", "", int)])
    )

    answer = httpx.get(f"{address}/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = samples(answer.text)
    assert found["waybill_x[]"] == 3
    assert found["waybill_y_total[]"] == 0
    assert not any(name.startswith("waybill_unknown") for name in found)
    assert any(name.startswith("waybill_build_info") and "'gateway'" in name for name in found)


def test_log_lines_are_counted_by_action(address: str, registry: CollectorRegistry) -> None:
    log = logging.getLogger("tests.watch")
    with counted_events(registry):
        for _ in range(3):
            log.warning("away", extra={"action": "database_away"})
        log.warning("no action")
        for number in range(500):
            log.warning("endless", extra={"action": f"invented-{number}"})
        found = samples(httpx.get(f"{address}/metrics").text)
    log.warning("away", extra={"action": "database_away"})

    events = {name: value for name, value in found.items() if name.startswith("waybill_events_total")}
    assert events["waybill_events_total[('action', 'database_away'), ('level', 'warning')]"] == 3
    assert len(events) == 100, "the number of series is bounded whatever is logged"


@pytest.mark.parametrize("request_bytes", [b"\x00\xff\x16\x03\x01 rubbish\r\n\r\n", b"GET /" + b"a" * 70_000, b""])
def test_rubbish_and_silence_keep_nobody_else_waiting(address: str, request_bytes: bytes) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as rude:
        rude.sendall(request_bytes)

        assert httpx.get(f"{address}/healthz").status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/secret", 404), ("POST", "/metrics", 501)])
def test_nothing_else_is_there(address: str, method: str, path: str, status: int) -> None:
    assert httpx.request(method, f"{address}{path}").status_code == status


def test_a_busy_port_costs_the_monitor_and_not_the_part(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(CollectorRegistry(), list)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with listening(Listen("127.0.0.1", taken.getsockname()[1]), watched) as port:
            assert port is None

    [record] = caplog.records
    assert record.__dict__["action"] == "listen_failed"
    assert "metrics_host" in record.message


def test_off_means_off() -> None:
    with listening(None, Watched(CollectorRegistry(), list)) as port:
        assert port is None


def test_a_question_that_hangs_is_answered_and_asked_once() -> None:
    asked, go_on = [], threading.Event()

    def hang() -> list[Check]:
        asked.append(1)
        go_on.wait()
        return GOOD

    asking = Asking(hang, patience_s=0.05)

    first, second = asking(), asking()
    go_on.set()
    eventually(lambda: asking() == GOOD)  # the thread that hung ends by itself

    assert [check.says for check in (*first, *second)] == ["does not answer", "does not answer"]
    assert len(asked) == 2
