"""What the word of a handoff or a return means for the ledger: goods leave the vehicle. Declares nothing itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg

from contract.milestones import Milestone
from storage.audit import Actor
from storage.ledger import Aboard, aboard, put_movements
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
    leaving: dict[UUID, list[tuple[Aboard, Decimal]]] = {}
    for one in aboard(connection, order_ids=[order_id]):
        quantity = min(one.quantity, accepted.get(one.line_no, one.quantity))
        if quantity > Decimal(0):
            leaving.setdefault(one.trip_id, []).append((one, -quantity))
    for trip_id, goods in leaving.items():
        put_movements(connection, premises_id, trip_id, kind, goods, at=at, actor=actor)
