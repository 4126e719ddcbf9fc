"""Runs every job of the worker in a thread of its own until told to stop. Knows nothing of what the jobs do."""

from __future__ import annotations

import logging
import threading
from collections import Counter

import msgspec

from contract.clock import true_now
from gateway.worker.jobs import Job, compression, heartbeat, retention

log = logging.getLogger(__name__)

# A job that failed does not wait for its whole period: the database may be back in a minute.
_RETRY_S = 60.0
_LAST_RUN_S = 5.0  # how long a run in hand may take once we are to stop


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the worker finds the database, and how long fixes are kept."""

    database_url: str
    retention_url: str | None
    keep_days: int


def run_worker(options: WorkerOptions, stop: threading.Event) -> None:
    """Runs until `stop` is set; a job in hand may finish."""
    counts: Counter[str] = Counter()
    jobs = [heartbeat(options.database_url, true_now(), lambda: dict(counts))]
    if options.retention_url is None:
        log.warning(
            "nothing is deleted or compressed: no database_retention_url is set", extra={"action": "retention_off"}
        )
    else:
        jobs += [retention(options.retention_url, options.keep_days), compression(options.retention_url)]
    log.info("worker started", extra={"action": "started", "jobs": ",".join(job.name for job in jobs)})
    run_jobs(jobs, stop, counts)
    log.info("worker stopped", extra={"action": "stopped", **counts})


def run_jobs(jobs: list[Job], stop: threading.Event, counts: Counter[str]) -> None:
    """Repeats every job until `stop`; what one does or how it fails is nothing to the others."""
    # Daemons: a run that hangs in the network must not keep the process from ending.
    threads = [threading.Thread(target=_repeat, args=(job, stop, counts), name=job.name, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(_LAST_RUN_S)


def _repeat(job: Job, stop: threading.Event, counts: Counter[str]) -> None:
    while not stop.is_set():
        try:
            job.run()
            counts[f"{job.name}_runs"] += 1
            rest_s = job.period_s
        except Exception as error:  # noqa: BLE001 - a thread that ended would be silence
            counts[f"{job.name}_failures"] += 1
            reason = " ".join(str(error).split()) or type(error).__name__
            log.warning("job failed", extra={"action": "job_failed", "job": job.name, "error": reason})
            rest_s = min(job.period_s, _RETRY_S)
        stop.wait(rest_s)
