"""One trip's findings as rows, the same whether they are about to be written or were read. Holds no SQL."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

Evidence = list[dict[str, Any]]  # copies of fixes: fixed_at, lat_e7, lon_e7, seq and what else is known


class StopRow(msgspec.Struct, frozen=True, kw_only=True):
    """A standstill; ended_at None = still. `reason` is the one that was found."""

    began_at: datetime
    ended_at: datetime | None = None
    lat_e7: int
    lon_e7: int
    reason: str
    drop_id: str | None = None
    order_id: str | None = None
    place_id: str | None = None
    after_gap: bool = False
    before_gap: bool = False
    fixes: int | None = None
    evidence: Evidence
    policy_version: str


class VisitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle at the door of a drop; arrived_at None: it only came near."""

    drop_id: str
    order_id: str
    soon_at: datetime | None = None
    soon_evidence: Evidence | None = None
    arrived_at: datetime | None = None
    arrived_evidence: Evidence | None = None
    inferred: bool = False
    left_at: datetime | None = None
    left_evidence: Evidence | None = None
    policy_version: str


class ZoneVisitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle inside a zone; left_at None = still, or the trip ended inside."""

    zone_id: str
    entered_at: datetime
    entered_evidence: Evidence | None = None
    first_seen: bool = False
    left_at: datetime | None = None
    left_evidence: Evidence | None = None
    dwelt_at: datetime | None = None
    policy_version: str


class GapRow(msgspec.Struct, frozen=True, kw_only=True):
    """A time without valid fixes; ended_at None: none came yet."""

    began_at: datetime
    ended_at: datetime | None = None
    cause: str
    why: str
    provisional: bool
    refused: int = 0
    limit_s: float | None = None
    evidence: Evidence
    policy_version: str


class DeviationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A departure from the planned way; ended_at None = still off it."""

    began_at: datetime
    ended_at: datetime | None = None
    worst_m: float
    worst: dict[str, Any] | None = None
    driven_m: float | None = None
    returned: bool | None = None
    evidence: Evidence
    policy_version: str


class FactsRow(msgspec.Struct, frozen=True, kw_only=True):
    """Driving facts; None: the data cannot tell."""

    began_at: datetime
    ended_at: datetime
    distance_m: float
    moving_s: float
    stopped_s: float
    unseen_s: float
    unseen_m: float
    idling_s: float | None = None
    max_speed_mps: float | None = None
    harsh_brakings: int | None = None
    harsh_accelerations: int | None = None
    fixes: int = 0


class Moment(msgspec.Struct, frozen=True):
    """When something was, and the fixes that decided it."""

    at: datetime
    evidence: Evidence


class Unseen(msgspec.Struct, frozen=True):
    """Nobody saw the trip depart; it was over at `at` at the latest."""

    at: datetime
    evidence: Evidence
    why: str


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that fixes showed of one trip, each kind in order of time."""

    departed: Moment | None = None
    returned: Moment | None = None
    stops: tuple[StopRow, ...] = ()
    visits: tuple[VisitRow, ...] = ()
    zone_visits: tuple[ZoneVisitRow, ...] = ()
    gaps: tuple[GapRow, ...] = ()
    deviations: tuple[DeviationRow, ...] = ()
    facts: FactsRow | None = None
    unseen: Unseen | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of everything found: equal digests, equal findings. Ids and times of writing are no part of it."""
        found = msgspec.structs.asdict(self)
        if self.unseen is None:
            del found["unseen"]  # digests of versions that were made before this was told stay what they are
        return hashlib.sha256(msgspec.json.encode(found, order="sorted")).hexdigest()
