"""The driver's word that the vehicle is at an order's door. What is told late or twice changes nothing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg

from contract.milestones import Milestone, may_follow
from gateway.orders.service import declare
from gateway.refusals import NotThereError
from storage.audit import Actor
from storage.orders import OrderHead, is_declared, lock_order


def arrive(connection: psycopg.Connection, order_id: UUID, trip_id: UUID, at: datetime, actor: Actor) -> OrderHead:
    """Says that the order has arrived, where nobody said so and it is on this trip and not over; the order then."""
    head = lock_order(connection, order_id)
    if head is None:
        raise NotThereError(f"there is no order {order_id}")
    seen = head.milestone is Milestone.ARRIVED and not is_declared(connection, order_id, Milestone.ARRIVED, trip_id)
    if head.trip_id != trip_id or not (seen or may_follow(head.milestone, Milestone.ARRIVED)):
        return head
    return declare(connection, order_id, Milestone.ARRIVED, at, actor)
