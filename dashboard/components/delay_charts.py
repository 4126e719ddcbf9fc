"""The charts of the page of delays. Each takes rows that it names the columns of; none computes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboard.palette import Tones
from dashboard.punctuality import WEEKDAYS

Rows = Sequence[dict[str, Any]]
_HEIGHT = 230


def heat(rows: Rows, tones: Tones) -> alt.Chart:
    """Late share by weekday and hour; a cell of too few orders is grey."""
    chart: alt.Chart = (
        _chart(rows, "Share of late orders by weekday and hour")
        .mark_rect(cornerRadius=3, invalid=None)
        .encode(
            x=alt.X("hour:O", title="Window ended at"),
            y=alt.Y("weekday:O", title=None, sort=list(WEEKDAYS)),
            color=alt.condition(
                "isValid(datum.late_share)",
                alt.Color(
                    "late_share:Q",
                    title="Late",
                    scale=alt.Scale(
                        domain=[0, 0.5], range=[tones.pill("on_time"), tones.late], interpolate="rgb", clamp=True
                    ),
                    legend=alt.Legend(format="%"),
                ),
                alt.value(tones.border),
            ),
            tooltip=["weekday:N", "hour:O", "orders:Q", "late:Q", alt.Tooltip("late_share:Q", format=".0%")],
        )
    )
    return chart


def behind(rows: Rows, tones: Tones) -> alt.Chart:
    """Minutes behind the plan by hour: at departure beside on the road."""
    places = ["at departure", "on the road"]
    chart: alt.Chart = (
        _chart(rows, "Minutes behind the plan by hour, at departure and on the road")
        .mark_bar()
        .encode(
            x=alt.X("hour:O", title="Window ended at"),
            xOffset=alt.XOffset("where:N", sort=places),
            y=alt.Y("minutes:Q", title="Minutes (median)"),
            color=alt.Color(
                "where:N", title=None, sort=places, scale=alt.Scale(domain=places, range=[tones.on_time, tones.late])
            ),
            tooltip=["hour:O", "where:N", "minutes:Q", "orders:Q"],
        )
    )
    return chart


def waiting(rows: Rows, tones: Tones) -> alt.Chart:
    """Minutes from packed to departed by hour."""
    chart: alt.Chart = (
        _chart(rows, "Minutes from packed to departed by the hour of departure")
        .mark_bar(color=tones.on_time, size=26)
        .encode(
            x=alt.X("hour:O", title="Departed at"),
            y=alt.Y("minutes:Q", title="Minutes (median)"),
            tooltip=["hour:O", "minutes:Q", "orders:Q"],
        )
    )
    return chart


def failed(rows: Rows, tones: Tones) -> alt.Chart:
    """How often each reason was given."""
    chart: alt.Chart = (
        _chart(rows, "Failed handoffs by reason")
        .mark_bar(color=tones.late)
        .encode(
            x=alt.X("orders:Q", title="Orders", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("reason:N", title=None, sort="-x", axis=alt.Axis(labelLimit=260)),
            tooltip=["reason:N", "code:N", "orders:Q"],
        )
    )
    return chart


def _chart(rows: Rows, says: str) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)), height=_HEIGHT, description=says)
