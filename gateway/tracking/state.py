"""What the engine remembers of one device between fixes: small, frozen, and the same after being written down."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.tracking.deviation import ON_ROUTE, OffRoute
from gateway.tracking.doors import NOWHERE, Doors
from gateway.tracking.driving import Driving, Sums
from gateway.tracking.events import Gap
from gateway.tracking.filter import Seen
from gateway.tracking.matching import Hidden
from gateway.tracking.premises import Home
from gateway.tracking.stops import Stopping
from gateway.tracking.unseen import Newest
from gateway.tracking.visits import Visit


class OnTrip(msgspec.Struct, frozen=True, omit_defaults=True):
    """The trip whose stops, doors and route are followed; trip_id None in a recording without trips."""

    trip_id: str | None
    began_at: datetime
    was_away: bool = False  # well outside the premises at least once


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    vehicle_id: str | None = None
    seen: Seen = Seen()
    newest: datetime | None = None  # fixed_at of the newest fix that counted: the device's watermark
    last: Newest | None = None  # that fix
    home: Home = Home()
    trip: OnTrip | None = None
    doors: Doors = NOWHERE
    stopping: Stopping = Stopping()
    visits: tuple[Visit, ...] = ()
    off_route: OffRoute = ON_ROUTE
    driving: Driving = Driving()
    at_turn: Sums = Sums()  # readings at the last fix inside the premises, or at the first of a return
    gap: Gap | None = None  # ended before the departure was confirmed that it may belong to
    gap_told: bool = False  # a tick told that a gap is open
    hidden: tuple[Hidden, ...] = ()  # times since the last departure that may hide a round
