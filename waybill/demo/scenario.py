"""Makes a day of the demo from a plan and a seed: the same plan, the same day. Reads no clock and no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from contract.reasons import FailureReason
from firmware_bridge.sim.chance import seeded
from firmware_bridge.sim.day import Outage, OutageKind, VehicleDay, plan
from firmware_bridge.sim.streets import Streets
from firmware_bridge.sim.vehicle import Activity
from waybill.demo.catalogue import CLOSES_LOCAL, OPENS_LOCAL, PREMISES_ADDRESS, TIME_ZONE
from waybill.demo.clear_trips import clear, ends_at
from waybill.demo.records import Address, DayPlan, DemoDay, DemoTrip, DemoVan
from waybill.demo.rounds import DROPS, make_round
from waybill.demo.shopping import crew_of, make_orders, ref_of

# What each van shows on the first screen; vans beyond the eighth go on with MORE.
ROLES = ("door", "driving", "late", "driving", "silent", "home", "driving", "door")
FEW = {1: ("door",), 2: ("door", "late"), 3: ("door", "late", "silent"), 4: ("door", "driving", "late", "silent")}
MORE = ("driving", "door", "home", "driving", "door")

LATE_BY = timedelta(minutes=35)
SILENT_SINCE = timedelta(minutes=12)  # before the first screen
SILENT_FOR = timedelta(minutes=37)
LOADING = timedelta(minutes=18)  # queued so long before the planned departure
# Between two trips: unloading, a break, loading. Never so short that a trip that runs late meets the next.
LEAST_PAUSE = timedelta(minutes=30)
USUAL_PAUSE = timedelta(minutes=60)
FIRST_DEPARTURE = timedelta(minutes=20)  # after opening
BACK_BEFORE_CLOSING = timedelta(minutes=10)
# A trip of average length takes about this; what it really takes comes of streets and chance.
TRIP = timedelta(minutes=4) + timedelta(minutes=7) * sum(DROPS) / 2
LONG_TRIP = TRIP * 1.25
SHIFT = timedelta(seconds=45)
# Who drives on the first screen is still under way when somebody has found the van.
ON_THE_MOVE = tuple(timedelta(seconds=s) for s in (20, 40, 60))
TRIES = 80
# Which handoffs fail for certain: on the first trip of the first two vans that are neither late nor silent.
CERTAIN_FAILURES = (FailureReason.NO_VALID_ID, FailureReason.RECIPIENT_ABSENT)


class ScenarioError(RuntimeError):
    """No trip could be made that can be told from its fixes; another seed or another map will do."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What all vans of a day share."""

    plan: DayPlan
    opens_at: datetime
    closes_at: datetime
    home: Address
    addresses: tuple[Address, ...]
    streets: Streets | None


class Slot(msgspec.Struct, frozen=True):
    """When a van is to leave, and whether the first screen shows it on this trip."""

    departs_at: datetime
    on_screen: bool


def make_day(
    day: DayPlan,
    streets: Streets | None,
    addresses: Sequence[Address],
    tell: Callable[[int], None] = lambda _vans: None,
) -> DemoDay:
    """Every van's trips and orders, with one van late, one silent and two failed handoffs at first_screen_at.

    `tell` hears how many vans are made: each takes some tenths of a second.
    """
    home = next(address for address in addresses if address.text == PREMISES_ADDRESS)
    opens_at, closes_at = opening_hours(day)
    frame = Frame(
        plan=day, opens_at=opens_at, closes_at=closes_at, home=home, addresses=tuple(addresses), streets=streets
    )
    vans = []
    for number, role in enumerate(roles(day.vehicles), 1):
        vans.append(_van(frame, number, role))
        tell(number)
    return DemoDay(
        on=day.on,
        seed=day.seed,
        opens_at=opens_at,
        closes_at=closes_at,
        first_screen_at=day.first_screen_at,
        premises=home,
        vans=tuple(_with_failures(vans)),
    )


def roles(vehicles: int) -> tuple[str, ...]:
    """What each of so many vans shows on the first screen."""
    few = FEW.get(vehicles, ROLES[:vehicles])
    return few + tuple(MORE[n % len(MORE)] for n in range(vehicles - len(few)))


def opening_hours(day: DayPlan) -> tuple[datetime, datetime]:
    """When the premises open and close on the plan's day."""
    zone = ZoneInfo(TIME_ZONE)
    opens, closes = (time.fromisoformat(text) for text in (OPENS_LOCAL, CLOSES_LOCAL))
    utc = day.first_screen_at.tzinfo
    return (
        datetime.combine(day.on, opens, zone).astimezone(utc),
        datetime.combine(day.on, closes, zone).astimezone(utc),
    )


def _van(frame: Frame, number: int, role: str) -> DemoVan:
    outages: tuple[Outage, ...] = ()
    if role == "silent":
        since = frame.plan.first_screen_at - SILENT_SINCE
        outages = (Outage(kind=OutageKind.SILENT, starts_at=since, ends_at=since + SILENT_FOR),)
    van = DemoVan(vehicle=f"van-{number}", device=f"gps-{number:02d}", role=role, crew=crew_of(number), outages=outages)
    for slot in _slots(frame, seeded(frame.plan.seed, frame.plan.on, van.vehicle), role):
        trip = _trip(frame, van, slot)
        if trip is not None:
            van = msgspec.structs.replace(van, trips=(*van.trips, trip))
    return van


