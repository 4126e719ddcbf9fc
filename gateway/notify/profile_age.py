"""The age that the ID at the door has to show, by the shop's profile. Checks nobody."""

from __future__ import annotations

from datetime import datetime

import psycopg

from gateway.dispatch.profile import PLAIN, in_force
from gateway.dispatch.profiles_of import newest, settings_of
from storage.telling import OrderToTell


def age_of(connection: psycopg.Connection, order: OrderToTell, now: datetime) -> int | None:
    """None: the profile names none."""
    return in_force(settings_of(newest(connection, order.profile or PLAIN, now))).age_threshold
