"""The thresholds of this installation before any premises chose others. Reads no database."""

from __future__ import annotations

from gateway.tracking.policy import Policy
from waybill.settings import Settings


def base_policy(settings: Settings) -> Policy:
    """The defaults, with what the settings say about simulated and replayed fixes."""
    return Policy(accept_simulated=settings.accept_simulated, accept_replayed=settings.accept_replayed)
