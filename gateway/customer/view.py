"""What a customer's page says of an order, in words. Pure: reads no clock and no database, and names no goods."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import pairwise

import msgspec

from contract.milestones import Milestone
from contract.reasons import FailureReason
from gateway.customer.arrival import expected_of
from gateway.customer.van import ON_THE_ROAD, Van, drops_first, is_next, is_under_way
from gateway.dispatch.profile import Profile
from gateway.pages.times import PlaceTime, amount
from gateway.pages.words import Words
from storage.customer import CustomerOrder, OtherDoor, Reached

_M = Milestone
# From here on the driver is at the door, or nothing is to be said any more.
_TOO_LATE_FOR_NOTES = (_M.ARRIVED, _M.DELIVERED, _M.RETURNED, _M.CANCELLED)
_OVER = (_M.DELIVERED, _M.RETURNED, _M.CANCELLED)
# Reasons that help the customer; of the others nothing is said but that it failed.
_TOLD_REASONS = frozenset({
    FailureReason.NO_VALID_ID, FailureReason.ID_NAME_MISMATCH, FailureReason.NOT_NAMED_RECIPIENT,
    FailureReason.RECIPIENT_ABSENT, FailureReason.BAD_ADDRESS, FailureReason.UNABLE_TO_LOCATE,
    FailureReason.PAYMENT_FAILED, FailureReason.RESCHEDULE_REQUESTED, FailureReason.VEHICLE_BREAKDOWN,
    FailureReason.ACCIDENT, FailureReason.WEATHER, FailureReason.ROAD_CLOSED,
})  # fmt: skip
# How often the page asks whether there is something new; 0: never again by itself.
_NEXT_S, _ON_THE_WAY_S, _WAITING_S = 10, 30, 60


class Step(msgspec.Struct, frozen=True):
    """One milestone."""

    title: str
    when: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows, ready to be put in its place."""

    stage: str
    headline: str
    lead: str
    arrival: str | None
    promised: str | None  # when the arrival is another than was promised
    late: str | None
    first: str | None  # how many deliveries come before
    ready: tuple[str, ...]  # what to have ready
    steps: tuple[Step, ...]
    receipt: tuple[tuple[str, str], ...]
    order_no: str
    address: str
    shop: str
    shop_phone: str | None
    zone: str
    note: str | None
    may_note: bool
    live: bool  # the order is next: there is a map
    refresh_s: int

    @property
    def version(self) -> str:
        """Another one whenever the page would say something else."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def page_of(
    order: CustomerOrder, reached: list[Reached], others: list[OtherDoor], profile: Profile, words: Words,
    now: datetime, rate: float = 1.0,
) -> Page:  # fmt: skip
    """What there is to say now."""
    times = PlaceTime(order.tz, words)
    first = drops_first(others)
    stage = _stage(order, reached, first)
    open_ = order.milestone not in (*_OVER, _M.FAILED)
    live = is_next(order, others)
    expected = expected_of(order, words, times, now, rate) if open_ and stage != "arrived" else None
    return Page(
        stage=stage, headline=words(f"headline_{stage}"), lead=_lead(order, reached, stage, words),
        arrival=expected.says if expected is not None else None,
        promised=expected.promised if expected is not None else None,
        late=words("late") if expected is not None and expected.late else None,
        first=words.count("first", first) if is_under_way(order) and first > 0 else None,
        ready=_ready(order, profile, words) if open_ or order.milestone is _M.FAILED else (),
        steps=tuple(Step(words(f"step_{one.milestone}"), times.moment(one.at, now)) for one in _told_once(reached)),
        receipt=_receipt(order, reached, words, times) if order.milestone is _M.DELIVERED else (),
        order_no=order.order_no, address=order.address, shop=order.shop, shop_phone=order.shop_phone,
        zone=times.zone(now), note=order.customer_note, may_note=may_note(order.milestone), live=live,
        refresh_s=_refresh_s(order, live=live),
    )  # fmt: skip


def may_note(milestone: Milestone) -> bool:
    """Whether a note can still reach the driver in time."""
    return milestone not in _TOO_LATE_FOR_NOTES


def van_words(van: Van | None, order: CustomerOrder, words: Words) -> str:
    """What stands under the map."""
    if van is None:
        return words("van_unseen")
    return words("van_seen", at=PlaceTime(order.tz, words).clock(van.at))


def _stage(order: CustomerOrder, reached: list[Reached], first: int) -> str:
    if order.milestone is _M.DELIVERED and any(one.partial for one in reached):
        return "delivered_in_part"
    if order.milestone not in ON_THE_ROAD or order.milestone is _M.ARRIVED:
        return order.milestone.value
    if first > 0 or not is_under_way(order):
        return _M.OUT_FOR_DELIVERY.value
    return "next" if order.milestone is _M.OUT_FOR_DELIVERY else order.milestone.value


def _lead(order: CustomerOrder, reached: list[Reached], stage: str, words: Words) -> str:
    """What it means, and what happens next."""
    if order.milestone is not _M.FAILED:
        return words(f"lead_{stage}")
    code = next((one.reason_code for one in reversed(reached) if one.milestone is _M.FAILED), None)
    why = words(f"why_{code}") if code in _TOLD_REASONS else words("why_other")
    return f"{why} {words('lead_failed')}"


def _told_once(reached: list[Reached]) -> list[Reached]:
    """What was said and shown of the same milestone is one step, at the earlier time."""
    return [reached[0], *(b for a, b in pairwise(reached) if a.milestone is not b.milestone)] if reached else []


def _ready(order: CustomerOrder, profile: Profile, words: Words) -> tuple[str, ...]:
    lines: list[str] = []
    if profile.age_threshold is not None or "id_check" in profile.proofs:
        lines.append(words("ready_id"))
        lines.append(words("ready_name", name=order.customer_name))
    if profile.age_threshold is not None:
        lines.append(words("ready_age", years=profile.age_threshold))
    if order.customer_type in ("patient", "caregiver"):
        lines.append(words(f"ready_{order.customer_type}"))
    if "signature" in profile.proofs:
        lines.append(words("ready_signature"))
    if order.due_minor:
        lines.append(words("ready_payment", amount=amount(order.due_minor, order.currency)))
    return tuple(lines)


def _receipt(
    order: CustomerOrder, reached: list[Reached], words: Words, times: PlaceTime
) -> tuple[tuple[str, str], ...]:
    """In the sequence of 4 CCR 15420, without naming the goods: whoever holds the link reads it."""
    delivered_at = next((one.at for one in reversed(reached) if one.milestone is _M.DELIVERED), order.milestone_at)
    shown = {
        "licensee": " · ".join(filter(None, (order.licensee, order.licence_no))),
        "courier": order.courier, "prepared_by": order.prepared_by,
        "customer": ", ".join(filter(None, (order.customer_name.partition(" ")[0], order.customer_no))),
        "placed": f"{times.date(order.placed_at)}, {times.clock(order.placed_at)}", "address": order.address,
        "goods": words.count("goods", order.lines) if order.lines else None,
        **{name: _money(getattr(order, f"{name}_minor"), order) for name in ("taxes", "fees", "discount", "total")},
        "delivered": f"{times.date(delivered_at)}, {times.clock(delivered_at)}",
    }  # fmt: skip
    return tuple((words(f"receipt_{name}"), value) for name, value in shown.items() if value)


def _money(minor: int | None, order: CustomerOrder) -> str | None:
    return amount(minor, order.currency) if minor else None


def _refresh_s(order: CustomerOrder, *, live: bool) -> int:
    if order.milestone in _OVER:
        return 0
    if live:
        return _NEXT_S
    return _ON_THE_WAY_S if order.milestone in ON_THE_ROAD else _WAITING_S
