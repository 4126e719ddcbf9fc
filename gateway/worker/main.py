"""Runs every job of the worker in a thread of its own until told to stop. Knows nothing of what the jobs do."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg

from contract.checks import Check
from contract.clock import SYSTEM, Clock, true_now
from gateway.api.readiness import check_records
from gateway.places.places import Places
from gateway.places.service import AddressService
from gateway.tracking.policy import Policy
from gateway.watch.common import counted_events, new_registry
from gateway.watch.listener import Listen, Watched, listening
from gateway.worker.addresses import address_jobs
from gateway.worker.alerts import AlertOptions, alert_jobs
from gateway.worker.check_ins import check_in_job
from gateway.worker.derive import deriving, overdue, trimming
from gateway.worker.eta import eta_jobs
from gateway.worker.fleet import FleetMetrics
from gateway.worker.jobs import Job, compression, figures, heartbeat, measure, retention
from gateway.worker.messages import MessageOptions, message_jobs
from gateway.worker.outbox import webhook_jobs
from gateway.worker.states import StatesOptions, publish_states
from gateway.worker.witness import witnessing
from storage.retention import Periods

log = logging.getLogger(__name__)

# A job that failed does not wait for its whole period: the database may be back in a minute.
_RETRY_S = 60.0
_ASK_S = 3
_LAST_RUN_S = 5.0  # how long a run in hand may take once we are to stop


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the worker finds the database, and how long records are kept."""

    database_url: str
    retention_url: str | None
    periods: Periods
    clock: Clock = SYSTEM
    policy: Policy = Policy()  # thresholds that no premises chose otherwise: the gateway's
    monitors: Listen | None = None  # where metrics and readiness are told; None: nowhere
    webhook_allow_private: bool = False
    places: Places = msgspec.field(default_factory=Places)
    map_dir: Path | None = None  # whose streets forecasts go along; None: straight lines
    address_service: AddressService | None = None  # asked for addresses that nothing here knows; None: nobody is
    states: StatesOptions | None = None  # where vehicles' states are published; None: nowhere
    messages: MessageOptions = MessageOptions()
    alerts: AlertOptions = AlertOptions()


class Record:
    """What the jobs did since the start."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.succeeded_at: dict[str, datetime] = {}
        self.failing: dict[str, str] = {}  # job -> why its last run failed

    def succeeded(self, job: Job) -> None:
        self.counts[f"{job.name}_runs"] += 1
        self.succeeded_at[job.name] = true_now()
        self.failing.pop(job.name, None)

    def failed(self, job: Job, reason: str) -> None:
        self.counts[f"{job.name}_failures"] += 1
        self.failing[job.name] = reason


def run_worker(options: WorkerOptions, stop: threading.Event) -> None:
    """Runs until `stop` is set; a job in hand may finish."""
    record = Record()
    fleet = FleetMetrics(options.clock, record.counts, record.succeeded_at)
    jobs = [heartbeat(options.database_url, true_now(), lambda: dict(record.counts)), measure(options.database_url)]
    jobs += webhook_jobs(options.database_url, allow_private=options.webhook_allow_private)
    jobs += message_jobs(options.database_url, options.messages)
    jobs += alert_jobs(options.database_url, options.alerts)
    jobs += [deriving(options.database_url, options.policy, options.clock), trimming(options.database_url)]
    jobs.append(overdue(options.database_url, options.clock))
    jobs.append(witnessing(options.database_url, options.policy, options.clock))
    jobs += address_jobs(options.database_url, options.clock, options.places, options.address_service)
    jobs += eta_jobs(options.database_url, options.clock, options.map_dir)
    jobs.append(check_in_job(options.database_url, options.clock))
    if options.states is not None:
        jobs.append(publish_states(options.states, options.database_url, options.clock))
    if options.monitors is not None:
        jobs.append(figures(options.database_url, fleet))
    if options.retention_url is None:
        log.warning(
            "nothing is deleted or compressed: no database_retention_url is set", extra={"action": "retention_off"}
        )
    else:
        jobs += [retention(options.retention_url, options.periods), compression(options.retention_url)]
    registry = new_registry("worker")
    registry.register(fleet)
    watched = Watched(registry, lambda: _checks(options, record))
    with counted_events(registry), listening(options.monitors, watched):
        log.info("worker started", extra={"action": "started", "jobs": ",".join(job.name for job in jobs)})
        run_jobs(jobs, stop, record)
        log.info("worker stopped", extra={"action": "stopped", **record.counts})


def _checks(options: WorkerOptions, record: Record) -> list[Check]:
    """The database, whether anything is deleted at all, and the jobs whose last run failed."""
    checks = check_records(lambda: psycopg.connect(options.database_url, connect_timeout=_ASK_S))
    if options.retention_url is None:
        remedy = "set WAYBILL_DATABASE_RETENTION_URL for the worker"
        checks.append(Check("retention", ok=False, says="nothing old is deleted", remedy=remedy))
    remedy = "the worker's log says why; it tries again every minute"
    checks += [Check(f"job {name}", ok=False, says="its last run failed", remedy=remedy) for name in record.failing]
    return checks


def run_jobs(jobs: list[Job], stop: threading.Event, record: Record) -> None:
    """Repeats every job until `stop`; what one does or how it fails is nothing to the others."""
    # Daemons: a run that hangs in the network must not keep the process from ending.
    threads = [threading.Thread(target=_repeat, args=(job, stop, record), name=job.name, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(_LAST_RUN_S)


def _repeat(job: Job, stop: threading.Event, record: Record) -> None:
    while not stop.is_set():
        try:
            job.run()
            record.succeeded(job)
            rest_s = job.period_s
        except Exception as error:  # noqa: BLE001 - a thread that ended would be silence
            reason = " ".join(str(error).split()) or type(error).__name__
            record.failed(job, reason)
            log.warning("job failed", extra={"action": "job_failed", "job": job.name, "error": reason})
            rest_s = min(job.period_s, _RETRY_S)
        stop.wait(rest_s)
