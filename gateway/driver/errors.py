"""Why a shift's link was not issued. Says nothing itself: whoever raises it does."""

from __future__ import annotations

from gateway.refusals import ConflictError, RefusedError


class ShiftError(RefusedError):
    """What was asked of a shift's link does not make sense; the text says why and what would work."""


class ShiftConflictError(ShiftError, ConflictError):
    """It cannot be with the driver as they are."""
