"""Which receipts and rejections are due to which device, and when. Sends nothing itself."""

from __future__ import annotations

from contract.messages import Receipt

RECEIPT_EVERY_S = 2.0  # per device: a van that sends every second need not hear every second
REJECTION_EVERY_S = 1.0  # per device: a unit gone mad is told, not echoed


class Receipts:
    """Holds back what a device was told a moment ago; the newest receipt of a spool replaces the one waiting."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], Receipt] = {}
        self._told_at: dict[str, float] = {}
        self._rejected_at: dict[str, float] = {}

    @property
    def waiting(self) -> int:
        """How many receipts are due or held back; many for long: the broker is away."""
        return len(self._waiting)

    def add(self, device: str, receipt: Receipt) -> None:
        self._waiting[device, receipt.spool] = receipt

    def due(self, now_s: float) -> list[tuple[str, Receipt]]:
        """Receipts to send at `now_s` (a monotonic clock); they count as sent."""
        ready = [
            (device, spool)
            for device, spool in self._waiting
            if now_s - self._told_at.get(device, -RECEIPT_EVERY_S) >= RECEIPT_EVERY_S
        ]
        for device, _ in ready:
            self._told_at[device] = now_s
        return [(device, self._waiting.pop((device, spool))) for device, spool in ready]

    def may_reject(self, device: str, now_s: float) -> bool:
        """Whether a rejection may go out to `device` now; if so it counts as sent."""
        if now_s - self._rejected_at.get(device, -REJECTION_EVERY_S) < REJECTION_EVERY_S:
            return False
        self._rejected_at[device] = now_s
        return True
