"""Which premises a request is about. Changes none."""

from __future__ import annotations

import psycopg

from gateway.api.callers import Caller
from gateway.people.permissions import Permission
from gateway.refusals import NotThereError, RefusedError
from storage.master import Premises, all_premises


def premises_of(connection: psycopg.Connection, caller: Caller, permission: Permission, code: str | None) -> Premises:
    """The premises named, or the caller's only ones; others look as if they were not there."""
    own = [one for one in all_premises(connection) if one.id in caller.scope(permission)]
    if code is None:
        if len(own) == 1:
            return own[0]
        codes = ", ".join(one.code for one in own)
        raise RefusedError(f"say which premises: {codes}", field="body.premises")
    for one in own:
        if one.code == code:
            return one
    raise NotThereError(f"there are no premises {code!r}", field="body.premises")
