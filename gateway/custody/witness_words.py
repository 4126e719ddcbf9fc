"""A judgement of the second witness in words and numbers. Pure: judges nothing."""

from __future__ import annotations

from datetime import datetime

from contract.reasons import NOT_AT_THE_DOOR, WitnessVerdict
from gateway.tracking.policy import Policy
from gateway.tracking.witness import Judgement, Span


def words(judgement: Judgement, at: datetime, policy: Policy, reason_code: str | None) -> str:
    """Why it was judged so, in one sentence; times are UTC."""
    match judgement.verdict:
        case WitnessVerdict.CORROBORATED:
            assert judgement.there is not None, "that is what corroborates it"
            return f"the vehicle stood within {policy.witness_radius_m:g} m of the door {_span(judgement.there)}"
        case WitnessVerdict.CONTRADICTED:
            parts = [_how_near(judgement, at, policy), _when_there(judgement)]
            if reason_code in NOT_AT_THE_DOOR:
                parts.append(f"{reason_code} does not say that it was at the door")
            return "; ".join(parts)
        case WitnessVerdict.NO_DATA:
            seen = "" if judgement.nearest is None else f"; {_how_near(judgement, at, policy)}"
            gap = "" if judgement.gap is None else f"{_span(judgement.gap)}, in which it may have been at the door: "
            return f"{gap}{judgement.no_data}, {judgement.gap_why}{seen}"


def _how_near(judgement: Judgement, at: datetime, policy: Policy) -> str:
    within = f"within {judgement.within_s / 60:g} min of {at:%H:%M:%S}Z"
    near = judgement.nearest
    if near is None:
        return f"{within} it was seen nowhere, and too far off before and after to have been at the door"
    if near.metres <= policy.witness_radius_m:
        return (
            f"{within} the vehicle passed the door {near.metres:,.0f} m away, at {near.at:%H:%M:%S}Z, and did not stand"
        )
    return f"{within} the vehicle came no nearer to the door than {near.metres:,.0f} m, at {near.at:%H:%M:%S}Z"


def _when_there(judgement: Judgement) -> str:
    if judgement.there is None or judgement.off_s is None:
        return "it never stood at the door, as far as its fixes show"
    minutes = abs(judgement.off_s) / 60
    return (
        f"it stood there {minutes:,.0f} min {'later' if judgement.off_s > 0 else 'earlier'}, {_span(judgement.there)}"
    )


def _span(span: Span) -> str:
    return f"from {span.from_at:%H:%M:%S}Z to {span.to_at:%H:%M:%S}Z"
