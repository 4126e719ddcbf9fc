"""Travel times for a request: what forecasts go by. Computes none."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.dispatch.estimate import WaysFor
from gateway.eta.keeping import Keeper


def _ways(request: Request, connection: Database, now: Now) -> WaysFor:
    keeper: Keeper = request.app.state.keeper
    return keeper.ways_for(connection, now)


FleetWaysFor = Annotated[WaysFor, Depends(_ways)]
