"""What of an order's lines the customer took. Declares nothing and moves no goods."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import psycopg

from gateway.refusals import RefusedError
from storage.ledger import goods_of_orders
from storage.orders import accept_lines, lock_order


def accept(connection: psycopg.Connection, order_id: UUID, accepted: Mapping[int, Decimal]) -> bool:
    """Keeps what was accepted of the lines; whether that is less than all. A line that is not named is taken whole."""
    # The order before its lines, as whoever changes it: two would wait for one another for ever otherwise.
    lock_order(connection, order_id)
    ordered = {one.line_no: one.quantity for one in goods_of_orders(connection, [order_id]) if one.line_no is not None}
    for place, (line_no, quantity) in enumerate(accepted.items()):
        field = f"body.lines.{place}"
        if line_no not in ordered:
            lines = ", ".join(str(number) for number in ordered) or "none"
            raise RefusedError(f"the order has no line {line_no}; it has: {lines}", field=field)
        if quantity > ordered[line_no]:
            says = f"line {line_no}: {quantity} is more than the {ordered[line_no]} ordered"
            raise RefusedError(says, field=field)
    accept_lines(connection, order_id, accepted)
    return any(accepted.get(number, quantity) < quantity for number, quantity in ordered.items())
