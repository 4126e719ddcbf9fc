"""Changes what is on record of how a device is fitted, with its audit event. Fits and unfits none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataError
from storage import installs as rows
from storage.audit import Actor
from storage.installs import Install


def change_install(
    connection: psycopg.Connection, install: Install, values: dict[str, Any], *, actor: Actor, at: datetime
) -> Install:
    """Whether it is affixed and who agreed to it; also of an install that has ended: it is about the record."""
    changed, before, after = with_changes(install, values)
    if (changed.consent_by is None) != (changed.consent_on is None):
        raise MasterDataError("consent needs both who gave it and on which day", field="body.consent_by")
    if changed.consent_document is not None and changed.consent_by is None:
        raise MasterDataError(
            f"consent document {changed.consent_document!r} without who gave the consent", field="body.consent_document"
        )
    if after:
        rows.change_install(connection, changed)
        tell(connection, "install.changed", install, actor, at, premises_id=install.premises_id, before=before,
             after=after)  # fmt: skip
    return changed
