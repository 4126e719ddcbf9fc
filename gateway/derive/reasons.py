"""Takes the reasons that people give for stops and exceptions, each with its audit event. Finds none itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.reasons import ExceptionKind, StopReason
from gateway.dispatch.profiles_of import permits_stop
from gateway.refusals import ConflictError, NotThereError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.derivation import FoundTrip, newest_trip_numbers, trips_named
from storage.exceptions import (
    ExceptionRow,
    KnownException,
    NewException,
    NewReason,
    StopHead,
    exceptions_found,
    exceptions_of_trip,
    explain_exception,
    nth_stop,
    put_exception,
    put_stop_reason,
    reasons_of_trip,
    stop_head,
)


class ReasonError(RefusedError):
    """What was said of a stop, trip or exception cannot be taken; the text says why and the way out."""


class NoSuchExceptionError(ReasonError, NotThereError):
    """There is no such exception for whoever asked."""


class WithdrawnError(ReasonError, ConflictError):
    """What is known now does not show the exception any more."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A stop with the reason that counts from now on, and the one before."""

    stop: StopHead
    code: StopReason
    before: str
    permitted: bool


def find_trip(connection: psycopg.Connection, name: str, premises_id: UUID | None = None) -> FoundTrip:
    """The trip of this number or id; among several premises the one named."""
    found = trips_named(connection, name, premises_id)
    if len(found) == 1:
        return found[0]
    if found:
        codes = ", ".join(one.premises_code for one in found)
        raise ReasonError(f"several premises have a trip {name}; name one with --premises: {codes}")
    newest = ", ".join(newest_trip_numbers(connection)) or "none yet"
    raise ReasonError(f"there is no trip {name!r}; the newest are {newest}")


def find_stop(connection: psycopg.Connection, name: str, premises_id: UUID | None = None) -> StopHead:
    """The stop of this id, or TRIP/N: the trip's stop number N in the version that counts."""
    trip, slash, place = name.rpartition("/")
    stop_id: UUID | None
    if slash:
        if not place.isdecimal() or int(place) < 1:
            raise ReasonError(f"stop {name!r}: after the slash stands its number on the trip, 1 and on")
        found = find_trip(connection, trip, premises_id)
        stop_id = nth_stop(connection, found.id, int(place))
        if stop_id is None:
            raise ReasonError(f"trip {found.trip_no} has no stop {place}: waybill trip show {found.trip_no}")
    else:
        try:
            stop_id = UUID(name)
        except ValueError:
            raise ReasonError(f"stop {name!r} is neither an id nor TRIP/N, such as T-0007/3") from None
    stop = stop_head(connection, stop_id)
    if stop is None:
        raise ReasonError(f"there is no stop {name}")
    return stop


def give_reason(
    connection: psycopg.Connection, stop: StopHead, code: str, note: str | None, *, actor: Actor, at: datetime
) -> Given:
    """From now on the stop has this reason, whatever version shows it; the one before is kept.

    An exception for it is closed with what was said; a reason that is not permitted opens one where there is none.
    """
    reason = _checked(code, note)
    earlier = [one for one in reasons_of_trip(connection, stop.trip_id) if _shares_time(one.from_at, one.to_at, stop)]
    before = earlier[0].code if earlier else stop.reason
    if before == reason and not note:
        raise ReasonError(f"the stop has the reason {before} already")
    permitted = permits_stop(connection, stop.trip_id, reason, at)
    who = f"{actor.kind} {actor.name}"
    said = NewReason(stop=stop, code=reason, note=note, permitted=permitted, given_by=who, given_at=at, replaces=before)
    put_stop_reason(connection, said)
    event = AuditEvent(
        at=at, actor=actor, action="stop.reason_given", object_kind="stop", object_id=str(stop.id),
        premises_id=stop.premises_id, before={"reason": before},
        after={"reason": reason, "permitted": permitted, "began_at": stop.began_at, "trip_no": stop.trip_no},
        reason=note,
    )  # fmt: skip
    record(connection, [event])
    _settle(connection, stop, said, actor, at)
    return Given(stop=stop, code=reason, before=before, permitted=permitted)


def find_exception(connection: psycopg.Connection, beginning: str) -> ExceptionRow:
    """The exception whose id starts so."""
    found = exceptions_found(connection, None, everything=True, beginning=beginning, limit=2)
    if len(found) != 1 or len(beginning) < 4:
        what = "several exceptions" if len(found) > 1 else "no exception"
        raise ReasonError(f"{what} with an id that starts with {beginning!r}: waybill exceptions list")
    return found[0]


def explain(
    connection: psycopg.Connection, exception: ExceptionRow, explanation: str, *, actor: Actor, at: datetime
) -> None:
    """Closes the exception with what somebody says; saying it anew replaces it, the audit event keeps both."""
    if not explanation.strip():
        raise ReasonError("an explanation is needed, in words")
    if exception.withdrawn:
        raise WithdrawnError("this exception was withdrawn: what is known now does not show it")
    explain_exception(connection, exception.id, explanation, f"{actor.kind} {actor.name}", at)
    event = AuditEvent(
        at=at, actor=actor, action="exception.explained", object_kind="exception", object_id=str(exception.id),
        premises_id=exception.premises_id, before={"explanation": exception.explanation},
        after={"explanation": explanation, "kind": exception.kind, "trip_no": exception.trip_no},
    )  # fmt: skip
    record(connection, [event])


def _checked(code: str, note: str | None) -> StopReason:
    known = [one.value for one in StopReason if one is not StopReason.UNEXPLAINED]
    if code.upper() not in known:
        raise ReasonError(f"reason {code!r} must be one of {', '.join(known)}")
    if code.upper() == StopReason.OTHER and not (note or "").strip():
        raise ReasonError("reason OTHER needs a note: --note 'what it was'")
    return StopReason(code.upper())


def _settle(connection: psycopg.Connection, stop: StopHead, said: NewReason, actor: Actor, at: datetime) -> None:
    words = said.code if said.note is None else f"{said.code}: {said.note}"
    about = [one for one in exceptions_of_trip(connection, stop.trip_id) if _about_stop(one, stop)]
    if not about and not said.permitted:
        new = NewException(
            kind=ExceptionKind.STOP_NOT_PERMITTED, zone_id=None, from_at=stop.began_at, to_at=stop.ended_at,
            lat_e7=stop.lat_e7, lon_e7=stop.lon_e7, rule=f"{said.code} is no reason that permits a stop",
        )  # fmt: skip
        exception_id, _ = put_exception(connection, stop.trip_id, new, at)
        explain_exception(connection, exception_id, words, said.given_by, at)
    for one in about:
        explain_exception(connection, one.id, words, said.given_by, at)
        event = AuditEvent(
            at=at, actor=actor, action="exception.explained", object_kind="exception", object_id=str(one.id),
            premises_id=stop.premises_id, before={"explanation": one.explanation}, after={"explanation": words},
        )  # fmt: skip
        record(connection, [event])


def _about_stop(one: KnownException, stop: StopHead) -> bool:
    kinds = (ExceptionKind.UNEXPLAINED_STOP, ExceptionKind.STOP_NOT_PERMITTED)
    return one.kind in kinds and _shares_time(one.from_at, one.to_at, stop)


def _shares_time(from_at: datetime, to_at: datetime | None, stop: StopHead) -> bool:
    return (stop.ended_at is None or from_at <= stop.ended_at) and (to_at is None or stop.began_at <= to_at)
