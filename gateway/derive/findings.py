"""Turns the engine's events into findings of one trip; live and derived again alike. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from contract.places import ZoneKind
from gateway.tracking.events import (
    Arrived,
    ArrivingSoon,
    Departed,
    DepartureUnseen,
    DeviationBegan,
    DeviationEnded,
    Driven,
    Event,
    Gap,
    GapOpened,
    Left,
    Point,
    Returned,
    StopBegan,
    StopEnded,
    TripDriven,
    ZoneDwelt,
    ZoneEntered,
    ZoneLeft,
)
from gateway.tracking.gaps import Verdict
from gateway.tracking.matching import unseen_words
from storage.derived_rows import (
    DeviationRow,
    Evidence,
    FactsRow,
    Findings,
    GapRow,
    Moment,
    StopRow,
    Unseen,
    VisitRow,
    ZoneVisitRow,
)

Judge = Callable[[Gap], Verdict]
Version = Callable[[datetime], str]  # of the policy, at a time
_ZoneEvent = ZoneEntered | ZoneLeft | ZoneDwelt


def evidence(points: Iterable[Point]) -> Evidence:
    """Copies of fixes as JSON values; what is not known is left out."""
    return [_copy(point) for point in points]


def facts_row(began_at: datetime, ended_at: datetime, driven: Driven) -> FactsRow:
    return FactsRow(
        began_at=began_at, ended_at=ended_at, distance_m=round(driven.distance_m, 1), moving_s=_ms(driven.moving_s),
        stopped_s=_ms(driven.stopped_s), unseen_s=_ms(driven.unseen_s), unseen_m=round(driven.unseen_m, 1),
        idling_s=None if driven.idling_s is None else _ms(driven.idling_s), max_speed_mps=driven.max_speed_mps,
        harsh_brakings=driven.harsh_brakings, harsh_accelerations=driven.harsh_accelerations, fixes=driven.fixes,
    )  # fmt: skip


class Collector:
    """Gathers the events of one trip in the order in which the engine told them."""

    def __init__(self, judge: Judge, version: Version) -> None:
        self._judge, self._version = judge, version
        self._departed: Moment | None = None
        self._returned: Moment | None = None
        self._unseen: Unseen | None = None
        self._facts: FactsRow | None = None
        self._stops: dict[datetime, StopRow] = {}
        self._visits: dict[str, VisitRow] = {}
        self._gaps: dict[datetime, GapRow] = {}
        self._deviations: dict[datetime, DeviationRow] = {}
        self._zones: list[_ZoneEvent] = []

    def add(self, event: Event) -> None:
        """Takes the event in; one that supersedes an earlier one replaces it."""
        match event:
            case Departed() | Returned() | DepartureUnseen():
                self._moment(event)
            case StopBegan() | StopEnded():
                row = _stop(event, self._version)
                self._stops[row.began_at] = row
            case ArrivingSoon() | Arrived() | Left():
                self._visit(event)
            case ZoneEntered() | ZoneLeft() | ZoneDwelt():
                if event.kind is not ZoneKind.PREMISES:
                    self._zones.append(event)
            case GapOpened() | Gap():
                gap = self._gap(event)
                self._gaps[gap.began_at] = gap
            case DeviationBegan() | DeviationEnded():
                deviation = _deviation(event, self._version)
                self._deviations[deviation.began_at] = deviation
            case TripDriven():
                self._facts = facts_row(event.began_at, event.at, event.driven)
            case _:
                pass  # an hour's facts belong to the vehicle, not to the trip

    def findings(self, trip_from: datetime | None, trip_to: datetime | None) -> Findings:
        """Everything so far; of zones what happened from-to (None: no bound)."""
        return Findings(
            departed=self._departed, returned=self._returned, facts=self._facts, unseen=self._unseen,
            stops=tuple(self._stops[at] for at in sorted(self._stops)),
            visits=tuple(sorted(self._visits.values(), key=_visit_order)),
            zone_visits=self._zone_visits(trip_from, trip_to),
            gaps=tuple(self._gaps[at] for at in sorted(self._gaps)),
            deviations=tuple(self._deviations[at] for at in sorted(self._deviations)),
        )  # fmt: skip

    def _moment(self, event: Departed | Returned | DepartureUnseen) -> None:
        points = evidence(event.evidence)
        match event:
            case Departed():
                self._departed = Moment(event.at, points)
            case Returned():
                self._returned = Moment(event.at, points)
            case DepartureUnseen():
                self._unseen = Unseen(event.at, points, unseen_words(event))

    def _visit(self, event: ArrivingSoon | Arrived | Left) -> None:
        row = self._visits.get(event.drop_id) or VisitRow(
            drop_id=event.drop_id, order_id=event.order_id, policy_version=self._version(event.at)
        )
        points = evidence(event.evidence)
        match event:
            case ArrivingSoon():
                changed: dict[str, Any] = {} if row.soon_at else {"soon_at": event.at, "soon_evidence": points}
            case Arrived():
                # Where it came again, it had only waited or passed before: the last time is the delivery's.
                changed = {"arrived_at": event.at, "arrived_evidence": points, "inferred": event.inferred,
                           "left_at": None, "left_evidence": None}  # fmt: skip
            case Left():
                changed = {"left_at": event.at, "left_evidence": points, "inferred": row.inferred or event.inferred}
        self._visits[event.drop_id] = msgspec.structs.replace(row, **changed)

    def _gap(self, event: GapOpened | Gap) -> GapRow:
        if isinstance(event, GapOpened):
            return GapRow(
                began_at=event.at, cause="unknown", why="no valid fix since then", provisional=True,
                evidence=evidence(event.evidence), policy_version=self._version(event.at),
            )  # fmt: skip
        verdict = self._judge(event)
        return GapRow(
            began_at=event.began_at, ended_at=event.at, cause=verdict.cause.value, why=verdict.why,
            provisional=verdict.provisional, refused=event.refused, limit_s=event.limit_s,
            evidence=evidence(event.evidence), policy_version=self._version(event.began_at),
        )  # fmt: skip

    def _zone_visits(self, trip_from: datetime | None, trip_to: datetime | None) -> tuple[ZoneVisitRow, ...]:
        rows: dict[tuple[str, datetime], ZoneVisitRow] = {}
        for event in self._zones:
            if (trip_from is not None and event.at < trip_from) or (trip_to is not None and event.at > trip_to):
                continue
            began_at = event.at if isinstance(event, ZoneEntered) else event.entered_at
            before = trip_from is not None and began_at < trip_from
            entered_at = trip_from if before and trip_from is not None else began_at
            row = rows.get((event.zone_id, entered_at)) or ZoneVisitRow(
                zone_id=event.zone_id, entered_at=entered_at, first_seen=before,
                policy_version=self._version(entered_at),
            )  # fmt: skip
            rows[event.zone_id, entered_at] = msgspec.structs.replace(row, **_zone_news(event))
        return tuple(sorted(rows.values(), key=lambda row: (row.entered_at, row.zone_id)))


def _zone_news(event: _ZoneEvent) -> dict[str, Any]:
    match event:
        case ZoneEntered():
            return {"entered_evidence": evidence(event.evidence), "first_seen": event.first_seen}
        case ZoneLeft():
            return {"left_at": event.at, "left_evidence": evidence(event.evidence)}
        case ZoneDwelt():
            return {"dwelt_at": event.at}


def _stop(event: StopBegan | StopEnded, version: Version) -> StopRow:
    ended = isinstance(event, StopEnded)
    began_at = event.began_at if isinstance(event, StopEnded) else event.at
    return StopRow(
        began_at=began_at, ended_at=event.at if ended else None, lat_e7=event.lat_e7, lon_e7=event.lon_e7,
        reason=event.reason.value, drop_id=event.drop_id, order_id=event.order_id, place_id=event.place_id,
        after_gap=event.after_gap, before_gap=isinstance(event, StopEnded) and event.before_gap,
        fixes=event.fixes if isinstance(event, StopEnded) else None, evidence=evidence(event.evidence),
        policy_version=version(began_at),
    )  # fmt: skip


def _deviation(event: DeviationBegan | DeviationEnded, version: Version) -> DeviationRow:
    if isinstance(event, DeviationBegan):
        return DeviationRow(
            began_at=event.at, worst_m=round(event.away_m, 1), evidence=evidence(event.evidence),
            policy_version=version(event.at),
        )  # fmt: skip
    return DeviationRow(
        began_at=event.began_at, ended_at=event.at, worst_m=round(event.worst_m, 1), worst=_copy(event.worst),
        driven_m=round(event.driven_m, 1), returned=event.returned, evidence=evidence(event.evidence),
        policy_version=version(event.began_at),
    )  # fmt: skip


def _copy(point: Point) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(point).items() if value is not None}


def _visit_order(row: VisitRow) -> tuple[datetime, str]:
    at = row.arrived_at or row.soon_at or row.left_at
    assert at is not None, "a visit is made by an event"
    return at, row.drop_id


def _ms(seconds: float) -> float:
    return round(seconds, 3)
