"""What the word of a handoff or a return means for the ledger: goods leave the vehicle. Declares nothing itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from contract.milestones import Milestone
from storage.audit import Actor
from storage.ledger import aboard, put_movements
from storage.orders import accepted_lines

_KINDS = {Milestone.DELIVERED: "deliver", Milestone.RETURNED: "return"}


def goods_leave(
    connection: psycopg.Connection, order_id: UUID, premises_id: UUID, milestone: Milestone, at: datetime, actor: Actor
) -> None:
    """Delivered: what was accepted is off the vehicle; returned: all that is left. Goods never loaded move nothing."""
    kind = _KINDS.get(milestone)
    if kind is None:
        return
    accepted = accepted_lines(connection, order_id) if milestone is Milestone.DELIVERED else {}
    for one in aboard(connection, order_ids=[order_id]):
        quantity = min(one.quantity, accepted.get(one.line_no, one.quantity))
        if quantity > Decimal(0):
            put_movements(connection, premises_id, one.trip_id, kind, [(one, -quantity)], at=at, actor=actor)
