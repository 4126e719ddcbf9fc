"""The installation's time for a request. Is no clock itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from contract.clock import Clock


def now(request: Request) -> datetime:
    """The installation's time, by which people's deeds are recorded."""
    clock: Clock = request.app.state.clock
    return clock.now()


Now = Annotated[datetime, Depends(now)]
