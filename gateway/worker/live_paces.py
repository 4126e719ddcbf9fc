"""Looks again and again at what vans under way have just driven, for today's paces. Forecasts nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from gateway.eta.keeping import Keeper
from gateway.eta.learning import Fix, driven
from gateway.eta.live import WINDOW, Recent
from storage.eta_knowledge import driving_under_way

# A trip that nobody ended says nothing about today.
_LEFT_SINCE = timedelta(hours=24)


class LiveLook:
    """Remembers how far it has come with each trip, so that no piece of way counts twice."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._recent = Recent()
        self._newest: dict[UUID, Fix] = {}

    def look(self, connection: psycopg.Connection, now: datetime) -> None:
        """Takes in what is new and leaves today's paces with the keeper."""
        streets, known = self._keeper.streets(), self._keeper.learned(connection, now)
        paces = known.straight_paces if streets is None else known.street_paces
        newest: dict[UUID, Fix] = {}
        for trip_id, driving in driving_under_way(connection, now - WINDOW, now - _LEFT_SINCE, now).items():
            before = self._newest.get(trip_id)
            new = [fix for fix in driving.fixes if before is None or fix[0] > before[0]]
            fixes = new if before is None else [before, *new]
            newest[trip_id] = fixes[-1]
            for (cell, hour), one in driven(fixes, driving.pauses, streets, ZoneInfo(driving.tz)).items():
                expected_s = one.straight_s if streets is None else one.street_s
                self._recent.add(fixes[-1][0], cell, one.driven_s, expected_s * paces.at(cell, hour))
        self._newest = newest
        self._keeper.live = self._recent.live(now)