def _slots(frame: Frame, chance: Random, role: str) -> list[Slot]:
    """Departures spread over the opening hours around the one that the first screen shows."""
    screen = frame.plan.first_screen_at
    if role == "home":
        on_screen_at = screen + timedelta(minutes=chance.uniform(4, 8))
    else:
        # Far enough into the trip that something is delivered, and something still to be.
        share = {"silent": (0.35, 0.5), "late": (0.3, 0.5)}.get(role, (0.2, 0.65))
        on_screen_at = screen - TRIP * chance.uniform(*share)
    earlier_at = on_screen_at - (LATE_BY if role == "late" else timedelta()) - LONG_TRIP - LEAST_PAUSE
    later_at = on_screen_at + LONG_TRIP + LEAST_PAUSE
    before = _spread(chance, frame.opens_at + FIRST_DEPARTURE, earlier_at)
    after = _spread(chance, later_at, frame.closes_at - BACK_BEFORE_CLOSING - LONG_TRIP)
    slots = [(at, False) for at in before] + [(on_screen_at, True)] + [(at, False) for at in after]
    return [Slot(at, on_screen) for at, on_screen in slots]


def _spread(chance: Random, first: datetime, last: datetime) -> list[datetime]:
    """Departures from first to last with usual pauses, each at least the least pause after the one before."""
    if last < first:
        return []
    trips = 1 + int((last - first) / (LONG_TRIP + USUAL_PAUSE))
    slack = last - first - (trips - 1) * (LONG_TRIP + LEAST_PAUSE)
    shares = sorted(chance.random() for _ in range(trips))
    return [first + number * (LONG_TRIP + LEAST_PAUSE) + share * slack for number, share in enumerate(shares)]


def _trip(frame: Frame, van: DemoVan, slot: Slot) -> DemoTrip | None:
    """A trip that its fixes tell without doubt; None when it would not be back before closing."""
    number = len(van.trips) + 1
    seed = frame.plan.seed
    for attempt in range(TRIES):
        chance = seeded(seed, frame.plan.on, van.vehicle, number, attempt)
        trip = _draw(frame, van, _shifted(slot, attempt), chance)
        driven = msgspec.structs.replace(van, trips=(*van.trips, trip)).driven(frame.home.place)
        if ends_at(driven, frame.streets, seed) > frame.closes_at - BACK_BEFORE_CLOSING and not slot.on_screen:
            return None
        if slot.on_screen and not _plays(frame, van.role, driven):
            continue
        if clear(driven, frame.streets, seed):
            return trip
    raise ScenarioError(
        f"no clear trip {number} for {van.vehicle} after {TRIES} tries with seed {seed}: take another --seed"
    )


def _shifted(slot: Slot, attempt: int) -> Slot:
    """The trip on the screen is moved to and fro until the van does there what its role says."""
    shift = SHIFT * ((attempt + 1) // 2) * (-1) ** attempt if slot.on_screen else timedelta()
    return Slot((slot.departs_at + shift).replace(microsecond=0), slot.on_screen)


def _draw(frame: Frame, van: DemoVan, slot: Slot, chance: Random) -> DemoTrip:
    doors = make_round(chance, frame.home, frame.addresses, frame.streets)
    late = slot.on_screen and van.role == "late"
    planned_at = slot.departs_at - (LATE_BY if late else timedelta(seconds=chance.randrange(150)))
    planned_at = planned_at.replace(second=0)
    queued_at = planned_at - LOADING
    number = len(van.trips) + 1
    refs = [ref_of(frame.plan.on, van.vehicle, number, drop) for drop in range(1, len(doors.doors) + 1)]
    return DemoTrip(
        key=f"{van.vehicle}/{frame.plan.on.isoformat()}/{number}",
        queued_at=queued_at,
        planned_departure_at=planned_at,
        departs_at=slot.departs_at,
        orders=make_orders(chance, refs, doors, planned_at, queued_at, tight=late),
        planned_route=doors.route,
    )


def _plays(frame: Frame, role: str, driven: VehicleDay) -> bool:
    """Whether the van does on the first screen what its role says."""
    truth = plan(driven, frame.streets, frame.plan.seed)
    activity = truth.at(frame.plan.first_screen_at).activity
    if role == "silent":
        return activity is not Activity.AT_PREMISES
    if role in ("driving", "late"):
        looks = (truth.at(frame.plan.first_screen_at + after) for after in ON_THE_MOVE)
        return activity is Activity.DRIVING and all(
            look.activity in (Activity.DRIVING, Activity.WAITING) for look in looks
        )
    return activity is (Activity.AT_PREMISES if role == "home" else Activity.AT_DOOR)


def _with_failures(vans: list[DemoVan]) -> list[DemoVan]:
    certain = list(CERTAIN_FAILURES)
    told = []
    for van in vans:
        plain = van.role not in ("late", "silent")
        told.append(_fail_second(van, certain.pop(0)) if plain and certain and van.trips else van)
    return told


def _fail_second(van: DemoVan, reason: FailureReason) -> DemoVan:
    trip = van.trips[0]
    orders = list(trip.orders)
    orders[1] = msgspec.structs.replace(orders[1], failure=reason)
    changed = msgspec.structs.replace(trip, orders=tuple(orders))
    return msgspec.structs.replace(van, trips=(changed, *van.trips[1:]))
