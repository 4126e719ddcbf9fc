"""The age that the ID at the door has to show, by the shop's profile. Checks nobody."""

from __future__ import annotations

import psycopg

from gateway.dispatch.profile import PLAIN, in_force
from gateway.dispatch.profiles_of import newest_settings
from storage.telling import OrderToTell


def age_of(connection: psycopg.Connection, order: OrderToTell) -> int | None:
    """None: the profile names none."""
    return in_force(newest_settings(connection, order.profile or PLAIN)).age_threshold
