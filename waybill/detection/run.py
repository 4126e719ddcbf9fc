"""Runs the engine over a recording, vehicle by vehicle. Reads no file and prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from contract.fix import Fix
from gateway.tracking.engine import State, finish, step
from gateway.tracking.events import Event
from gateway.tracking.plan import Plan
from gateway.tracking.policy import Policy
from waybill.detection.records import Record, record_of


def events_of(fixes: list[Fix], plan: Plan, policy: Policy, refused: Counter[str]) -> Iterator[tuple[Event, bool]]:
    """Every event of one vehicle, and whether it was still going on when the recording ended."""
    state = State()
    for fix in fixes:
        outcome = step(state, fix, plan, policy)
        state = outcome.state
        if outcome.refused_by is not None:
            refused[outcome.refused_by.value] += 1
        for event in outcome.events:
            yield event, False
    for event in finish(state, plan, policy):
        yield event, True


def records_of(vehicle: str, fixes: list[Fix], plan: Plan, policy: Policy, refused: Counter[str]) -> list[Record]:
    """The records of one vehicle in order of their beginning."""
    found = (record_of(event, vehicle, at_end=at_end) for event, at_end in events_of(fixes, plan, policy, refused))
    return sorted((record for record in found if record is not None), key=lambda record: str(record["started_at"]))
