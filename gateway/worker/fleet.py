"""What monitors hear of fleet and database: read again and again by a job, told when they ask. Judges nothing."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

import msgspec
import psycopg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from contract.clock import Clock
from gateway.worker.outbox_figures import outbox_metrics
from storage.health import DatabaseFigures, DeviceHealth, database_figures, device_health
from storage.messages import Figures, outbox_figures

# Series of single devices: three for each. A larger fleet is told as sums only, and waybill_devices_hidden says so.
MOST_DEVICES = 2_000
HEARD = timedelta(minutes=5)  # a device heard of within this counts as heard
_DAY = timedelta(days=1)
# Of devices that catch up, the newest fix says nothing about clocks.
_CAUGHT_UP = 20


class Fleet(msgspec.Struct, frozen=True):
    """One look at the database."""

    devices: list[DeviceHealth]
    database: DatabaseFigures
    looked_at: datetime  # true time
    outbox: tuple[Figures, ...] = ()


def look(connection: psycopg.Connection, looked_at: datetime) -> Fleet:
    outbox = outbox_figures(connection, looked_at, looked_at - _DAY)
    return Fleet(device_health(connection), database_figures(connection), looked_at, tuple(outbox))


def clock_lag_s(fleet: Fleet, clock: Clock) -> float | None:
    """By how much fixes of live devices lag behind the server's clock, in the median; None when none is live.

    A receiver's time is the satellites'. Far above a few seconds: the server's clock is ahead; below 0: it is behind.
    """
    lags = [
        (clock.at(one.received_at) - one.fixed_at).total_seconds()
        for one in fleet.devices
        if one.received_at is not None and one.fixed_at is not None and (one.backlog or 0) <= _CAUGHT_UP
        and fleet.looked_at - one.received_at <= HEARD
    ]  # fmt: skip
    return median(lags) if lags else None


class FleetMetrics(Collector):
    """The newest look as metrics, and what the jobs did."""

    def __init__(self, clock: Clock, counts: Tally[str], succeeded_at: dict[str, datetime]) -> None:
        self._clock = clock
        self._counts = counts
        self._succeeded_at = succeeded_at
        self.newest: Fleet | None = None

    def collect(self) -> Iterable[Metric]:
        yield from self._jobs()
        if self.newest is not None:
            yield from _devices(self.newest)
            yield from self._sums(self.newest)
            yield from outbox_metrics(self.newest.outbox, self.newest.looked_at)

    def _jobs(self) -> Iterable[Metric]:
        runs = CounterMetricFamily("waybill_job_runs", "Runs of the worker's jobs.", labels=("job_name", "outcome"))
        for name, count in sorted(dict(self._counts).items()):
            job, _, outcome = name.rpartition("_")
            runs.add_metric((job, "succeeded" if outcome == "runs" else "failed"), count)
        last = GaugeMetricFamily(
            "waybill_job_success_timestamp_seconds", "When a job last succeeded.", labels=("job_name",)
        )
        for job, at in sorted(dict(self._succeeded_at).items()):
            last.add_metric((job,), at.timestamp())
        yield from (runs, last)

    def _sums(self, fleet: Fleet) -> Iterable[Metric]:
        seen = [one.received_at for one in fleet.devices if one.received_at is not None]
        heard = sum(fleet.looked_at - at <= HEARD for at in seen)
        sums: dict[str, tuple[str, float | None]] = {
            "waybill_devices": ("Devices that are registered.", len(fleet.devices)),
            "waybill_devices_heard": ("Of them those with a fix in the last 5 minutes.", heard),
            "waybill_devices_hidden": (
                "Devices without series of their own.",
                max(len(fleet.devices) - MOST_DEVICES, 0),
            ),
            "waybill_backlog_fixes": ("Fixes that devices announce as unconfirmed.", _backlog(fleet.devices)),
            "waybill_tracking_failed_devices": ("Devices whose tracking raised.", fleet.database.tracking_failed),
            "waybill_clock_lag_seconds": (
                "By how much live fixes lag behind the server's clock, median of devices.",
                clock_lag_s(fleet, self._clock),
            ),
            "waybill_database_clock_offset_seconds": (
                "The database's clock minus the worker's.",
                (fleet.database.clock - fleet.looked_at).total_seconds(),
            ),
            "waybill_database_bytes": ("Size of the database.", fleet.database.bytes),
            "waybill_fix_days": ("Days of fixes that are stored.", fleet.database.days),
            "waybill_fix_days_compressed": ("Of them those that are compressed.", fleet.database.compressed_days),
            "waybill_look_timestamp_seconds": ("When these were read.", fleet.looked_at.timestamp()),
        }
        for name, (says, value) in sums.items():
            if value is not None:
                yield GaugeMetricFamily(name, says, value=value)


def _backlog(devices: list[DeviceHealth]) -> int:
    return sum(one.backlog or 0 for one in devices)


def _devices(fleet: Fleet) -> Iterable[Metric]:
    def family(name: str, says: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, says, labels=("device", "vehicle"))

    seen = family("waybill_device_seen_timestamp_seconds", "When the newest counting fix of a device came in.")
    receipt = family("waybill_device_receipt_timestamp_seconds", "When something of a device was last confirmed.")
    backlog = family("waybill_device_backlog_fixes", "Fixes that a device announces as unconfirmed.")
    for one in fleet.devices[:MOST_DEVICES]:
        labels = (one.device, one.vehicle or "")
        if one.received_at is not None:
            seen.add_metric(labels, one.received_at.timestamp())
        if one.receipt_at is not None:
            receipt.add_metric(labels, one.receipt_at.timestamp())
        if one.backlog is not None:
            backlog.add_metric(labels, one.backlog)
    return seen, receipt, backlog
