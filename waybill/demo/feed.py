"""What the api's event feed told of the demo's orders and trips, read on from where it was. Does nothing about it."""

from __future__ import annotations

from typing import Any

from contract.milestones import Milestone
from gateway.dispatch.plan import OVER
from waybill.demo.caller import Caller, RefusedError
from waybill.demo.records import SOURCE

_AT_ONCE = 200


class Feed:
    """One reader; everything is known by the orders' numbers in the shop's own system."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._after: str | None = None
        self._refs: dict[str, str] = {}  # order_no -> number in the shop's system
        self.order_nos: dict[str, str] = {}
        self.trip_nos: dict[str, str] = {}  # of the newest trip of an order
        self.departed: set[str] = set()  # trips whose departure somebody said
        self.said: set[tuple[str, Milestone]] = set()
        self.reached: set[tuple[str, Milestone]] = set()  # said, or shown by fixes

    def read_on(self) -> None:
        """Takes in what happened since the last time."""
        more = True
        while more:
            after = "" if self._after is None else f"&after={self._after}"
            page = self._caller.ask("GET", f"/v1/events?limit={_AT_ONCE}{after}")
            for event in page["events"]:
                self._take(event["type"], event["data"])
            self._after, more = page["next"], page["more"]

    def has_ended(self, ref: str) -> bool:
        return any((ref, milestone) in self.reached for milestone in OVER)

    def order_no(self, ref: str) -> str:
        """Its number for people; an order that was never placed can have nothing more."""
        if ref not in self.order_nos:
            raise RefusedError(404, f"order {ref} was never placed")
        return self.order_nos[ref]

    def trip_no(self, ref: str) -> str:
        if ref not in self.trip_nos:
            raise RefusedError(404, f"order {ref} is on no trip")
        return self.trip_nos[ref]

    def on_its_way(self) -> str | None:
        """The number of an order that is out for delivery, if there is one."""
        out = {ref for ref, milestone in set(self.reached) if milestone is Milestone.OUT_FOR_DELIVERY}
        return next((self.order_nos[ref] for ref in sorted(out) if not self.has_ended(ref)), None)

    def plan(self, trip_no: str, refs: list[str]) -> None:
        for ref in refs:
            self.trip_nos[ref] = trip_no
            self.say(ref, Milestone.QUEUED)

    def say(self, ref: str, milestone: Milestone) -> None:
        self.said.add((ref, milestone))
        self.reached.add((ref, milestone))

    def _take(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "trip.planned":
            known = (self._refs.get(order_no) for order_no in data["orders"])
            for ref in known:
                if ref is not None:
                    self.trip_nos[ref] = data["trip_no"]
        elif kind == "trip.departed":
            self.departed.add(data["trip_no"])
        elif data.get("source") == SOURCE and "known" in data:  # of a milestone; its corrections say no such thing
            ref, milestone = data["source_ref"], Milestone(data["milestone"])
            self._refs[data["order_no"]], self.order_nos[ref] = ref, data["order_no"]
            self.reached.add((ref, milestone))
            if data["known"] == "declared":
                self.said.add((ref, milestone))
