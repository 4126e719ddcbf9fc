"""From what is so now to what staff hear: one warning when an episode begins, one when it ends. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from gateway.alerts.kinds import STAYS, AlertKind, Rules
from storage.alerts import OpenAlert


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is so now, and by how much."""

    kind: AlertKind
    subject: str  # what it is about: one episode at a time
    says: str
    measure: float
    began_at: datetime
    premises_id: UUID | None = None
    order_id: UUID | None = None
    trip_id: UUID | None = None
    vehicle_id: UUID | None = None


class Change(msgspec.Struct, frozen=True):
    """What begins and what is over."""

    begun: list[Condition]
    over: list[OpenAlert]


def compare(
    alerts: Sequence[OpenAlert], conditions: Iterable[Condition], ended: Mapping[tuple[str, str], datetime],
    rules: Rules, looked_at: frozenset[AlertKind], now: datetime,
) -> Change:  # fmt: skip
    """`ended`: when an alert of a subject ended last. Of kinds that nobody looked at nothing ends."""
    known = {(one.kind, one.subject) for one in alerts}
    holding: set[tuple[str, str]] = set()
    begun = []
    for one in conditions:
        rule, key = rules.of(one.kind, one.premises_id), (str(one.kind), one.subject)
        if rule.off:
            continue
        if key in known:
            if one.measure >= rule.threshold * STAYS:
                holding.add(key)
        elif one.measure >= rule.threshold and key not in holding and not _is_quiet(ended.get(key), rule.quiet_s, now):
            holding.add(key)
            begun.append(one)
    over = [one for one in alerts if (one.kind, one.subject) not in holding and one.kind in looked_at]
    return Change(begun, over)


def _is_quiet(ended_at: datetime | None, quiet_s: int, now: datetime) -> bool:
    return ended_at is not None and now < ended_at + timedelta(seconds=quiet_s)
