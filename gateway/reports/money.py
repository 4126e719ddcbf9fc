"""Amounts of minor units as decimals of their currency. Knows no rates."""

from __future__ import annotations

from decimal import Decimal

from contract.currencies import decimals_of


def amount(minor: int | Decimal | None, currency: str | None) -> Decimal | None:
    """1290 and EUR are 12.90; None is not known."""
    if minor is None:
        return None
    decimals = decimals_of(currency)
    return Decimal(minor).scaleb(-decimals).quantize(Decimal(1).scaleb(-decimals))
