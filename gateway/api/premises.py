"""Which premises a request is about. Changes none."""

from __future__ import annotations

import psycopg

from gateway.api.callers import Caller
from gateway.people.permissions import Permission
from gateway.refusals import ConflictError, NotThereError, RefusedError
from storage.master import Premises, all_premises


def premises_of(connection: psycopg.Connection, caller: Caller, permission: Permission, code: str | None) -> Premises:
    """The premises named, or the caller's only ones; others look as if they were not there."""
    own = [one for one in all_premises(connection) if one.id in caller.scope(permission)]
    if code is None:
        working = [one for one in own if one.retired_at is None]
        if len(working) == 1:
            return working[0]
        codes = ", ".join(one.code for one in working)
        raise RefusedError(f"say which premises: {codes}", field="body.premises")
    for one in own:
        if one.code == code:
            if one.retired_at is not None:
                raise ConflictError(f"premises {code} are closed", field="body.premises")
            return one
    raise NotThereError(f"there are no premises {code!r}", field="body.premises")
