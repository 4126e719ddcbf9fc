"""What staff are warned of, from when on, and how long it is quiet after an end. Finds nothing."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from gateway.refusals import RefusedError
from storage.alerts import StoredRule


class AlertKind(StrEnum):
    """Something that staff are warned of."""

    EMERGENCY = "emergency"
    LATE_RISK = "late_risk"
    SILENT = "silent"
    UNEXPLAINED_STOP = "unexplained_stop"
    STOP_NOT_PERMITTED = "stop_not_permitted"
    LEFT_STATE = "left_state"
    PROHIBITED_PLACE = "prohibited_place"
    CHECK_IN_OVERDUE = "check_in_overdue"
    CONTRADICTED = "contradicted"
    FAILED_HANDOFF = "failed_handoff"
    DISK = "disk"
    BACKUP_OVERDUE = "backup_overdue"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """From when on a kind is worth a warning: its measure reaches the threshold. quiet_s: after an end, per subject."""

    title: str
    measure: str  # what the threshold is measured in
    threshold: float
    quiet_s: int = 0
    off: bool = False


_K = AlertKind
RULES: dict[AlertKind, Rule] = {
    _K.EMERGENCY: Rule(title="Emergency", measure="minutes since", threshold=0),
    _K.LATE_RISK: Rule(title="Late", measure="probability that the window is missed", threshold=0.5, quiet_s=1800),
    _K.SILENT: Rule(title="Silent on duty", measure="minutes since anything came in", threshold=10, quiet_s=900),
    _K.UNEXPLAINED_STOP: Rule(title="Unexplained stop", measure="minutes that it has lasted", threshold=5),
    _K.STOP_NOT_PERMITTED: Rule(title="Stop not permitted", measure="minutes that it has lasted", threshold=0),
    _K.LEFT_STATE: Rule(title="Left the state", measure="minutes outside", threshold=0),
    _K.PROHIBITED_PLACE: Rule(title="Prohibited place", measure="minutes inside", threshold=0),
    _K.CHECK_IN_OVERDUE: Rule(title="Check-in overdue", measure="minutes that it is overdue", threshold=0),
    _K.CONTRADICTED: Rule(title="A unit contradicts itself", measure="minutes that it is about", threshold=0),
    _K.FAILED_HANDOFF: Rule(title="Failed handoff", measure="minutes since", threshold=0),
    _K.DISK: Rule(title="Disk almost full", measure="percent in use", threshold=85, quiet_s=3600),
    _K.BACKUP_OVERDUE: Rule(
        title="Backup overdue", measure="hours beyond backup_max_age_hours", threshold=0, quiet_s=3600
    ),
}
# What is raised stays until its measure is clearly below: a value at the threshold must not ring again and again.
STAYS = 0.97


def kind_of(text: str) -> AlertKind:
    """The kind of this name; RefusedError names those that there are."""
    if text not in list(AlertKind):
        raise RefusedError(f"{text!r} is no kind of alert; there are: {', '.join(AlertKind)}")
    return AlertKind(text)


class Rules:
    """The rule of a kind at premises: theirs, else everybody's, else the one that comes with Waybill."""

    def __init__(self, stored: list[StoredRule]) -> None:
        self._stored = {(one.premises_id, one.kind): one for one in stored}

    def of(self, kind: AlertKind, premises_id: UUID | None) -> Rule:
        rule = RULES[kind]
        for whose in dict.fromkeys((None, premises_id)):
            own = self._stored.get((whose, kind))
            if own is not None:
                rule = msgspec.structs.replace(
                    rule, off=own.off, threshold=rule.threshold if own.threshold is None else own.threshold,
                    quiet_s=rule.quiet_s if own.quiet_s is None else own.quiet_s,
                )  # fmt: skip
        return rule
