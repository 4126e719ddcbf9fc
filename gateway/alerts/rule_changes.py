"""Changes the rules of alerts, each with its audit event. Applies none."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from gateway.alerts.kinds import AlertKind, Rule, Rules
from storage.alerts import StoredRule, alert_rules, put_alert_rule
from storage.audit import Actor, AuditEvent, record


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be another one; None: as it is."""

    off: bool | None = None
    threshold: float | None = None
    quiet_s: int | None = None


def change_rule(
    connection: psycopg.Connection, kind: AlertKind, premises_id: UUID | None, change: RuleChange, *, actor: Actor,
    at: datetime,
) -> Rule:  # fmt: skip
    """The rule that counts from now on."""
    stored = alert_rules(connection)
    own = next(
        (one for one in stored if (one.kind, one.premises_id) == (kind, premises_id)),
        StoredRule(premises_id, kind, Rules(stored).of(kind, premises_id).off, None, None),
    )
    new = msgspec.structs.replace(
        own, off=own.off if change.off is None else change.off,
        threshold=own.threshold if change.threshold is None else change.threshold,
        quiet_s=own.quiet_s if change.quiet_s is None else change.quiet_s,
    )  # fmt: skip
    put_alert_rule(connection, new)
    event = AuditEvent(
        at=at, actor=actor, action="alert_rule.changed", object_kind="alert_rule", object_id=kind,
        premises_id=premises_id, before=_values(own), after=_values(new),
    )  # fmt: skip
    record(connection, [event])
    return Rules(alert_rules(connection)).of(kind, premises_id)


def _values(rule: StoredRule) -> dict[str, object]:
    return {"off": rule.off, "threshold": rule.threshold, "quiet_s": rule.quiet_s}
