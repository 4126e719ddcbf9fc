"""One round of forecasts: reads what is under way, computes, writes what changed, tells of it. Keeps no schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from gateway.dispatch.estimate import WaysFor
from gateway.eta.policy import POLICY, EtaPolicy
from gateway.eta.saying import Risk, RiskOver, Said, risks_begun, risks_over, say
from gateway.eta.situation import Outcome, forecast_trip, outcomes_by_order
from gateway.eta.spread import Spreads
from storage.eta import (
    DropToForecast,
    EndedEpisode,
    NewEpisode,
    NewPublished,
    NewSample,
    TripToForecast,
    begin_episodes,
    drops_to_forecast,
    end_episodes,
    forecasts,
    open_episodes,
    put_forecasts,
    put_published,
    put_samples,
    trips_to_forecast,
    withdraw_forecasts,
)
from storage.events import NewEvent, put_events
from storage.ids import new_id

# A trip that nobody ended is not forecast for ever; one of the next shift is.
_SINCE = timedelta(hours=24)
_UNTIL = timedelta(hours=12)


class Round(msgspec.Struct, frozen=True):
    """What one round did."""

    vans: int
    drops: int
    published: int


class Forecaster:
    """Rounds of forecasts, one after the other; remembers which minute has its samples."""

    def __init__(self, policy: EtaPolicy = POLICY) -> None:
        self._policy = policy
        self._sampled: datetime | None = None

    def round(self, connection: psycopg.Connection, ways_for: WaysFor, spreads: Spreads, now: datetime) -> Round:
        """Computes every open drop anew and writes what is to be said of it, in the caller's transaction."""
        trips = trips_to_forecast(connection, now - _SINCE, now + _UNTIL)
        drops = drops_to_forecast(connection, [trip.id for trip in trips])
        found = compute(trips, drops, ways_for, spreads, now, self._policy)
        before = forecasts(connection)
        said = {order_id: say(one, before.get(order_id), now, self._policy) for order_id, one in found.items()}
        put_published(connection, [_published(one, one.cause, now) for one in said.values() if one.cause is not None])
        put_forecasts(connection, [one.forecast for key, one in said.items() if one.forecast is not before.get(key)])
        if gone := before.keys() - found.keys():
            withdraw_forecasts(connection, gone)
        self._sample(connection, found, now)
        changed = [
            _told("order.eta_changed", one.outcome, now, {"before_p50_at": before[order_id].told_p50_at})
            for order_id, one in said.items() if one.tells
        ]  # fmt: skip
        put_events(connection, changed + self._risks(connection, found, now))
        # Last: a round that fails before takes its samples with it, and the next one makes them.
        self._sampled = now.replace(second=0, microsecond=0)
        return Round(len(trips), len(found), sum(one.cause is not None for one in said.values()))

    def _sample(self, connection: psycopg.Connection, found: Mapping[UUID, Outcome], now: datetime) -> None:
        minute_at = now.replace(second=0, microsecond=0)
        if minute_at != self._sampled:
            put_samples(connection, [_sampled(one, minute_at, now) for one in found.values()])

    def _risks(self, connection: psycopg.Connection, found: Mapping[UUID, Outcome], now: datetime) -> list[NewEvent]:
        """Ends and begins risks; what is to be told of them."""
        open_ones = open_episodes(connection)
        over = risks_over(open_ones, found, now, self._policy)
        end_episodes(connection, [EndedEpisode(one.episode.id, one.at, one.how) for one in over])
        begun = risks_begun(found.values(), open_ones, now, self._policy)
        begin_episodes(connection, [_episode(one, now) for one in begun])
        told_over = [_told_over(one) for one in over]
        return told_over + [_told(f"order.{one.kind}", one.outcome, now, {}) for one in begun]


def compute(
    trips: Sequence[TripToForecast], drops: Mapping[UUID, Sequence[DropToForecast]], ways_for: WaysFor,
    spreads: Spreads, now: datetime, policy: EtaPolicy = POLICY,
) -> dict[UUID, Outcome]:  # fmt: skip
    """The newest outcome of every order that is awaited; trips come by vehicle, the one under way first."""
    outcomes: list[Outcome] = []
    free: dict[UUID, datetime] = {}
    for trip in trips:
        known = spreads.get(trip.premises_id, {})
        ways = ways_for(trip.premises_id, trip.tz)
        found, back = forecast_trip(trip, drops.get(trip.id, ()), ways, now, known, free.get(trip.vehicle_id), policy)
        free[trip.vehicle_id] = back
        outcomes += found
    return outcomes_by_order(outcomes)


def _published(one: Said, cause: str, now: datetime) -> NewPublished:
    said = one.forecast
    return NewPublished(
        id=new_id(now), premises_id=said.premises_id, order_id=said.order_id, trip_id=said.trip_id, published_at=now,
        p50_at=said.p50_at, p90_at=said.p90_at, late_risk=said.late_risk, source=said.source, fixed_at=said.fixed_at,
        drops_before=said.drops_before, cause=cause,
    )  # fmt: skip


def _sampled(one: Outcome, minute_at: datetime, now: datetime) -> NewSample:
    seen = one.outlook
    return NewSample(
        order_id=one.drop.order_id, minute_at=minute_at, premises_id=one.trip.premises_id, trip_id=one.trip.id,
        made_at=now, raw_at=seen.raw_at, scale_s=seen.scale_s, p50_at=seen.p50_at, p90_at=seen.p90_at,
        late_risk=seen.late_risk, source=one.source, fixed_at=one.fixed_at, drops_before=one.drops_before,
    )  # fmt: skip


def _episode(risk: Risk, now: datetime) -> NewEpisode:
    one = risk.outcome
    return NewEpisode(
        id=new_id(now), premises_id=one.trip.premises_id, order_id=one.drop.order_id, trip_id=one.trip.id,
        kind=risk.kind, began_at=now, late_risk=one.outlook.late_risk, p50_at=one.outlook.p50_at,
        window_to=one.drop.window_to,
    )  # fmt: skip


def _told(kind: str, one: Outcome, now: datetime, more: Mapping[str, Any]) -> NewEvent:
    drop, seen = one.drop, one.outlook
    body = {
        "order_no": drop.order_no, "source": drop.source, "source_ref": drop.source_ref, "trip_no": one.trip.trip_no,
        "p50_at": seen.p50_at, "p90_at": seen.p90_at, "late_risk": round(seen.late_risk, 2),
        "window_to": drop.window_to, "drops_before": one.drops_before, **more,
    }  # fmt: skip
    return NewEvent(
        id=new_id(now), premises_id=one.trip.premises_id, type=kind, at=now, order_id=drop.order_id,
        trip_id=one.trip.id, body=body,
    )  # fmt: skip


def _told_over(over: RiskOver) -> NewEvent:
    one = over.episode
    body = {
        "order_no": one.order_no, "source": one.source, "source_ref": one.source_ref, "began_at": one.began_at,
        "how": over.how, "window_to": one.window_to, "arrived_at": one.arrived_at,
    }  # fmt: skip
    return NewEvent(
        id=new_id(over.at), premises_id=one.premises_id, type=f"order.{one.kind}_over", at=over.at,
        order_id=one.order_id, trip_id=one.trip_id, body=body,
    )  # fmt: skip
