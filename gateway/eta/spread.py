"""How far off estimates are: the spread around one, learned from past errors, and what it makes of it. Reads nothing.

An error is measured in units of a scale that grows with the time ahead and with the age of the fix, so that errors of
one horizon may be compared; the spread is a few quantiles of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import msgspec

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
# What is taken before anything was learned: vans are late more often, and by more, than they are early.
UNLEARNED = (-1.1, -0.85, -0.4, 0.0, 0.55, 1.3, 1.8)
HORIZONS_S = (0.0, 300.0, 600.0, 1200.0, 2400.0, 4800.0)
# So many drops of one horizon weigh as much as what is taken before.
PRIOR_DROPS = 30
_BASE_S = 45.0
_SHARE = 0.18
# A minute is the usual rhythm of reports; each second more of silence is half a second of doubt.
_FRESH_S = 60.0
_DOUBT = 0.5
_TAIL = 0.02  # nothing is certain before it has happened

Quantiles = tuple[float, ...]  # of errors in units of the scale, at LEVELS
Spreads = Mapping[UUID, Mapping[int, Quantiles]]  # premises -> horizon -> quantiles


class Outlook(msgspec.Struct, frozen=True):
    """An estimate with its spread."""

    raw_at: datetime
    scale_s: float
    p50_at: datetime
    p90_at: datetime
    late_risk: float


def horizon(ahead_s: float) -> int:
    """Which of HORIZONS_S so long a time ahead belongs to."""
    return max(0, bisect_right(HORIZONS_S, ahead_s) - 1)


def scale_s(ahead_s: float, fix_age_s: float) -> float:
    """What errors of an estimate so far ahead are measured in."""
    return _BASE_S + _SHARE * max(0.0, ahead_s) + _DOUBT * max(0.0, fix_age_s - _FRESH_S)


def learned(errors: Sequence[float], drops: int) -> Quantiles:
    """The quantiles of errors of so many drops, shrunk towards UNLEARNED while there are few."""
    if not errors:
        return UNLEARNED
    ordered = sorted(errors)
    weight = drops / (drops + PRIOR_DROPS)
    seen = [_quantile(ordered, level) for level in LEVELS]
    return tuple(weight * ours + (1 - weight) * prior for ours, prior in zip(seen, UNLEARNED, strict=True))


def outlook(
    raw_at: datetime, now: datetime, fix_age_s: float, window_to: datetime, spreads: Mapping[int, Quantiles]
) -> Outlook:
    """The estimate with p50, p90 and the probability that the window is missed; never before now."""
    ahead_s = (raw_at - now).total_seconds()
    scale = scale_s(ahead_s, fix_age_s)
    quantiles = spreads.get(horizon(ahead_s), UNLEARNED)

    def at(level: float) -> datetime:
        return max(now, raw_at + timedelta(seconds=scale * quantiles[LEVELS.index(level)]))

    risk = 1.0 if now > window_to else 1.0 - _below((window_to - raw_at).total_seconds() / scale, quantiles)
    return Outlook(raw_at, scale, at(0.5), at(0.9), risk)


def _below(error: float, quantiles: Quantiles) -> float:
    """The probability of an error below `error`; beyond the outermost quantiles it runs out over one width."""
    width = max(quantiles[-1] - quantiles[0], 1e-6)
    knots = [(quantiles[0] - width, _TAIL), *zip(quantiles, LEVELS, strict=True), (quantiles[-1] + width, 1 - _TAIL)]
    for (low, share), (high, above) in pairwise(knots):
        if error < low:
            return share
        if error < high:
            return share + (above - share) * (error - low) / (high - low)
    return 1 - _TAIL


def _quantile(ordered: Sequence[float], level: float) -> float:
    place = level * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
