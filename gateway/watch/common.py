"""Metrics that every part has: its build, its process, its log lines by action. Knows no part's work."""

from __future__ import annotations

import logging
import platform
import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

# Actions are words of our code, so their number is bounded by it; this is for the word that is not.
_MOST_ACTIONS = 100


class Gauges(Collector):
    """Values that are read when a monitor asks: name, what it means, how to read it; None is left out."""

    def __init__(
        self, gauges: list[tuple[str, str, Callable[[], float | None]]],
        counters: list[tuple[str, str, Callable[[], float | None]]],
    ) -> None:  # fmt: skip
        self._gauges = gauges
        self._counters = counters

    def collect(self) -> Iterable[Metric]:
        for family_of, entries in ((GaugeMetricFamily, self._gauges), (CounterMetricFamily, self._counters)):
            for name, says, read in entries:
                value = read()
                if value is not None:
                    yield family_of(name, says, value=value)


class _Events(logging.Handler, Collector):
    """Counts this process's log lines that name an action."""

    def __init__(self) -> None:
        super().__init__()
        self._tally: Tally[tuple[str, str]] = Tally()
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        action = getattr(record, "action", None)
        if not isinstance(action, str):
            return
        key = (action, record.levelname.lower())
        with self._turn:
            if key in self._tally or len(self._tally) < _MOST_ACTIONS:
                self._tally[key] += 1

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "waybill_events", "Log lines by action; docs/monitoring.md lists the actions.", labels=("action", "level")
        )
        with self._turn:
            counted = dict(self._tally)
        for (action, level), count in sorted(counted.items()):
            family.add_metric((action, level), count)
        yield family


class _Build(Collector):
    def __init__(self, part: str) -> None:
        self._labels = {"part": part, "version": version("waybill"), "python": platform.python_version()}

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("waybill_build_info", "Always 1; the labels say what runs.", labels=[*self._labels])
        family.add_metric([*self._labels.values()], 1)
        yield family


def new_registry(part: str) -> CollectorRegistry:
    """A registry with what every part tells about itself."""
    # A second series for each, which nobody asks for: rate() finds a restart by itself.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    registry.register(_Build(part))
    ProcessCollector(registry=registry)
    return registry


@contextmanager
def counted_events(registry: CollectorRegistry) -> Iterator[None]:
    """Counts this process's log lines while the block runs."""
    events = _Events()
    registry.register(events)
    logging.getLogger().addHandler(events)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(events)
