"""What the gateway's ingest tells monitors: counters and times, one observation for each batch. Stores nothing."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram

from contract.reasons import RefusalRule, RejectReason
from gateway.ingest.inbox import Message
from gateway.ingest.writer import Written

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_TIMES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10, 60)
# A fix that waited in a spool is hours old; the buckets tell live from late.
_AGES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3600, 86_400, 604_800)


class Figures:
    """Counts what was stored. Reasons and rules are closed lists, so the number of series is bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, says: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(name, says, labels, registry=registry)

        def histogram(name: str, says: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, says, registry=registry, buckets=buckets)

        self._received = counter("waybill_messages_received", "Messages stored and acknowledged, with what they held.")
        self._committed = counter("waybill_fixes_committed", "Fixes committed to the database, refused ones too.")
        self._refused = counter("waybill_fixes_refused", "Of them those that do not count, by rule.", ("rule",))
        self._rejected = counter("waybill_rejects", "Messages, or entries of one, that became no fix.", ("reason",))
        self._duplicates = counter("waybill_duplicates", "Fixes that were stored already.")
        self._late = counter("waybill_late_fixes", "Fixes older than what tracking had seen of their device.")
        self._batch = histogram("waybill_batch_messages", "Messages in one transaction.", _SIZES)
        self._commit = histogram("waybill_commit_seconds", "From reading a batch to its commit.", _TIMES_S)
        self._lag = histogram(
            "waybill_commit_lag_seconds", "From taking a batch's oldest message off the line to its commit.", _TIMES_S
        )
        self._age = histogram(
            "waybill_fix_age_seconds",
            "Age of the last message's newest fix at its commit, by the device's clock.",
            _AGES_S,
        )
        for rule in RefusalRule:
            self._refused.labels(rule.value)
        for reason in RejectReason:
            self._rejected.labels(reason.value)

    def stored(self, messages: list[Message], written: Written, took_s: float, now: datetime) -> None:
        """One committed batch; `now` is true time."""
        self._received.inc(len(messages))
        self._committed.inc(written.fixes)
        self._duplicates.inc(written.duplicates)
        self._late.inc(written.late)
        for rule, count in written.refused_by.items():
            self._refused.labels(rule).inc(count)
        for reject, _topic in written.rejects:
            self._rejected.labels(reject.reason.value).inc()
        self._batch.observe(len(messages))
        self._commit.observe(took_s)
        self._lag.observe(max((now - messages[0].received_at).total_seconds(), 0))
        if written.age_s is not None:
            self._age.observe(max(written.age_s, 0))
