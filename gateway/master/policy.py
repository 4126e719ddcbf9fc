"""Lets premises choose thresholds of their own from a time on, with reason and audit event. Derives nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
import psycopg

from contract.reasons import DerivationCause
from gateway.master.errors import MasterDataError
from gateway.tracking.policy import Policy, overridden
from storage.audit import Actor, AuditEvent, record
from storage.derivation import trips_since
from storage.derivation_queue import queue_trips
from storage.ids import new_id
from storage.master import Premises
from storage.policy import PolicyRow, change_ground, policies, put_policy

DEFAULT = "default"  # as a value: back to what no premises chose
# What simulated fixes may do is the installation's choice: no premises makes a demo of its record.
_NOT_THEIRS = frozenset({"accept_simulated", "accept_replayed"})


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change: the thresholds from then on, and how many trips are derived again."""

    policy: Policy
    from_at: datetime
    overrides: dict[str, bool | float]
    queued: int


def policy_of(
    connection: psycopg.Connection, premises: Premises, base: Policy, at: datetime
) -> tuple[Policy, dict[str, object]]:
    """The thresholds that hold at `at`, and those of them that the premises chose."""
    chosen = [row for row in policies(connection, premises.id) if row.from_at <= at]
    overrides = dict(chosen[-1].overrides) if chosen else {}
    return overridden(base, overrides), overrides


def choose_policy(
    connection: psycopg.Connection,
    premises: Premises,
    changes: Mapping[str, str],
    base: Policy,
    *,
    reason: str,
    from_at: datetime,
    actor: Actor,
    at: datetime,
) -> Choice:
    """From `from_at` on these thresholds hold, the others as before; trips that departed since are derived again."""
    if not reason.strip():
        raise MasterDataError("a reason is needed: whoever reads a record later wants to know why")
    if theirs := sorted(_NOT_THEIRS & set(changes)):
        raise MasterDataError(f"{', '.join(theirs)} is set for the whole installation: WAYBILL_{theirs[0].upper()}")
    rows = policies(connection, premises.id)
    if rows and from_at <= rows[-1].from_at:
        raise MasterDataError(f"thresholds were chosen from {rows[-1].from_at.isoformat()} on: choose a later time")
    before = dict(rows[-1].overrides) if rows else {}
    after = _merged(before, changes, base)
    policy = overridden(base, after)
    row = PolicyRow(new_id(at), premises.id, after, from_at, actor.name, reason, at)
    put_policy(connection, row)
    change_ground(connection, premises.id)
    event = AuditEvent(
        at=at, actor=actor, action="policy.chosen", object_kind="policy", object_id=policy.version,
        premises_id=premises.id, before=before, after={"overrides": after, "from_at": from_at}, reason=reason,
    )  # fmt: skip
    record(connection, [event])
    trips = trips_since(connection, premises.id, from_at)
    queued = queue_trips(connection, [(trip, DerivationCause.POLICY) for trip in trips])
    return Choice(policy=policy, from_at=from_at, overrides=after, queued=queued)


def _merged(before: Mapping[str, bool | float], changes: Mapping[str, str], base: Policy) -> dict[str, bool | float]:
    """The premises' own thresholds with the changes, as values; one that is set to the default is none any more."""
    asked = {name: value for name, value in changes.items() if value != DEFAULT}
    for name in changes.keys() - asked.keys():
        if name not in base.__struct_fields__:
            overridden(base, {name: 0})  # raises with the names that are known
    try:
        wanted = msgspec.to_builtins(overridden(base, {**before, **asked}))
    except ValueError as error:
        raise MasterDataError(str(error)) from error
    defaults = msgspec.to_builtins(base)
    kept = (before.keys() | asked.keys()) - (changes.keys() - asked.keys())
    return {name: wanted[name] for name in sorted(kept) if wanted[name] != defaults[name]}
