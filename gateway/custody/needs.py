"""What the handoff of an order needs now, and what it may end with: one answer for page and program. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg

from contract.milestones import Milestone, may_follow
from gateway.custody.codes import codes
from gateway.custody.document import Document, ReturnableLine, document, returnable
from gateway.custody.door import photo_allowed
from gateway.custody.handoffs import trip_and_version
from gateway.custody.id_rules import Limit, limits
from gateway.custody.proofs import asked
from gateway.dispatch.profile import Proof, in_force
from gateway.dispatch.profiles_of import settings_of
from gateway.refusals import NotThereError
from storage.handoffs import handoffs_of_order, receipt_facts
from storage.orders import OrderHead, lock_order


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for at the door."""

    head: OrderHead
    trip_id: UUID | None
    may_end: bool  # whether it can be handed over, or fail, as it stands
    attempts: int  # so far
    proofs: tuple[Proof, ...]
    age_threshold: int | None
    limits: Sequence[Limit]
    photo: bool
    currency: str | None
    due_minor: int | None
    codes: Sequence[str]
    documents: dict[str, Document]  # by language
    lines: dict[str, Sequence[ReturnableLine]]
    tz: str
    customer_name: str
    customer_language: str | None
    address: str


def needs_of(
    connection: psycopg.Connection, order_id: UUID, languages: Sequence[str], now: datetime, *,
    trip_id: UUID | None = None, driver_id: UUID | None = None,
) -> Needs:  # fmt: skip
    """What the order's handoff on this trip (None: on its own) needs."""
    head = lock_order(connection, order_id)
    if head is None:
        raise NotThereError(f"there is no order {order_id}")
    trip, version = trip_and_version(connection, head, trip_id, now)
    profile = in_force(settings_of(version))
    trip_id = None if trip is None else trip.id
    facts = receipt_facts(connection, order_id, driver_id=driver_id, trip_id=trip_id)
    return Needs(
        head=head, trip_id=trip_id,
        may_end=may_follow(head.milestone, Milestone.DELIVERED),
        attempts=len(handoffs_of_order(connection, order_id)), proofs=asked(profile),
        age_threshold=profile.age_threshold, limits=limits(profile.age_threshold, now, facts["tz"]),
        photo=photo_allowed(profile), currency=facts["currency"], due_minor=facts["due_minor"], codes=[*codes(facts)],
        documents={one: document(facts, one) for one in languages},
        lines={one: returnable(facts, one) for one in languages}, tz=facts["tz"],
        customer_name=facts["customer_name"], customer_language=facts["customer_language"], address=facts["address"],
    )  # fmt: skip
