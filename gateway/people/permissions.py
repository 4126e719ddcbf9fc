"""Which role may do what, as one table. Knows nobody and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from storage.people import Grant


class Permission(StrEnum):
    """A kind of act; also the scopes of API keys."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"  # place, change, cancel, declare milestones
    TRIPS_READ = "trips:read"
    TRIPS_WRITE = "trips:write"  # plan, load, depart, change, transfer
    MASTER_READ = "master:read"  # premises, vehicles, drivers, devices, places
    MASTER_WRITE = "master:write"
    HISTORY_READ = "history:read"  # where vehicles were
    RECORDS_READ = "records:read"  # audit trail, reports, who saw what
    RECORDS_IMPORT = "records:import"  # say of plans and loads that they were made earlier
    EXCEPTIONS_WRITE = "exceptions:write"  # explain an exception, give a stop its reason
    WEBHOOKS_WRITE = "webhooks:write"
    PROFILES_WRITE = "profiles:write"  # jurisdiction profiles and their versions
    PEOPLE_WRITE = "people:write"  # accounts, roles, API keys


class Role(StrEnum):
    """What a person is to the installation; each for all or for named premises."""

    VIEWER = "viewer"
    SUPPORT = "support"
    DISPATCHER = "dispatcher"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"
    DRIVER = "driver"


_P = Permission
_LOOK = frozenset({_P.ORDERS_READ, _P.TRIPS_READ, _P.MASTER_READ})
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _LOOK,
    Role.SUPPORT: _LOOK | {_P.HISTORY_READ},
    Role.DISPATCHER: _LOOK | {_P.ORDERS_WRITE, _P.TRIPS_WRITE, _P.HISTORY_READ, _P.EXCEPTIONS_WRITE},
    Role.COMPLIANCE: _LOOK | {_P.HISTORY_READ, _P.RECORDS_READ, _P.EXCEPTIONS_WRITE},
    Role.ADMINISTRATOR: frozenset(Permission),
    # What drivers may do with trips that they are on comes from the tie of their account to them, not from the role.
    Role.DRIVER: frozenset(),
}

# What a key may be given: people and profiles are changed by people only.
KEY_SCOPES = frozenset(Permission) - {_P.PEOPLE_WRITE, _P.PROFILES_WRITE, _P.RECORDS_READ}


class Scope:
    """The premises at which somebody may do one thing."""

    def __init__(self, premises_ids: frozenset[UUID] | None) -> None:
        self.premises_ids = premises_ids  # None: all

    def __bool__(self) -> bool:
        return self.premises_ids is None or bool(self.premises_ids)

    def __contains__(self, premises_id: UUID) -> bool:
        return self.premises_ids is None or premises_id in self.premises_ids

    @property
    def listed(self) -> list[UUID] | None:
        """For a query: the ids, or None for all."""
        return None if self.premises_ids is None else sorted(self.premises_ids)


def scope_of(grants: Iterable[Grant], permission: Permission) -> Scope:
    """Where these roles together allow `permission`."""
    allowing = [grant for grant in grants if permission in PERMISSIONS[Role(grant.role)]]
    if any(grant.premises_id is None for grant in allowing):
        return Scope(None)
    return Scope(frozenset(grant.premises_id for grant in allowing if grant.premises_id is not None))
