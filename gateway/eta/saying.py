"""What of the newest outcomes is said anew, told and raised as a risk, after what was said before. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from gateway.eta.policy import POLICY, EtaPolicy
from gateway.eta.situation import Outcome
from storage.eta import Forecast, OpenEpisode


class Said(msgspec.Struct, frozen=True):
    """The forecast that counts from now on, and why it is said anew; cause None: it stands as it was."""

    outcome: Outcome
    forecast: Forecast
    cause: str | None
    tells: bool  # whether order systems are told of a changed time


class Risk(msgspec.Struct, frozen=True):
    """A risk that begins."""

    outcome: Outcome
    kind: str


class RiskOver(msgspec.Struct, frozen=True):
    """A risk that ends, and how: recovered, late, arrived or over."""

    episode: OpenEpisode
    how: str
    at: datetime


def say(found: Outcome, before: Forecast | None, now: datetime, policy: EtaPolicy = POLICY) -> Said:
    """Keeps what was said while the difference does not matter."""
    cause = _cause(found, before, now, policy)
    if cause is None and before is not None:
        again = (now - before.computed_at).total_seconds() >= policy.still_right_s
        return Said(found, msgspec.structs.replace(before, computed_at=now) if again else before, None, tells=False)
    seen = found.outlook
    tells = before is not None and abs((seen.p50_at - before.told_p50_at).total_seconds()) >= policy.tell_s
    forecast = Forecast(
        order_id=found.drop.order_id, premises_id=found.trip.premises_id, trip_id=found.trip.id, p50_at=seen.p50_at,
        p90_at=seen.p90_at, late_risk=seen.late_risk, source=found.source, fixed_at=found.fixed_at,
        drops_before=found.drops_before, published_at=now, computed_at=now,
        told_p50_at=seen.p50_at if tells or before is None else before.told_p50_at,
    )  # fmt: skip
    return Said(found, forecast, cause, tells)


def _cause(found: Outcome, before: Forecast | None, now: datetime, policy: EtaPolicy) -> str | None:
    if before is None:
        return "first"
    if before.trip_id != found.trip.id:
        return "plan"
    if before.drops_before != found.drops_before:
        return "drops"
    matters_s = max(policy.matters_s, policy.matters_share * (found.outlook.p50_at - now).total_seconds())
    later_s = (found.outlook.p50_at - before.p50_at).total_seconds()
    if abs(later_s) >= matters_s:
        return "later" if later_s > 0 else "earlier"
    if before.p50_at < now and (now - before.published_at).total_seconds() >= policy.overdue_again_s:
        return "later"  # what was said has passed, and the van is not there
    if abs(found.outlook.late_risk - before.late_risk) >= policy.risk_step:
        return "risk"
    # Twice as much: the spread's end is a round word to everybody but a dispatcher.
    if abs((found.outlook.p90_at - before.p90_at).total_seconds()) >= 2 * matters_s:
        return "spread"
    return None


def risks_begun(
    found: Iterable[Outcome], open_ones: Iterable[OpenEpisode], now: datetime, policy: EtaPolicy = POLICY
) -> list[Risk]:
    """At risk before the window ends, late after it; one that is open is not raised again."""
    held = {(one.order_id, one.kind) for one in open_ones}
    risks = []
    for one in found:
        late = now > one.drop.window_to
        kind = "late" if late else "at_risk"
        is_history = (now - one.drop.window_to).total_seconds() > policy.news_s
        if is_history and (one.drop.order_id, "at_risk") not in held:
            continue
        if (late or one.outlook.late_risk >= policy.at_risk) and (one.drop.order_id, kind) not in held:
            risks.append(Risk(one, kind))
    return risks


def risks_over(
    open_ones: Sequence[OpenEpisode], found: Mapping[UUID, Outcome], now: datetime, policy: EtaPolicy = POLICY
) -> list[RiskOver]:
    """Risks that have ended by now."""
    ended = []
    for episode in open_ones:
        how = _how_over(episode, found.get(episode.order_id), now, policy)
        if how is not None:
            at = episode.arrived_at if how == "arrived" and episode.arrived_at is not None else now
            ended.append(RiskOver(episode, how, max(at, episode.began_at)))
    return ended


def _how_over(episode: OpenEpisode, found: Outcome | None, now: datetime, policy: EtaPolicy) -> str | None:
    if episode.arrived_at is not None:
        return "arrived"
    if found is None:
        return "over"  # delivered without a detected arrival, failed, cancelled, or on no open trip any more
    if now > found.drop.window_to:
        return "late" if episode.kind == "at_risk" else None
    # A late order whose window was moved is not late any more.
    return "recovered" if episode.kind == "late" or found.outlook.late_risk < policy.recovered else None
