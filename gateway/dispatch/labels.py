"""The code on an order's label: what it says, and the order it stands for. Draws nothing."""

from __future__ import annotations

from uuid import UUID

_PREFIX = "WB:"


def label_code(order_id: UUID) -> str:
    """Upper case and digits only: a QR code packs those into 5.5 bits a letter, so its squares are larger."""
    return _PREFIX + order_id.hex.upper()


def order_of_label(code: str) -> str | None:
    """The id of the order that a label's code stands for; None when it is no such code."""
    text = code.strip().upper()
    if not text.startswith(_PREFIX):
        return None
    try:
        return str(UUID(text.removeprefix(_PREFIX)))
    except ValueError:
        return None
