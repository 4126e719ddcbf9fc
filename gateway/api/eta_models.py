"""A forecast as it goes over HTTP. Computes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class EtaOut(BaseModel):
    """When the van will be at the door, as it is said now."""

    p50_at: datetime = Field(description="as likely before as after")
    p90_at: datetime = Field(description="nine in ten come before")
    late_risk: float = Field(description="probability that the window is missed, 0 to 1")
    source: Literal["street", "distance", "learned"] = Field(
        description="travel times: streets of the map, straight lines with a detour, or what the fleet itself drove"
    )
    fixed_at: datetime | None = Field(description="the fix that it begins with; null: it begins at the premises")
    drops_before: int = Field(description="open drops that come first")
    published_at: datetime = Field(description="since when this is said")
    computed_at: datetime = Field(description="when it was last found to be still right")
