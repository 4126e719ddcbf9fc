"""How premises speak to customers and staff: language, quiet hours, the day's list. Says nothing itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

import psycopg

from gateway.outbox.quiet import check_quiet_hours, check_time_of_day
from gateway.refusals import RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.master import Premises
from storage.telling import PremisesTelling, premises_telling, put_premises_telling

_LANGUAGE = re.compile(r"[a-z]{2,3}")


def telling_of(connection: psycopg.Connection, premises: Premises) -> PremisesTelling:
    """How these premises speak; RefusedError when they are closed: then they speak no more."""
    found = next((one for one in premises_telling(connection) if one.id == premises.id), None)
    if found is None:
        raise RefusedError(f"premises {premises.code} are closed")
    return found


def change_telling(
    connection: psycopg.Connection, premises: Premises, given: Mapping[str, str], *, actor: Actor, at: datetime
) -> None:
    """`given`: language, quiet_hours, digest_at; what is not given stays, an empty one of the last two means never."""
    known = telling_of(connection, premises)
    before = {"language": known.language, "quiet_hours": known.quiet_hours, "digest_at": known.digest_at}
    after = {**before, **given}
    if after["language"] is not None and _LANGUAGE.fullmatch(after["language"]) is None:
        raise RefusedError(f"language {after['language']!r} must be two or three small letters such as es")
    check_quiet_hours(after["quiet_hours"] or "")
    check_time_of_day(after["digest_at"] or "")
    if after == before:
        return
    put_premises_telling(
        connection, premises.id, language=after["language"], quiet_hours=after["quiet_hours"],
        digest_at=after["digest_at"],
    )  # fmt: skip
    event = AuditEvent(
        at=at, actor=actor, action="premises.telling_changed", object_kind="premises", object_id=str(premises.id),
        premises_id=premises.id, before=before, after=after,
    )  # fmt: skip
    record(connection, [event])
