"""Why a trip was left as it is. Says nothing itself: whoever raises it does."""

from __future__ import annotations

from gateway.refusals import ConflictError, NotThereError, RefusedError


class DispatchError(RefusedError):
    """What was asked of a trip does not make sense; the message says why and what would work."""


class NoSuchTripError(DispatchError, NotThereError):
    """There is no such trip, vehicle, driver or order for whoever asked."""


class DispatchConflictError(DispatchError, ConflictError):
    """It cannot be with trips, crews and vehicles as they are."""
