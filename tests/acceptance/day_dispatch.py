"""What shop, dispatcher and crews of an acceptance day do, slice by slice, with all that goes wrong. Checks none."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.acceptance.day import PASSWORD, Day, Order, Run
from tests.acceptance.day_vans import Visit
from waybill.demo.caller import Caller, RefusedError

LEAVES_AFTER = timedelta(minutes=2)


class Dispatch(Day):
    """Plans, loads, sends off and reacts. `fate` of an order says how it ends."""

    per_trip = 6
    breakdown_of = ""  # the van that failed: the first one under way with goods that a customer left of an order

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.meetings: dict[str, list[Visit]] = {}  # van -> whom it meets on the road first
        self.happened: list[str] = []
        self.attempts: dict[str, int] = {}
        self.left_aboard: dict[str, str] = {}  # van -> the order that it delivered in part on its trip
        self._crew_accounts: dict[str, Caller] = {}

    def next_visit(self, van: str) -> Visit | None:
        if self.meetings.get(van):
            return self.meetings[van][0]
        run = self.runs[van]
        number = next((one for one in run.orders if one not in run.visited), None)
        if number is None:
            return None
        return Visit(self.orders[number].door, partial(run.visited.add, number), partial(self.at_door, van, number))

    def at_door(self, van: str, number: str, at: datetime) -> None:
        """The crew has been at the door: how it ended."""
        run, order = self.runs[van], self.orders[number]
        if number not in run.orders:
            return  # taken off the trip while the van stood there
        run.orders.remove(number)
        self.attempts[number] = self.attempts.get(number, 0) + 1
        if order.fate == "failed" or (order.fate == "second attempt" and self.attempts[number] == 1):
            self.say(self.phones, number, "failed", at, reason_code="RECIPIENT_ABSENT", note="rang twice")
            self._tell(order.fate)
        elif order.fate == "partial":
            taken = [{"line_no": 1, "accepted_quantity": 1}, {"line_no": 2, "accepted_quantity": 1}]
            self.say(self.phones, number, "delivered", at, lines=taken)
            self.left_aboard[van] = number
            self._tell("partial")
        else:
            self.say(self.phones, number, "delivered", at)

    def back_home(self, van: str, at: datetime) -> None:
        """What came back is counted in, and may go out again."""
        run = self.runs.pop(van)
        self.left_aboard.pop(van, None)
        aboard = self.aino.ask("GET", f"/v1/trips/{run.trip_no}/ledger")["aboard"]
        for number in dict.fromkeys(one["order_no"] for one in aboard):
            state = self.order(number)["milestone"]
            if state in ("failed", "cancelled", "returned"):  # the last one is what fixes showed of the van
                self.say(self.aino, number, "returned", at)
                if self.orders[number].fate == "second attempt":
                    self.ready.append(number)
            elif state == "delivered":
                self.do(self.phones, "POST", f"/v1/trips/{run.trip_no}/unload", {"code": number})

    def send_out(self) -> None:
        """Every van that stands in the yard goes out with what is ready: planned, loaded, checked, sent off."""
        idle = [name for name, van in self.vans.items() if name not in self.runs and not van.broken]
        planned = [name for name in idle if self.ready and self._plan(name)]
        for name in planned:
            self._load(name, next((one for one in planned if one != name), None))
        for name in planned:
            self._leave(name)

    def _plan(self, van: str) -> bool:
        numbers, self.ready = self.ready[: self.per_trip], self.ready[self.per_trip :]
        driver = f"E-{van.removeprefix('van-'):0>2}"
        wish = {
            "premises": "shop", "vehicle": van, "crew": [{"employee_no": driver}],
            "orders": [{"order": one} for one in numbers], "planned_departure_at": self.now + LEAVES_AFTER,
        }  # fmt: skip
        trip = self.do(self.aino, "POST", "/v1/trips", wish)["trip"]
        self.runs[van] = Run(trip["trip_no"], driver)
        for number in self._with_fate(numbers, "cancelled before loading"):
            self.do(self.shop, "POST", f"/v1/orders/{number}/cancel", {"reason": "changed their mind"})
            self._tell("cancelled before loading")
        self._read_plan(van)
        return True

    def _load(self, van: str, other: str | None) -> None:
        run = self.runs[van]
        if other is not None and "wrong bag" not in self.happened and self.runs[other].orders:
            self._wrong_bag(run.trip_no, self.runs[other].orders[0])
        for number in run.orders:
            scanned = self.do(self.phones, "POST", f"/v1/trips/{run.trip_no}/load", {"code": number})
            assert scanned["result"] == "loaded", scanned
        for number in self._with_fate(run.orders, "cancelled in the yard"):
            self.do(self.shop, "POST", f"/v1/orders/{number}/cancel", {"reason": "changed their mind"})
            assert "cancelled_aboard" in self._blocks(run.trip_no)
            self.do(self.phones, "POST", f"/v1/trips/{run.trip_no}/unload", {"code": number})
            self._tell("cancelled in the yard")

    def _wrong_bag(self, trip_no: str, number: str) -> None:
        scanned = self.do(self.phones, "POST", f"/v1/trips/{trip_no}/load", {"code": number})
        assert scanned["result"] == "wrong_bag", scanned
        assert "wrong_bag" in self._blocks(trip_no)
        self.do(self.phones, "POST", f"/v1/trips/{trip_no}/unload", {"code": number})
        self._tell("wrong bag")

    def _blocks(self, trip_no: str) -> frozenset[str]:
        with pytest.raises(RefusedError) as refused:
            self.phones.ask("POST", f"/v1/trips/{trip_no}/depart", {})
        assert refused.value.status == 409
        return refused.value.codes

    def _leave(self, van: str) -> None:
        # Its return may not have been seen yet.
        back = {"override": ["vehicle_out", "crew_out"], "reason": "the van and its crew are back"}
        self.do(self.phones, "POST", f"/v1/trips/{self.runs[van].trip_no}/depart", back)
        self._read_plan(van)
        self.vans[van].out = True
        for number in self._with_fate(self.runs[van].orders, "cancelled on the road"):
            self.do(self.shop, "POST", f"/v1/orders/{number}/cancel", {"reason": "called the shop"})
            self._tell("cancelled on the road")
        self._read_plan(van)

    def read_plans(self) -> None:
        for van in self.runs:
            self._read_plan(van)

    def _read_plan(self, van: str) -> None:
        run = self.runs[van]
        over = ("delivered", "failed", "returned", "cancelled")
        run.orders = [drop["order_no"] for drop in self.trip(run.trip_no)["drops"] if drop["milestone"] not in over]

    def trouble(self) -> None:
        """What happens to trips under way, each kind of it once."""
        for van, run in list(self.runs.items()):
            others = [other for other in self.runs.values() if other is not run and other.orders]
            if len(run.orders) >= 3 and "another sequence" not in self.happened:
                self._resequence(run)
            elif len(run.orders) >= 2 and "urgent" not in self.happened:
                self._urgent(van, run)
            elif van in self.left_aboard and run.orders and others and "breakdown" not in self.happened:
                self._break_down(van, run)
        self.read_plans()

    def _resequence(self, run: Run) -> None:
        wanted = list(reversed(run.orders))
        change = {"reason": "the bridge is up", "changes": [{"kind": "resequence", "orders": wanted}]}
        shown = self.aino.ask("POST", f"/v1/trips/{run.trip_no}/changes?dry_run=true", change)
        assert {one["order_no"] for one in shown["trips"][0]["orders"]} >= set(wanted)
        done = self.do(self.aino, "POST", f"/v1/trips/{run.trip_no}/changes", change)
        assert [drop["order_no"] for drop in done["trip"]["drops"] if drop["order_no"] in wanted] == wanted
        self._tell("another sequence")

    def _urgent(self, van: str, run: Run) -> None:
        order = self.place_order("urgent", (260.0, 260.0), "delivered")
        self.say_ready([order])
        self.ready.remove(order.order_no)
        change = {"reason": "urgent", "changes": [{"kind": "assign", "order": order.order_no, "position": 1}]}
        shown = self.aino.ask("POST", f"/v1/trips/{run.trip_no}/changes?dry_run=true", change)
        (added,) = [one for one in shown["trips"][0]["orders"] if one["order_no"] == order.order_no]
        assert (added["arrival_before"], added["arrival_after"] is not None) == (None, True)
        self.do(self.aino, "POST", f"/v1/trips/{run.trip_no}/changes", change)
        scanned = self.do(self.phones, "POST", f"/v1/trips/{run.trip_no}/load", {"code": order.order_no})
        assert scanned["result"] == "loaded"
        self._read_plan(van)
        self._tell("urgent")

    def _break_down(self, van: str, run: Run) -> None:
        """Its goods go over to other vans, which come to it; both crews say so themselves."""
        self.vans[van].broken, self.breakdown_of = True, van
        options = self.aino.ask("GET", f"/v1/trips/{run.trip_no}/rescue")
        assert set(options["open_orders"]) == set(run.orders)
        assert self.left_aboard[van] in options["to_bring_back"]
        assert (options["nobody"], options["remedy"]) == ([], None)
        wish = {"reason": "the engine died", "to": options["proposal"]}
        shown = self.aino.ask("POST", f"/v1/trips/{run.trip_no}/rescue?dry_run=true", wish)
        done = self.do(self.aino, "POST", f"/v1/trips/{run.trip_no}/rescue", wish)
        assert [one["trip_no"] for one in shown["trips"]] == [one["trip_no"] for one in done["trips"]]
        for transfer in done["transfers"]:
            helper = next(name for name, other in self.runs.items() if other.trip_no == transfer["to_trip_no"])
            # The helper waits there until both crews have said so.
            hand_over = partial(self._hand_over, transfer["id"], run.driver, helper)
            self.meetings.setdefault(helper, []).append(Visit(self.vans[van].point, lambda: None, hand_over))
        del self.runs[van]
        self._tell("breakdown")

    def _hand_over(self, transfer_id: str, giver: str, helper: str, _at: datetime) -> None:
        if self.rows("SELECT given_at IS NOT NULL FROM waybill.transfer WHERE id = %s::uuid", transfer_id) == [(True,)]:
            return
        first = self.do(self._crew(giver), "POST", f"/v1/transfers/{transfer_id}/confirm", {})
        both = self.do(self._crew(self.runs[helper].driver), "POST", f"/v1/transfers/{transfer_id}/confirm", {})
        assert (first["state"], both["state"]) == ("pending", "confirmed")
        self.meetings[helper].pop(0)
        self._tell("transfer")

    def _crew(self, driver: str) -> Caller:
        """Somebody of a crew with an account of their own, which has no right but the word on their own trips."""
        if driver not in self._crew_accounts:
            name = driver.lower()
            roles = [{"role": "driver", "premises": "shop"}]
            self.do(self.chief, "POST", "/v1/accounts", {"name": name, "password": PASSWORD, "roles": roles})
            tie = {"driver": {"employee_no": driver, "premises": "shop"}}
            self.do(self.chief, "PATCH", f"/v1/accounts/{name}", tie)
            self._crew_accounts[driver] = self.signed_in(name)
        return self._crew_accounts[driver]

    def _with_fate(self, numbers: list[str], fate: str) -> list[str]:
        return [one for one in numbers if self.orders[one].fate == fate]

    def _tell(self, what: str) -> None:
        self.happened.append(what)

    def cancel_early(self, orders: list[Order]) -> None:
        for order in orders:
            if order.fate == "cancelled early":
                self.do(self.shop, "POST", f"/v1/orders/{order.order_no}/cancel", {"reason": "changed their mind"})
                self.ready.remove(order.order_no)
                self._tell("cancelled early")
