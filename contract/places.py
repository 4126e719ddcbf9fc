"""Closed lists of zones and known places: what kinds there are. Knows no geometry."""

from __future__ import annotations

from enum import StrEnum


class ZoneKind(StrEnum):
    """What a zone is for; entering a prohibited place and leaving a state are exceptions."""

    PREMISES = "premises"
    SERVICE_AREA = "service_area"
    PROHIBITED = "prohibited"
    STATE = "state"
    OTHER = "other"


class PlaceKind(StrEnum):
    """What a known place is for: it gives a stop there its reason."""

    FUEL = "fuel"
    REPAIR = "repair"
    REST = "rest"
    HUB = "hub"
