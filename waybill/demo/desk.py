"""Does the demo's deeds over HTTP when their time comes: shop, dispatcher, crews. Moves no van, makes up no deed."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from contract.clock import Clock
from contract.milestones import Milestone
from waybill.demo.caller import AwayError, Caller, RefusedError
from waybill.demo.catalogue import PREMISES_CODE
from waybill.demo.deeds import MILESTONES, Deed, DeedKind
from waybill.demo.feed import Feed
from waybill.demo.paperwork import milestone_body, order_body, orders_file, trip_body
from waybill.demo.records import SOURCE

log = logging.getLogger(__name__)

# A driver does not wait for the gateway to see the van arrive; the demo gives it this long (true time) beyond the
# deed's own time, once the fleet is in the present: a batch takes 1 s, a killed part is up again within 10 s.
PATIENCE_S = 25.0
_LOOK_EVERY_S = 0.5
_CATCH_UP_S = 60.0
_MANY = 1_000
# By estimate a van that was loaded again at once is still on its way; who plans knows that it is back.
_ACCEPTED = ("vehicle_busy", "driver_busy")
_WHY = "the van and its crew are back by then"
_SAID = frozenset({DeedKind.ACCEPT, DeedKind.PREPARE, DeedKind.READY})


class Callers(msgspec.Struct, frozen=True):
    """Who asks: the shop's system and the crews' phones with a key each, the dispatcher signed in."""

    shop: Caller
    dispatcher: Caller
    phones: Caller

    def close(self) -> None:
        for caller in (self.shop, self.dispatcher, self.phones):
            caller.close()


class Desk:
    """One thread's work; what is done is read from the event feed, so it may be begun again."""

    def __init__(self, callers: Callers, deeds: Sequence[Deed]) -> None:
        self._callers = callers
        self._feed = Feed(callers.shop)
        self._todo = list(deeds)
        self._patience_ends_s: dict[tuple[str, DeedKind], float] = {}
        self.refused = 0

    @property
    def done(self) -> Counter[Milestone]:
        """How often each milestone was said."""
        return Counter(milestone for _, milestone in set(self._feed.said))

    def waiting(self, now: datetime) -> int:
        """Deeds whose time has come and that are not done."""
        return sum(deed.at <= now for deed in list(self._todo))

    def an_order_on_its_way(self) -> str | None:
        """The number of an order that is out for delivery now, if there is one."""
        return self._feed.on_its_way()

    def close(self) -> None:
        self._callers.close()

    def catch_up(self, until: datetime) -> None:
        """Brings along what shop, dispatcher and crews did up to `until` before the vans drive it."""
        give_up_s = time.monotonic() + _CATCH_UP_S
        while True:
            try:
                self._recall()
                due = [deed for deed in self._todo if deed.kind <= DeedKind.DEPART and deed.at <= until]
                return self._office(due, earlier=True)
            except AwayError:
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(_LOOK_EVERY_S)

    def run(self, stop: threading.Event, clock: Clock, fleet_in_present: Callable[[], bool]) -> None:
        """Until `stop`: does each deed when it is due by `clock`. An api that is away is waited for."""
        while not stop.is_set():
            try:
                self._recall()
                while not stop.wait(_LOOK_EVERY_S):
                    self._do_due(clock.now(), in_present=fleet_in_present())
            except AwayError as error:
                log.warning("api away", extra={"action": "desk_waits", "error": str(error)})
                stop.wait(1.0)

    def _recall(self) -> None:
        """What of the agenda is done, as the feed says."""
        self._feed.read_on()
        self._todo = [deed for deed in self._todo if not self._is_done(deed)]

    def _is_done(self, deed: Deed) -> bool:
        if deed.kind in (DeedKind.LOAD, DeedKind.DEPART):
            return self._feed.trip_nos.get(deed.ref) in self._feed.departed
        return (deed.ref, deed.milestone) in self._feed.said

    def _do_due(self, now: datetime, *, in_present: bool) -> None:
        due = [deed for deed in self._todo if deed.at <= now]
        if not due:
            return
        self._office([deed for deed in due if deed.kind <= DeedKind.DEPART], earlier=False)
        at_doors = [deed for deed in due if deed.kind > DeedKind.DEPART]
        if at_doors:
            self._feed.read_on()
        for deed in at_doors:
            if self._is_ready(deed, in_present=in_present):
                self._try(self._say_of_order, deed)

    def _is_ready(self, deed: Deed, *, in_present: bool) -> bool:
        """Whether the driver's word comes after all that the gateway can have found of the visit, or has to."""
        if deed.kind is DeedKind.RETURN:
            return (deed.ref, Milestone.FAILED) in self._feed.reached
        if (deed.ref, Milestone.ARRIVED) in self._feed.reached or self._feed.has_ended(deed.ref):
            return True
        if not in_present:
            return False
        ends_s = self._patience_ends_s.setdefault((deed.ref, deed.kind), time.monotonic() + PATIENCE_S)
        return time.monotonic() >= ends_s

    def _office(self, due: list[Deed], *, earlier: bool) -> None:
        """What is done before a van leaves; `earlier`: it was done before it is told."""
        placed = [deed for deed in due if deed.kind is DeedKind.PLACE]
        if earlier and placed:
            self._bring_orders(placed)
        else:
            for deed in placed:
                self._try(self._place, deed)
        said = sorted((deed for deed in due if deed.kind in _SAID), key=lambda deed: deed.at)
        for first in range(0, len(said), _MANY):
            self._say_many(said[first : first + _MANY])
        for deed in sorted((deed for deed in due if deed.kind > DeedKind.READY), key=lambda deed: (deed.at, deed.kind)):
            if deed.kind is DeedKind.PLAN:
                self._try(self._plan_earlier if earlier else self._plan_now, deed)
            elif deed.kind is DeedKind.LOAD:
                self._try(self._load_earlier if earlier else self._load_now, deed)
            else:
                self._try(self._depart, deed)

    def _try(self, do: Callable[[Deed], None], deed: Deed) -> None:
        try:
            do(deed)
        except RefusedError as error:
            # Somebody has used the demo by hand; the rest of its day goes on.
            self.refused += 1
            log.warning("left undone", extra={"action": "deed_refused", "deed": deed.kind.name, "error": str(error)})
        self._finish([deed])

    def _finish(self, deeds: Sequence[Deed]) -> None:
        finished = {(deed.ref, deed.kind) for deed in deeds}
        self._todo = [deed for deed in self._todo if (deed.ref, deed.kind) not in finished]

    def _bring_orders(self, deeds: Sequence[Deed]) -> None:
        path = f"/v1/orders/import?premises={PREMISES_CODE}&source={SOURCE}"
        self._callers.shop.ask("POST", path, orders_file([deed.order.new for deed in deeds]))
        for deed in deeds:
            self._feed.say(deed.ref, Milestone.RECEIVED)
        self._finish(deeds)

    def _place(self, deed: Deed) -> None:
        path = f"/v1/orders/by-ref/{SOURCE}/{deed.ref}"
        order = self._callers.shop.ask("PUT", path, order_body(deed.order.new))
        self._feed.order_nos[deed.ref] = order["order_no"]
        self._feed.say(deed.ref, Milestone.RECEIVED)

    def _say_many(self, deeds: Sequence[Deed]) -> None:
        """What the shop says of its orders; when the api takes not all of it, what of it there is to be said."""
        path = f"/v1/orders/by-ref/{SOURCE}/milestones?premises={PREMISES_CODE}"
        body = {"milestones": [{"number": deed.ref, **milestone_body(deed)} for deed in deeds]}
        try:
            told = self._callers.shop.ask("POST", path, body)
        except RefusedError as error:
            if len(deeds) == 1:
                self.refused += 1
                said = {"action": "deed_refused", "deed": deeds[0].kind.name, "error": str(error)}
                log.warning("left undone", extra=said)
                self._finish(deeds)
                return
            for deed in deeds:
                self._say_many([deed])
            return
        self._feed.order_nos.update({one["number"]: one["order_no"] for one in told["orders"]})
        for deed in deeds:
            self._feed.say(deed.ref, MILESTONES[deed.kind])
        self._finish(deeds)

    def _plan_now(self, deed: Deed) -> None:
        self._plan(self._callers.dispatcher, deed, None)

    def _plan_earlier(self, deed: Deed) -> None:
        self._plan(self._callers.shop, deed, deed.at)

    def _plan(self, caller: Caller, deed: Deed, at: datetime | None) -> None:
        refs = [order.new.source_ref for order in deed.trip.orders]
        body = trip_body(deed, [self._feed.order_no(ref) for ref in refs], at)
        once = f"{deed.trip.key} planned"
        try:
            planned = caller.ask("POST", "/v1/trips", body, once=once)
        except RefusedError as error:
            if not error.codes or not error.codes <= set(_ACCEPTED):
                raise
            body |= {"accept": _ACCEPTED, "reason": _WHY}
            planned = caller.ask("POST", "/v1/trips", body, once=f"{once} all the same")
        self._feed.plan(planned["trip"]["trip_no"], refs)

    def _load_now(self, deed: Deed) -> None:
        self._load(self._callers.phones, deed, {})

    def _load_earlier(self, deed: Deed) -> None:
        self._load(self._callers.shop, deed, {"at": deed.at})

    def _load(self, caller: Caller, deed: Deed, when: dict[str, datetime]) -> None:
        trip_no = self._feed.trip_no(deed.ref)
        for order in deed.trip.orders:
            code = self._feed.order_no(order.new.source_ref)
            caller.ask("POST", f"/v1/trips/{trip_no}/load", {"code": code, **when})

    def _depart(self, deed: Deed) -> None:
        trip_no = self._feed.trip_no(deed.ref)
        # The trip before may still be open: fixes show a return a moment after it.
        said = {"at": deed.at, "override": ["vehicle_out", "crew_out"], "reason": "the van and its crew are back"}
        self._callers.phones.ask("POST", f"/v1/trips/{trip_no}/depart", said, once=f"{deed.trip.key} departed")
        self._feed.departed.add(trip_no)
        for order in deed.trip.orders:
            self._feed.say(order.new.source_ref, Milestone.OUT_FOR_DELIVERY)

    def _say_of_order(self, deed: Deed) -> None:
        caller = self._callers.dispatcher if deed.kind is DeedKind.RETURN else self._callers.phones
        path = f"/v1/orders/{self._feed.order_no(deed.ref)}/milestones"
        caller.ask("POST", path, milestone_body(deed), once=f"{deed.ref} {deed.milestone}")
        assert deed.milestone is not None
        self._feed.say(deed.ref, deed.milestone)
