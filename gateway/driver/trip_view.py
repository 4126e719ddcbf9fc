"""What a driver's trip page says, as finished texts: drops in order, each with all that its door needs. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

import msgspec

from contract.geo import from_e7
from contract.milestones import Milestone, may_follow
from gateway.dispatch.plan import OVER
from gateway.dispatch.profile import Profile
from gateway.driver.own_trips import OwnTrip
from gateway.pages.times import PlaceTime, amount
from gateway.pages.words import Words
from storage.driver_trips import DoorCustomer
from storage.trips import Trip, TripDrop

_ON_THE_WAY = frozenset({Milestone.OUT_FOR_DELIVERY, Milestone.ARRIVING_SOON})


class DropCard(msgspec.Struct, frozen=True, kw_only=True):
    """One drop as the driver reads it."""

    order_id: UUID
    seq: int
    order_no: str
    milestone: str
    is_over: bool
    is_next: bool
    may_arrive: bool
    may_hand_over: bool  # a first attempt, or another one
    window: str
    expected: str | None
    late: bool
    address: str
    place: str  # geo: what the phone's own map opens
    map_url: str
    customer: str | None  # who, until it is over
    phone: str | None
    dial: str | None
    notes: tuple[tuple[str, str], ...]  # (whose, text)
    goods: str
    checks: tuple[str, ...]


class TripPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    id: UUID
    trip_no: str
    vehicle: str
    state: str
    stage: str  # planned, under_way or ended
    progress: str
    crew: str | None
    drops: tuple[DropCard, ...]
    zone: str
    premises: str
    phone: str | None
    dial: str | None


class OtherTrip(msgspec.Struct, frozen=True):
    """Another trip of the shift, to go to."""

    id: UUID
    says: str


def trip_page(own: OwnTrip, driver_id: UUID, words: Words, now: datetime) -> TripPage:
    """What there is to say now."""
    head = own.trip.head
    times = PlaceTime(head.tz, words)
    stage = stage_of(own.trip)
    todo = [drop for drop in own.trip.drops if drop.milestone not in OVER]
    first = todo[0].order_id if todo else None
    mates = [one.name for one in own.trip.crew if one.driver_id != driver_id]
    return TripPage(
        id=head.id, trip_no=head.trip_no, vehicle=" · ".join(filter(None, (head.vehicle, head.plate))), stage=stage,
        state=_state(own.trip, stage, words, times, now), crew=words("with", names=", ".join(mates)) if mates else None,
        progress=words("progress", done=len(own.trip.drops) - len(todo), all=len(own.trip.drops)),
        drops=tuple(
            _card(drop, own.customers[drop.order_id], own.profile, words, times, now, is_next=drop.order_id == first)
            for drop in own.trip.drops
        ),
        zone=words("zone", zone=times.zone(now)), premises=own.premises, phone=own.premises_phone,
        dial=dialled(own.premises_phone),
    )  # fmt: skip


def other_trips(trips: Sequence[Trip], shown: UUID, words: Words, now: datetime) -> list[OtherTrip]:
    """The shift's other trips in a line each."""
    return [
        OtherTrip(
            one.head.id,
            f"{one.head.trip_no} · {one.head.vehicle} · "
            + _state(one, stage_of(one), words, PlaceTime(one.head.tz, words), now),
        )
        for one in trips
        if one.head.id != shown
    ]


def stage_of(trip: Trip) -> str:
    """Where the trip is in its life: planned, under_way or ended."""
    if trip.head.ended_at is not None:
        return "ended"
    return "planned" if trip.head.departed_at is None else "under_way"


def dialled(phone: str | None) -> str | None:
    """The number as a link dials it."""
    return "".join(letter for letter in phone if letter in "+0123456789") or None if phone else None


def checks_at_door(profile: Profile, customer: DoorCustomer, drop: TripDrop, words: Words) -> tuple[str, ...]:
    """What the profile and the order ask of this handoff, in the order in which it is done."""
    lines: list[str] = []
    if profile.age_threshold is not None or "id_check" in profile.proofs:
        lines += [words("check_id"), words("check_name", name=customer.name)]
    if profile.age_threshold is not None:
        lines.append(words("check_age", years=profile.age_threshold))
    if customer.type in ("patient", "caregiver"):
        lines.append(words(f"check_{customer.type}"))
    lines += [words(f"check_{proof}") for proof in ("affirmation", "signature", "photo") if proof in profile.proofs]
    if drop.due_minor:
        lines.append(words("check_payment", amount=amount(drop.due_minor, drop.currency)))
    return tuple(lines)


def _state(trip: Trip, stage: str, words: Words, times: PlaceTime, now: datetime) -> str:
    head = trip.head
    at = {"planned": head.planned_departure_at, "under_way": head.departed_at, "ended": head.ended_at}[stage]
    return words(f"state_{stage}", at=times.moment(at or head.planned_departure_at, now))


def _card(
    drop: TripDrop, customer: DoorCustomer, profile: Profile, words: Words, times: PlaceTime, now: datetime, *,
    is_next: bool,
) -> DropCard:  # fmt: skip
    is_over = drop.milestone in OVER
    shown = None if is_over else customer  # what is over needs no name and no number any more
    expected_at = _expected_at(drop)
    place, map_url = _ways_there(drop)
    return DropCard(
        order_id=drop.order_id, seq=drop.seq, order_no=drop.order_no, milestone=words(f"milestone_{drop.milestone}"),
        is_over=is_over, is_next=is_next, may_arrive=drop.milestone in _ON_THE_WAY,
        may_hand_over=may_follow(drop.milestone, Milestone.DELIVERED),
        window=times.window(drop.window_from, drop.window_to, now),
        expected=None if is_over or expected_at is None else words("expected", at=times.moment(expected_at, now)),
        late=not is_over and (now if expected_at is None else max(now, expected_at)) > drop.window_to,
        address=drop.address, place=place, map_url=map_url, customer=shown.name if shown else None,
        phone=shown.phone if shown else None, dial=dialled(shown.phone) if shown else None,
        notes=_notes(shown, words) if shown else (), goods=words.count("goods", customer.lines),
        checks=() if is_over else checks_at_door(profile, customer, drop, words),
    )  # fmt: skip


def _expected_at(drop: TripDrop) -> datetime | None:
    """The forecast's middle, else the plan; nobody expects a van that is there."""
    if drop.milestone is Milestone.ARRIVED or drop.arrived_at is not None:
        return None
    said = (drop.eta or {}).get("p50_at")
    return datetime.fromisoformat(said) if said else drop.planned_arrival_at


def _notes(customer: DoorCustomer, words: Words) -> tuple[tuple[str, str], ...]:
    told = (("note_shop", customer.note), ("note_customer", customer.customer_note))
    return tuple((words(key), text) for key, text in told if text)


def _ways_there(drop: TripDrop) -> tuple[str, str]:
    """What the phone's map opens (RFC 5870), and a page of a map for phones that know no geo: links."""
    if drop.lat_e7 is None or drop.lon_e7 is None:
        asked = quote(drop.address)
        return f"geo:0,0?q={asked}", f"https://www.openstreetmap.org/search?query={asked}"
    place = f"{from_e7(drop.lat_e7):.6f},{from_e7(drop.lon_e7):.6f}"
    lat, lon = place.split(",")
    marked = f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}"
    return f"geo:{place}?q={quote(place)}({quote(drop.address)})", marked
