"""What stands above a report: whose records, which of them, made when and by whom. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from gateway.reports.columns import local_time, utc_time
from storage.audit import Actor


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """The premises whose records these are, and the licensee that they work under."""

    premises_id: UUID
    code: str
    name: str
    address: str | None
    licence_no: str | None
    licence_type: str | None
    tz: str
    profile: str | None
    profile_version: int | None
    licensee: str | None  # legal name
    licensee_licence_no: str | None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    @property
    def holder(self) -> str:
        """Who answers for the records; premises without a licensee answer in their own name."""
        return self.licensee or self.name

    @property
    def licence(self) -> str | None:
        return self.licence_no or self.licensee_licence_no


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One making of a report."""

    report: str
    title: str
    report_id: UUID
    whose: Whose
    filters: Mapping[str, Any]
    made_at: datetime
    made_by: Actor

    def document(self) -> dict[str, Any]:
        """As JSON and the manifest have it."""
        whose, zone = self.whose, self.whose.zone
        return {
            "report": self.report,
            "title": self.title,
            "report_id": str(self.report_id),
            "licensee": whose.holder,
            "licence_no": whose.licence,
            "licence_type": whose.licence_type,
            "premises": {"code": whose.code, "name": whose.name, "address": whose.address},
            "profile": whose.profile,
            "profile_version": whose.profile_version,
            "time_zone": whose.tz,
            "filters": {name: _said(value, zone) for name, value in self.filters.items()},
            "made_at_local": local_time(self.made_at, zone),
            "made_at_utc": utc_time(self.made_at),
            "made_by": f"{self.made_by.kind} {self.made_by.name}",
        }

    def lines(self) -> list[tuple[str, str]]:
        """As print has it: label and words."""
        said = self.document()
        profile = (
            f"{said['profile']}, version {said['profile_version']}" if said["profile_version"] else said["profile"]
        )
        filters = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in said["filters"].items())
        words = {
            "Licensee": said["licensee"],
            "Licence": " ".join(str(one) for one in (said["licence_no"], said["licence_type"]) if one) or "not entered",
            "Premises": ", ".join(str(one) for one in said["premises"].values() if one),
            "Profile": profile or "plain",
            "Of": filters or "everything on record",
            "Time zone": f"{said['time_zone']}; times are local, with their offset from UTC",
            "Made": f"{said['made_at_local']} by {said['made_by']}",
            "Report id": said["report_id"],
        }
        return list(words.items())


def _said(value: Any, zone: ZoneInfo) -> Any:
    return local_time(value, zone) if isinstance(value, datetime) else value
