"""Does the demo's deeds when their time comes, through the orders service. Moves no van and makes up no deed."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from contract.clock import Clock
from contract.milestones import Milestone
from gateway.orders.service import OrdersError, declare, place_order, plan_trip
from storage.audit import Actor
from storage.health import device_health
from storage.orders import CrewMember, NewDrop, NewTrip, OrderHead, declared_of_refs, orders_by_refs
from waybill.demo.deeds import Deed, DeedKind
from waybill.demo.records import SOURCE
from waybill.demo.registers import Registered

log = logging.getLogger(__name__)

SHOP = Actor("order_system", SOURCE)
DISPATCHER = Actor("account", "demo dispatcher")
# A driver does not wait for the gateway to see the van arrive; the demo gives it this long (true time) beyond the
# deed's own time, once the fleet is in the present: a batch takes 1 s, a killed part is up again within 10 s.
PATIENCE_S = 25.0
_LOOK_EVERY_S = 0.5
_BATCH = 200
# From these an order may still be handed over; from any other, somebody else has ended its way already.
_ON_THE_WAY = frozenset({Milestone.QUEUED, Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON, Milestone.ARRIVED})


class Desk:
    """One thread's work over one connection; what is done is read from the database, so it may be begun again."""

    def __init__(self, database_url: str, registered: Registered, deeds: Sequence[Deed]) -> None:
        self._url = database_url
        self._registered = registered
        self._deeds = list(deeds)
        self._todo: list[Deed] = []
        self._ids: dict[str, UUID] = {}
        self._patience_ends_s: dict[tuple[str, DeedKind], float] = {}
        self.done: Counter[Milestone] = Counter()
        self.refused = 0

    def waiting(self, now: datetime) -> int:
        """Deeds whose time has come and that are not done."""
        return sum(deed.at <= now for deed in list(self._todo))

    @property
    def premises_id(self) -> UUID:
        return self._registered.premises_id

    def an_order_on_its_way(self) -> str | None:
        """The number of an order that is out for delivery now, if there is one."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            refs = sorted({deed.ref for deed in self._deeds})
            heads = orders_by_refs(connection, self.premises_id, SOURCE, refs)
        out = (head.order_no for head in heads.values() if head.milestone in _ON_THE_WAY - {Milestone.QUEUED})
        return next(out, None)

    def office_until(self, until: datetime) -> None:
        """Does what shop and dispatcher do up to `until`, at once."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            self._recall(connection)
            due = [deed for deed in self._todo if deed.kind <= DeedKind.PLAN and deed.at <= until]
            self._do_all(connection, due)

    def run(self, stop: threading.Event, clock: Clock, fleet_in_present: Callable[[], bool]) -> None:
        """Until `stop`: does each deed when it is due by `clock`. A lost database is waited for."""
        while not stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    self._recall(connection)
                    while not stop.wait(_LOOK_EVERY_S):
                        self._do_due(connection, clock.now(), in_present=fleet_in_present())
            except psycopg.OperationalError as error:
                log.warning("database away", extra={"action": "desk_waits", "error": str(error).strip()})
                stop.wait(1.0)

    def _recall(self, connection: psycopg.Connection) -> None:
        """What of the agenda is done, as the records say."""
        refs = sorted({deed.ref for deed in self._deeds})
        heads = orders_by_refs(connection, self._registered.premises_id, SOURCE, refs)
        self._ids = {ref: head.id for ref, head in heads.items()}
        said = declared_of_refs(connection, self._registered.premises_id, SOURCE, refs)
        self._todo = [deed for deed in self._deeds if (deed.ref, deed.milestone) not in said]
        self.done = Counter(milestone for _, milestone in said)

    def _do_due(self, connection: psycopg.Connection, now: datetime, *, in_present: bool) -> None:
        due = [deed for deed in self._todo if deed.at <= now]
        if not due:
            return
        self._do_all(connection, [deed for deed in due if deed.kind <= DeedKind.PLAN])
        at_doors = [deed for deed in due if deed.kind > DeedKind.PLAN]
        if at_doors:
            refs = sorted({deed.ref for deed in at_doors})
            heads = orders_by_refs(connection, self._registered.premises_id, SOURCE, refs)
            reached = {one.device: one.fixed_at for one in device_health(connection)}
            ready = [
                deed for deed in at_doors if self._is_ready(deed, heads.get(deed.ref), reached, in_present=in_present)
            ]
            self._do_all(connection, ready)

    def _is_ready(
        self, deed: Deed, head: OrderHead | None, reached: dict[str, datetime | None], *, in_present: bool
    ) -> bool:
        """Whether the driver's word comes after all that the gateway can have found of the visit, or has to."""
        if head is None:
            return False
        if deed.kind is DeedKind.RETURN:
            return head.milestone in (Milestone.FAILED, Milestone.RETURNED)
        if head.milestone is Milestone.ARRIVED or head.milestone not in _ON_THE_WAY:
            return True
        stored_up_to = reached.get(deed.van.device)
        if head.milestone is not Milestone.QUEUED and stored_up_to is not None and stored_up_to >= deed.at:
            return True
        if not in_present:
            return False
        ends_s = self._patience_ends_s.setdefault((deed.ref, deed.kind), time.monotonic() + PATIENCE_S)
        return time.monotonic() >= ends_s

    def _do_all(self, connection: psycopg.Connection, deeds: Sequence[Deed]) -> None:
        for first in range(0, len(deeds), _BATCH):
            batch = deeds[first : first + _BATCH]
            with connection.transaction():
                for deed in batch:
                    self._do(connection, deed)
            finished = {(deed.ref, deed.kind) for deed in batch}
            self._todo = [deed for deed in self._todo if (deed.ref, deed.kind) not in finished]

    def _do(self, connection: psycopg.Connection, deed: Deed) -> None:
        try:
            with connection.transaction():
                if deed.kind is DeedKind.PLACE:
                    self._ids[deed.ref] = place_order(connection, self._registered.premises_id, deed.order.new, SHOP).id
                elif deed.kind is DeedKind.PLAN:
                    plan_trip(connection, self._trip(deed), DISPATCHER, deed.at)
                elif deed.kind is DeedKind.HAND_OVER:
                    self._hand_over(connection, deed)
                else:
                    declare(connection, self._ids[deed.ref], deed.milestone, deed.at, DISPATCHER)
            self.done[deed.milestone] += len(deed.trip.orders) if deed.kind is DeedKind.PLAN else 1
        except OrdersError as error:
            # Somebody has used the demo by hand; the rest of its day goes on.
            self.refused += 1
            log.warning("left undone", extra={"action": "deed_refused", "deed": deed.kind.name, "error": str(error)})

    def _hand_over(self, connection: psycopg.Connection, deed: Deed) -> None:
        driver = Actor("driver", deed.van.crew[0].employee_no)
        order_id = self._ids[deed.ref]
        head = orders_by_refs(connection, self._registered.premises_id, SOURCE, [deed.ref])[deed.ref]
        if head.milestone is Milestone.QUEUED:
            # No fix showed the departure (a silent unit, a gateway that is behind): the driver's word stands.
            declare(connection, order_id, Milestone.OUT_FOR_DELIVERY, deed.trip.departs_at, driver)
        declare(
            connection,
            order_id,
            deed.milestone,
            deed.at,
            driver,
            reason_code=None if deed.order.failure is None else deed.order.failure.value,
        )

    def _trip(self, deed: Deed) -> NewTrip:
        trip, van = deed.trip, deed.van
        roles = ("driver", "second")
        people = [self._registered.drivers[person.employee_no] for person in van.crew]
        return NewTrip(
            premises_id=self._registered.premises_id,
            vehicle_id=self._registered.vehicles[van.vehicle],
            crew=tuple(CrewMember(person, role) for person, role in zip(people, roles, strict=False)),
            drops=tuple(NewDrop(self._ids[one.new.source_ref], one.planned_arrival_at) for one in trip.orders),
            planned_departure_at=trip.planned_departure_at,
            planned_route=trip.planned_route,
        )
