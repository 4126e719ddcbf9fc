"""The second witness: handoffs held against the vehicle's own unit, judged again when more is known. Commits nothing.

Whoever calls holds the trip's derivation lock, so that judgements of one handoff are made one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from contract.fix import Fix
from contract.reasons import NOT_AT_THE_DOOR, ExceptionKind, NoWitness, WitnessVerdict
from gateway.custody.witness_words import words
from gateway.derive.ground import GroundHistory, Grounds
from gateway.tracking import filter as fix_filter
from gateway.tracking.events import Point
from gateway.tracking.policy import Policy
from gateway.tracking.witness import Judgement, Sight, Span, Stay, Unseen, Word, allowed, judge
from storage.audit import Actor, AuditEvent, record
from storage.derivation import UnitRow, stored_fixes, units_of_vehicle
from storage.derived import note_policy_version, read_findings
from storage.derived_rows import Evidence, Findings
from storage.exceptions import NewException, change_exception, put_exception, withdraw_exception
from storage.witness import (
    HandoffToJudge,
    KnownJudgement,
    NewWitness,
    WitnessedTrip,
    contradiction_of,
    handoffs_to_judge,
    link_exception,
    put_witness,
    witnessed_trip,
)

# The cause of a handoff's first judgement; later ones have the cause of what was derived again.
FIRST = "handoff"
# A unit that is heard late by so much is no news.
PATIENCE = timedelta(minutes=2)
# How far around a handoff the vehicle is looked for, beside its trip: across gaps that hide where it was.
_AROUND = timedelta(minutes=30)
# A trip that never came back is looked at for so long and no longer.
_LONGEST = timedelta(hours=48)
# Standing there a minute more or less is the same judgement, and so is a metre.
_SAME_S, _SAME_M = 60.0, 1.0


class Known(msgspec.Struct, frozen=True):
    """All that is known of the vehicle around handoffs of one trip."""

    trip: WitnessedTrip
    units: list[UnitRow]
    points: list[Point]
    found: Findings


def judge_trip(
    connection: psycopg.Connection, trip_id: UUID, grounds: Grounds, cause: str, now: datetime, actor: Actor
) -> None:
    """Judges every handoff of the trip anew; a judgement that says nothing new is not kept."""
    handoffs = handoffs_to_judge(connection, trip_id=trip_id)
    if handoffs:
        judge_handoffs(connection, trip_id, handoffs, grounds, cause, now, actor)


def judge_handoffs(
    connection: psycopg.Connection, trip_id: UUID | None, handoffs: Sequence[HandoffToJudge], grounds: Grounds,
    cause: str, now: datetime, actor: Actor,
) -> list[UUID]:  # fmt: skip
    """Judges handoffs of one trip (None: of none); those that wait for nothing more."""
    premises_id = str(handoffs[0].premises_id)
    ground = grounds.of(connection, {premises_id})[premises_id]
    waits: dict[UUID, timedelta] = {one.id: allowed(_word(one), ground.at(one.at).policy) for one in handoffs}
    ripe = [one for one in handoffs if one.at + waits[one.id] <= now]
    if not ripe:
        return []
    known = None if trip_id is None else _known(connection, trip_id, ripe, waits, ground, now)
    settled = []
    for one in ripe:
        held = ground.at(one.at)
        found = _judge(one, known, held.policy)
        heard = found.heard_to is not None and found.heard_to >= one.at + waits[one.id]
        early = found.no_data == NoWitness.NOT_HEARD and not heard and now < one.at + waits[one.id] + PATIENCE
        if not early and _is_news(one, found, held.policy_version, known):
            version = held.policy_version
            note_policy_version(connection, one.premises_id, version, msgspec.to_builtins(held.policy), now)
            _keep(connection, one, found, held.policy, known, cause if one.known else FIRST, now)
            _sync_exception(connection, one, found, held.policy, known, now, actor)
        if found.verdict is not WitnessVerdict.NO_DATA or heard or trip_id is None:
            settled.append(one.id)
    return settled


def _word(one: HandoffToJudge) -> Word:
    return Word(
        at=one.at, lat_e7=one.lat_e7 or 0, lon_e7=one.lon_e7 or 0, rough=one.place_quality == "near",
        offline=one.offline,
    )  # fmt: skip


def _judge(one: HandoffToJudge, known: Known | None, policy: Policy) -> Judgement:
    word = _word(one)
    within = allowed(word, policy)
    if known is None:
        return _without(NoWitness.NO_TRIP, "the handoff was on no trip of ours", within)
    if one.lat_e7 is None:
        return _without(NoWitness.NO_PLACE, "nobody knows where the address is", within)
    if not any(_fitted(unit, one.at - within, one.at + within) for unit in known.units):
        return _without(NoWitness.NO_UNIT, "no unit was fitted in the vehicle", within)
    return judge(word, _sight(one, known, policy), policy)


def _without(cause: NoWitness, why: str, within: timedelta) -> Judgement:
    return Judgement(
        verdict=WitnessVerdict.NO_DATA, within_s=within.total_seconds(), no_data=cause, gap_why=why
    )  # fmt: skip


def _sight(one: HandoffToJudge, known: Known, policy: Policy) -> Sight:
    stays = [Stay(row.began_at, row.ended_at, row.lat_e7, row.lon_e7) for row in known.found.stops]
    assert one.lat_e7 is not None, "the caller looked"
    assert one.lon_e7 is not None, "a place is whole"
    gaps = [Unseen(row.began_at, row.ended_at, row.cause, row.why) for row in known.found.gaps]
    # Shown by two fixes on both sides of the door; other visits have fixes of their own.
    stays += [
        Stay(row.arrived_at, row.left_at, one.lat_e7, one.lon_e7) for row in known.found.visits
        if row.inferred and row.arrived_at is not None and row.order_id == str(one.order_id)
    ]  # fmt: skip
    limits = [_limit_s(unit, policy) for unit in known.units]
    return Sight(points=known.points, stays=stays, unseen=gaps, limit_s=max(limits, default=policy.gap_unannounced_s))


def _limit_s(unit: UnitRow, policy: Policy) -> float:
    """As long as the unit may be silent while it stands."""
    announced = [one for one in (unit.report_interval_s, unit.heartbeat_s) if one is not None]
    least = policy.gap_min_s if len(announced) == 2 else policy.gap_unannounced_s
    return max(least, policy.gap_intervals * max(announced, default=0.0))


def _known(
    connection: psycopg.Connection, trip_id: UUID, handoffs: Sequence[HandoffToJudge], waits: dict[UUID, timedelta],
    ground: GroundHistory, now: datetime,
) -> Known:  # fmt: skip
    trip = witnessed_trip(connection, trip_id)
    found = Findings() if trip.derivation_id is None else read_findings(connection, trip.derivation_id)
    spans = _joined([_trip_span(trip, now), *(_around(one, waits[one.id]) for one in handoffs)])
    units, points = [], []
    for span in spans:
        fitted = units_of_vehicle(connection, trip.vehicle_id, span.from_at, span.to_at)
        points += _points(stored_fixes(connection, fitted, span.from_at, span.to_at, span.to_at), ground)
        units += [unit for unit in fitted if unit not in units]
    return Known(trip, units, points, found)


def _trip_span(trip: WitnessedTrip, now: datetime) -> Span:
    from_at = (trip.departed_at or trip.planned_departure_at) - _AROUND
    to_at = min(trip.ended_at or now, from_at + _LONGEST) + _AROUND
    return Span(from_at, max(from_at, to_at))


def _around(one: HandoffToJudge, wait: timedelta) -> Span:
    return Span(one.at - wait - _AROUND, one.at + wait + _AROUND)


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.from_at):
        if joined and span.from_at <= joined[-1].to_at:
            joined[-1] = Span(joined[-1].from_at, max(joined[-1].to_at, span.to_at))
        else:
            joined.append(span)
    return joined


def _points(fixes: Iterator[Fix], ground: GroundHistory) -> list[Point]:
    """The fixes that count, by the thresholds that held; the filter judges anew, as when a trip is derived again."""
    seen, points = fix_filter.Seen(), []
    for fix in fixes:
        point = Point(fix.fixed_at, fix.lat_e7, fix.lon_e7, fix.seq, fix.speed_mps, fix.accuracy_m)
        seen, rule = fix_filter.judge(seen, fix, ground.at(fix.fixed_at).policy, point)
        if rule is None:
            points.append(point)
    return points


def _fitted(unit: UnitRow, from_at: datetime, to_at: datetime) -> bool:
    return (unit.from_at is None or unit.from_at <= to_at) and (unit.to_at is None or from_at < unit.to_at)


def _is_news(one: HandoffToJudge, found: Judgement, policy_version: str, known: Known | None) -> bool:
    before = one.known
    if before is None:
        return True
    if known is not None and not known.points and found.no_data == NoWitness.NOT_HEARD:
        return False  # its fixes are kept no longer: what they showed stays
    if (before.verdict, before.no_data, before.policy_version) != (found.verdict, found.no_data, policy_version):
        return True
    return (before.lat_e7, before.lon_e7) != (one.lat_e7, one.lon_e7) or _tells_more(before, found)


def _tells_more(before: KnownJudgement, found: Judgement) -> bool:
    """Whether another time or distance is told, where the verdict is the same."""
    there, gap, near = _ends(found.there), _ends(found.gap), found.nearest
    told = (before.there_from, before.there_to, before.gap_from, before.gap_to)
    if any(_apart(old, new) for old, new in zip(told, (*there, *gap), strict=True)):
        return True
    if found.verdict is not WitnessVerdict.CONTRADICTED:
        return False
    if before.nearest_m is None or near is None:
        return (before.nearest_m is None) != (near is None)
    return abs(before.nearest_m - near.metres) >= _SAME_M


def _ends(span: Span | None) -> tuple[datetime | None, datetime | None]:
    return (None, None) if span is None else (span.from_at, span.to_at)


def _apart(old: datetime | None, new: datetime | None) -> bool:
    if old is None or new is None:
        return old is not new
    return abs((new - old).total_seconds()) >= _SAME_S


def _keep(
    connection: psycopg.Connection, one: HandoffToJudge, found: Judgement, policy: Policy, known: Known | None,
    cause: str, now: datetime,
) -> None:  # fmt: skip
    near, there, gap = found.nearest, _ends(found.there), _ends(found.gap)
    new = NewWitness(
        premises_id=one.premises_id, handoff_id=one.id, version=1 if one.known is None else one.known.version + 1,
        cause=cause, verdict=found.verdict.value, why=words(found, one.at, policy, one.reason_code), at=one.at,
        clock="phone" if one.by_phone else "told", within_s=found.within_s, lat_e7=one.lat_e7, lon_e7=one.lon_e7,
        nearest_m=None if near is None else round(near.metres, 1), nearest_at=None if near is None else near.at,
        there_from=there[0], there_to=there[1], off_s=found.off_s,
        no_data=None if found.no_data is None else str(found.no_data), gap_from=gap[0], gap_to=gap[1],
        evidence=_evidence(found.evidence), heard_to=found.heard_to,
        derivation_version=None if known is None else known.trip.derivation_version, policy_version=policy.version,
        made_at=now,
    )  # fmt: skip
    put_witness(connection, new)


def _evidence(points: Sequence[Point]) -> Evidence:
    return [
        {name: value for name, value in msgspec.to_builtins(point).items() if value is not None} for point in points
    ]


def _sync_exception(
    connection: psycopg.Connection, one: HandoffToJudge, found: Judgement, policy: Policy, known: Known | None,
    now: datetime, actor: Actor,
) -> None:  # fmt: skip
    """One exception for a handoff that the vehicle contradicts; it is withdrawn when it does so no more."""
    before = contradiction_of(connection, one.id)
    stands = found.verdict is WitnessVerdict.CONTRADICTED and one.reason_code not in NOT_AT_THE_DOOR
    if not stands or known is None or one.trip_id is None:
        if before is not None:
            withdraw_exception(connection, before.id, now)
            record(connection, [_event("exception.withdrawn", before.id, one, found, actor, now)])
        return
    last = max((point for point in known.points if point.fixed_at <= one.at), key=lambda p: p.fixed_at, default=None)
    new = NewException(
        kind=ExceptionKind.HANDOFF_CONTRADICTED, zone_id=None, from_at=one.at, to_at=one.at,
        lat_e7=None if last is None else last.lat_e7, lon_e7=None if last is None else last.lon_e7,
        rule=f"order {one.order_no}: attempt {one.attempt_no}, {one.outcome} on {known.trip.trip_no}; "
        + words(found, one.at, policy, one.reason_code),
    )  # fmt: skip
    if before is None:
        exception_id, _ = put_exception(connection, one.trip_id, new, now)
        link_exception(connection, exception_id, one.id)
        record(connection, [_event("exception.opened", exception_id, one, found, actor, now)])
    elif before.closed_at is None and before.rule != new.rule:
        change_exception(connection, before.id, new)


def _event(
    action: str, exception_id: UUID, one: HandoffToJudge, found: Judgement, actor: Actor, now: datetime
) -> AuditEvent:
    after = {"kind": ExceptionKind.HANDOFF_CONTRADICTED, "order_no": one.order_no, "attempt": one.attempt_no,
             "verdict": found.verdict}  # fmt: skip
    return AuditEvent(
        at=now, actor=actor, action=action, object_kind="exception", object_id=str(exception_id),
        premises_id=one.premises_id, after=after,
    )  # fmt: skip
