"""A customer's note for the driver: kept on the order, with its audit event. Knows no form."""

from __future__ import annotations

import re
from datetime import datetime

import psycopg

from gateway.customer.view import may_note
from gateway.refusals import ConflictError, RefusedError
from storage.audit import Actor, AuditEvent, record
from storage.customer import CustomerOrder, put_customer_note
from storage.events import put_event
from storage.orders import lock_order

MOST = 280  # characters: what a driver can read at a door
CUSTOMER = Actor("customer", "customer")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class NoteTooLongError(RefusedError):
    """The note was not kept."""

    def __init__(self, characters: int) -> None:
        super().__init__(f"the note has {characters} characters; {MOST} fit", field="note")
        self.characters = characters


class TooLateError(ConflictError):
    """The driver is at the door, or the order is over."""


def leave_note(connection: psycopg.Connection, order: CustomerOrder, text: str, at: datetime) -> bool:
    """Keeps the note in place of the one before; an empty one takes that back. Whether it is another than before."""
    note = _cleaned(text)
    if len(note) > MOST:
        raise NoteTooLongError(len(note))
    head = lock_order(connection, order.id)
    assert head is not None, "orders are never deleted"
    if not may_note(head.milestone):
        raise TooLateError(f"order {order.order_no} is {head.milestone}")
    if (note or None) == order.customer_note:
        return False
    put_customer_note(connection, order.id, note or None, at)
    event = AuditEvent(
        at=at, actor=CUSTOMER, action="order.note_left", object_kind="order", object_id=str(order.id),
        premises_id=order.premises_id, before={"customer_note": order.customer_note},
        after={"customer_note": note or None},
    )  # fmt: skip
    record(connection, [event])
    body = {"order_no": order.order_no, "source_ref": head.source_ref, "changed": ["customer_note"]}
    put_event(connection, "order.changed", at, order.premises_id, body, order_id=order.id, test=head.test)
    return True


def _cleaned(text: str) -> str:
    """One paragraph a line, without what no keyboard types."""
    lines = (" ".join(_CONTROL.sub(" ", line).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
