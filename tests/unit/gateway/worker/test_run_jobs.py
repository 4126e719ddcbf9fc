"""Jobs go on whatever happens to one of them. Uses no database."""

from __future__ import annotations

import threading

import pytest

from gateway.worker.jobs import Job
from gateway.worker.main import Record, run_jobs


def test_a_failing_job_is_counted_and_tried_again_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    stop, steady_ran, record = threading.Event(), threading.Event(), Record()
    tries = iter(range(100))

    def fails_twice() -> None:
        assert steady_ran.wait(10)  # a thread that is slow to start must not find the end of the others
        number = next(tries)
        if number < 2:
            raise ValueError("no\nluck")
        stop.set()

    jobs = [Job("unlucky", 0.001, fails_twice), Job("steady", 0.001, steady_ran.set)]

    run_jobs(jobs, stop, record)

    assert record.counts["unlucky_failures"] == 2
    assert record.counts["unlucky_runs"] == 1
    assert record.counts["steady_runs"] >= 1
    [first, *_] = [record for record in caplog.records if record.message == "job failed"]
    assert first.__dict__["error"] == "no luck"


def test_a_job_that_hangs_keeps_neither_the_others_nor_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.worker.main._LAST_RUN_S", 0.05)
    stop, forever, record = threading.Event(), threading.Event(), Record()

    run_jobs([Job("hangs", 1.0, lambda: forever.wait() and None), Job("ends", 1.0, stop.set)], stop, record)

    assert record.counts["ends_runs"] == 1
    forever.set()
