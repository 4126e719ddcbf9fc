"""What the demo makes of the api's events."""

from __future__ import annotations

from typing import Any

from contract.milestones import Milestone
from waybill.demo.caller import Caller
from waybill.demo.feed import Feed
from waybill.demo.records import SOURCE

ORDER = {"order_no": "1001", "source": SOURCE, "source_ref": "van-1-1"}


class Told(Caller):
    """An api that tells these events and then nothing more."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        super().__init__("http://127.0.0.1", {})
        self._events = events

    def ask(self, method: str, path: str, body: object = None, *, once: str | None = None) -> Any:
        events, self._events = self._events, []
        return {"events": events, "next": "1", "more": False}


def arrived(known: str) -> dict[str, Any]:
    return {"type": "order.arrived", "data": {**ORDER, "milestone": "arrived", "known": known}}


def test_what_fixes_showed_is_reached_and_what_people_said_is_said_too() -> None:
    shown, said = Feed(Told([arrived("detected")])), Feed(Told([arrived("declared")]))

    shown.read_on()
    said.read_on()

    assert (shown.reached, shown.said) == ({("van-1-1", Milestone.ARRIVED)}, set())
    assert said.said == said.reached == {("van-1-1", Milestone.ARRIVED)}


def test_a_corrected_milestone_changes_nothing_of_what_was_said() -> None:
    corrected = {**ORDER, "milestone": "arrived", "told_at": "2026-11-23T12:00:00Z", "withdrawn": False, "note": None}
    feed = Feed(Told([arrived("declared"), {"type": "order.corrected", "data": corrected}]))

    feed.read_on()

    assert feed.said == feed.reached == {("van-1-1", Milestone.ARRIVED)}
    assert feed.order_no("van-1-1") == "1001"
