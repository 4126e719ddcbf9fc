"""What monitors hear of the outbox: what waits on each channel, since when, what was given up. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from storage.messages import Figures


def outbox_metrics(figures: Iterable[Figures], looked_at: datetime) -> Iterable[Metric]:
    """Channels: email, sms, webhook (of staff), order_system."""
    waiting = GaugeMetricFamily("waybill_outbox_waiting", "Messages on their way.", labels=("channel",))
    oldest = GaugeMetricFamily(
        "waybill_outbox_oldest_seconds", "Since when the oldest message that is due waits.", labels=("channel",)
    )
    given_up = GaugeMetricFamily(
        "waybill_outbox_given_up", "Messages of the last day that were given up.", labels=("channel",)
    )
    for one in figures:
        waiting.add_metric((one.channel,), one.waiting)
        age_s = 0.0 if one.oldest_at is None else (looked_at - one.oldest_at).total_seconds()
        oldest.add_metric((one.channel,), age_s)
        given_up.add_metric((one.channel,), one.given_up)
    return waiting, oldest, given_up
