"""The alert rules against what the parts export: every metric, every label, and each rule with meaning and remedy."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from contract.clock import SYSTEM, true_now
from gateway.api.requests import CountRequests
from gateway.ingest.figures import Figures
from gateway.ingest.pipeline import Pipeline
from gateway.ingest.subscriber import DROPPED_MESSAGES, STORED_MESSAGES, BrokerOptions, Subscriber
from gateway.main import GatewayOptions, _Database, _gauges
from gateway.watch.common import counted_events, new_registry
from gateway.worker.fleet import Fleet, FleetMetrics
from storage.health import DatabaseFigures, DeviceHealth
from storage.messages import Figures as OutboxFigures
from tests.docs.documents import ROOT, document

RULES = {
    rule["alert"]: rule
    for path in sorted((ROOT / "docs/alerts").glob("*.yml"))
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
_DURATION = re.compile(r"\d+[smhdw]")
_SELECTOR = re.compile(r"\b(?P<name>(?:waybill|process)_\w+|up)\b(?:\{(?P<labels>[^}]*)\})?")
_FUNCTIONS = {"time", "abs", "rate", "increase", "changes", "sum", "histogram_quantile", "predict_linear"}
# Prometheus adds these to everything that it reads.
_TARGET = {"job", "instance"}


def exported() -> dict[str, set[str]]:
    """Every sample that a part can tell, with its labels: of real parts that nobody has started."""
    return {name: labels for registry in (_gateway(), _worker(), _api()) for name, labels in _samples(registry)}


def _gateway() -> CollectorRegistry:
    registry = new_registry("gateway")
    broker = BrokerOptions(host="127.0.0.1", port=1, username="gateway", password="-", client_id="gateway")
    subscriber, database = (
        Subscriber(broker, []),
        _Database(GatewayOptions(broker=broker, database_url="", clock=SYSTEM)),
    )
    subscriber.broker_counters.update({STORED_MESSAGES: 0, DROPPED_MESSAGES: 0})
    pipeline = Pipeline(
        subscriber, lambda: None, lambda _counters: None, SYSTEM, threading.Event(), Figures(registry)
    )  # fmt: skip
    registry.register(_gauges(subscriber, database, pipeline))
    with counted_events(registry):
        logging.getLogger(__name__).warning("a line to be counted", extra={"action": "two_units"})
    return registry


def _worker() -> CollectorRegistry:
    registry, now = new_registry("worker"), true_now()
    fleet = FleetMetrics(SYSTEM, Counter(retention_runs=1, figures_failures=1), {"retention": now})
    device = DeviceHealth("gps-07", "van-7", now, now, "spool", 1, now, "online", now, 0)
    fleet.newest = Fleet([device], DatabaseFigures(1, now, 1, 0, 0, now), now, (OutboxFigures("email", 1, now, 0),))
    registry.register(fleet)
    return registry


def _api() -> CollectorRegistry:
    registry = new_registry("api")
    CountRequests(lambda *_words: None, registry)  # type: ignore[arg-type,return-value]
    return registry


def _samples(registry: CollectorRegistry) -> list[tuple[str, set[str]]]:
    found = []
    for family in registry.collect():
        names = {f"{family.name}_total"} if family.type == "counter" else {family.name}
        if family.type == "histogram":
            names = {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
        labels = {label for sample in family.samples for label in sample.labels}
        found += [(name, labels) for name in names | {sample.name for sample in family.samples}]
    return found


def test_there_are_rules() -> None:
    assert len(RULES) > 20


def test_documents_list_the_metrics_that_are_exported() -> None:
    page = document("monitoring.md")
    families = {re.sub(r"_(total|bucket|count|sum|created)$", "", name) for name in exported()}

    assert {name for name in families if name.startswith("waybill_") and f"`{name}" not in page} == set()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_whole_and_speaks_of_what_is_exported(name: str) -> None:
    rule: dict[str, Any] = RULES[name]
    known = exported() | {"up": set()}

    assert re.fullmatch(r"Waybill[A-Z]\w+", name)
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "warn"}
    assert set(rule["annotations"]) == {"summary", "meaning", "remedy"}
    assert "for" not in rule or _DURATION.fullmatch(rule["for"])
    expression = rule["expr"]
    assert all(expression.count(one) == expression.count(other) for one, other in ("()", "[]", "{}"))
    selectors = list(_SELECTOR.finditer(expression))
    assert selectors
    for selector in selectors:
        assert selector["name"] in known, f"nobody exports {selector['name']}"
        used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector["labels"] or ""))
        assert used <= known[selector["name"]] | _TARGET, selector[0]
    assert set(re.findall(r"\b([a-z_]+)\(", expression)) <= _FUNCTIONS
    named = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    labels = set().union(*(known[selector["name"]] for selector in selectors)) | _TARGET
    assert named <= labels


def test_a_rule_about_what_nobody_exports_would_be_found() -> None:
    assert "waybill_fixes_committed_total" in exported()
    assert "waybill_fixes_commited_total" not in exported()


def test_every_action_of_a_log_line_is_documented() -> None:
    """Also those that a function is given by name."""
    used = {
        word
        for package in ("gateway", "firmware_bridge", "storage", "dashboard", "waybill")
        for path in (ROOT / package).rglob("*.py")
        for word in re.findall(r'(?:"action": |_about\()"([a-z_]+)"', path.read_text(encoding="utf-8"))
    }

    assert len(used) > 30
    assert {word for word in used if f"`{word}`" not in document("monitoring.md")} == set()
