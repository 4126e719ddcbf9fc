"""Adds, changes and retires drivers, each with its audit event. Deletes none, and keeps no date of birth."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypedDict, Unpack, cast

import psycopg

from gateway.master.changes import tell, with_changes
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import master
from storage.audit import Actor
from storage.ids import new_id
from storage.master import Driver, Premises


class DriverFacts(TypedDict, total=False):
    """What may be known of a driver besides number and name; None: not known."""

    legal_name: str | None
    first_name: str | None
    over_21: bool | None
    permit_no: str | None
    employed_from: date | None
    employed_to: date | None


class DriverChange(DriverFacts, total=False):
    """What may be changed."""

    name: str


def add_driver(
    connection: psycopg.Connection,
    premises: Premises,
    *,
    employee_no: str,
    name: str,
    actor: Actor,
    at: datetime,
    **facts: Unpack[DriverFacts],
) -> Driver:
    bare = Driver(new_id(at), premises.id, premises.code, employee_no, name, None, None, at)
    driver, _, known = with_changes(bare, cast("dict[str, Any]", facts))
    _check_days(driver)
    try:
        with connection.transaction():
            master.put_driver(connection, driver)
    except psycopg.errors.UniqueViolation:
        raise MasterDataConflictError(
            f"employee number {employee_no} is taken already at {premises.code}", field="body.employee_no"
        ) from None
    after = {"employee_no": employee_no, "name": name, **known}
    tell(connection, "driver.added", driver, actor, at, premises_id=premises.id, after=after)
    return driver


def change_driver(
    connection: psycopg.Connection, driver: Driver, *, actor: Actor, at: datetime, **values: Unpack[DriverChange]
) -> Driver:
    """What is given of name and facts; the same ones again change nothing."""
    if driver.retired_at is not None:
        raise MasterDataConflictError(f"driver {driver.name} ({driver.employee_no}) is retired")
    changed, before, after = with_changes(driver, cast("dict[str, Any]", values))
    _check_days(changed)
    if after:
        master.change_driver(connection, changed)
        tell(connection, "driver.changed", driver, actor, at, premises_id=driver.premises_id, before=before,
             after=after)  # fmt: skip
    return changed


def retire_driver(
    connection: psycopg.Connection, driver: Driver, *, actor: Actor, at: datetime, last_day: date
) -> Driver:
    """The person drives no more. Without a last day of employment it is `last_day`."""
    if driver.retired_at is not None:
        raise MasterDataConflictError(f"driver {driver.name} ({driver.employee_no}) is retired already")
    values = {"retired_at": at, "employed_to": driver.employed_to or max(last_day, driver.employed_from or last_day)}
    changed, before, after = with_changes(driver, values)
    master.change_driver(connection, changed)
    tell(connection, "driver.retired", driver, actor, at, premises_id=driver.premises_id, before=before, after=after)
    return changed


def _check_days(driver: Driver) -> None:
    first, last = driver.employed_from, driver.employed_to
    if first is not None and last is not None and last < first:
        raise MasterDataError(
            f"driver {driver.name}: employed to {last}, which is before {first}",
            field="body.employed_to",
        )
