"""The worker's jobs that forecast when vans come, and forget what is too old to grade. Computes nothing itself."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import psycopg

from contract.clock import Clock
from gateway.dispatch.estimate import STRAIGHT
from gateway.eta.forecasting import Forecaster
from gateway.worker.jobs import CONNECT_S, Job
from storage.eta import forget_samples

log = logging.getLogger(__name__)

# Vans report every few seconds; what matters to people is minutes.
_EVERY_S = 5.0
_SAMPLES_KEPT = timedelta(days=90)


def eta_jobs(database_url: str, clock: Clock) -> list[Job]:
    """Forecasts again and again; samples that are too old go once in a while."""
    forecaster = Forecaster()

    def forecast() -> None:
        began = time.monotonic()
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            done = forecaster.round(connection, STRAIGHT, {}, clock.now())
        extra = {"action": "forecast", "vans": done.vans, "drops": done.drops, "published": done.published}
        log.debug("forecast", extra={**extra, "took_s": round(time.monotonic() - began, 3)})

    def forget() -> None:
        with psycopg.connect(database_url, connect_timeout=CONNECT_S) as connection:
            forget_samples(connection, clock.now() - _SAMPLES_KEPT)

    return [Job("eta", _EVERY_S, forecast), Job("eta_samples", 6 * 3600.0, forget)]
