"""Looks up what a customer's link leads to: the order, its page's facts, the van when it may be seen. Words nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec
import psycopg

from gateway.customer.van import Van, is_next, is_under_way, van_to_show
from gateway.dispatch.profile import PLAIN, Profile, in_force
from gateway.dispatch.profiles_of import newest_settings, settings_of
from storage.customer import (
    CustomerOrder,
    OtherDoor,
    Reached,
    customer_milestones,
    newest_fix_of_vehicle,
    other_doors,
)
from storage.profiles import profile_version


class Facts(msgspec.Struct, frozen=True):
    """What the page is made of. `others` never goes out."""

    order: CustomerOrder
    reached: list[Reached]
    others: list[OtherDoor]
    profile: Profile
    van: Van | None


def look(connection: psycopg.Connection, order: CustomerOrder, now: datetime, rate: float) -> Facts:
    """Everything about the order that its page may need; `rate` is the clock's."""
    others = others_of(connection, order)
    fix = None
    if order.vehicle_id is not None and is_next(order, others):
        fix = newest_fix_of_vehicle(connection, order.vehicle_id)
    van = van_to_show(order, others, fix, now, rate)
    return Facts(order, customer_milestones(connection, order.id), others, _profile(connection, order), van)


def others_of(connection: psycopg.Connection, order: CustomerOrder) -> list[OtherDoor]:
    """The doors of the trip's other orders; before and after the journey they are nothing to this one."""
    return other_doors(connection, order) if is_under_way(order) else []


def _profile(connection: psycopg.Connection, order: CustomerOrder) -> Profile:
    """What holds at the door: by the trip's version, else by the newest of what the shop chose."""
    if order.profile is not None and order.profile_version is not None:
        pinned = profile_version(connection, order.profile, order.profile_version)
        assert pinned is not None, "a foreign key keeps pinned versions"
        return in_force(settings_of(pinned))
    return in_force(newest_settings(connection, order.shop_profile or PLAIN))
