"""Splits the open orders of a van that fails over other vans, and what has to go home. Pure: asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from gateway.dispatch.estimate import STRAIGHT, Door, Start, Ways, estimate


class Relief(msgspec.Struct, frozen=True):
    """A van that could help: where and when it goes on after it has taken the goods over, and its own doors."""

    name: str
    start: Start
    doors: tuple[Door, ...]
    room_minor: int | None  # by how much its load may still grow; None: no limit
    room_g: int | None


class Load(msgspec.Struct, frozen=True):
    """An order to be taken over, and what its goods are worth and weigh."""

    door: Door
    value_minor: int | None
    mass_g: int


class HomeLoad(msgspec.Struct, frozen=True):
    """Goods that nobody waits for: an order that failed, was cancelled, or what a customer left of one."""

    order_id: UUID
    value_minor: int | None
    mass_g: int


def split(
    loads: Sequence[Load], reliefs: Sequence[Relief], ways: Ways = STRAIGHT
) -> tuple[dict[str, list[UUID]], list[UUID]]:
    """Per van all doors in the sequence proposed, for vans that take something; and the orders that nobody can take.

    Greedy, the tightest window first: each order goes to the van and place where it makes the least lateness in all,
    and of equal ones the least time. 20 orders over 12 vans with 10 doors each are 2,640 estimates, not 12^20.
    """
    plans = {one.name: list(one.doors) for one in reliefs}
    rooms = {one.name: [one.room_minor, one.room_g] for one in reliefs}
    taken: set[str] = set()
    left: list[UUID] = []
    for load in sorted(loads, key=lambda one: (one.door.window_to, one.door.order_id)):
        best: tuple[tuple[float, float], str, list[Door]] | None = None
        for relief in reliefs:
            if not _has_room(rooms[relief.name], load):
                continue
            before = _cost(relief.start, plans[relief.name], ways)
            for place in range(len(plans[relief.name]) + 1):
                doors = [*plans[relief.name][:place], load.door, *plans[relief.name][place:]]
                after = _cost(relief.start, doors, ways)
                worse = (after[0] - before[0], after[1] - before[1])
                if best is None or worse < best[0]:
                    best = worse, relief.name, doors
        if best is None:
            left.append(load.door.order_id)
            continue
        _, name, plans[name] = best
        taken.add(name)
        _fill(rooms[name], load)
    return {name: [door.order_id for door in plans[name]] for name in plans if name in taken}, left


def take_home(
    goods: Sequence[HomeLoad], reliefs: Sequence[Relief], taken: Mapping[str, Sequence[Load]]
) -> tuple[dict[str, list[UUID]], list[UUID]]:
    """Per van what it brings home, the first of `reliefs` with room taking it; and what no van has room for.

    `taken` are the open orders that vans take over already: they fill their room first.
    """
    rooms = {one.name: [one.room_minor, one.room_g] for one in reliefs}
    for name, loads in taken.items():
        for load in loads:
            _fill(rooms[name], load)
    found: dict[str, list[UUID]] = {}
    left: list[UUID] = []
    for each in goods:
        taker = next((one for one in reliefs if _has_room(rooms[one.name], each)), None)
        if taker is None:
            left.append(each.order_id)
            continue
        found.setdefault(taker.name, []).append(each.order_id)
        _fill(rooms[taker.name], each)
    return found, left


def _cost(start: Start, doors: Sequence[Door], ways: Ways) -> tuple[float, float]:
    arrivals = estimate(start, doors, ways)
    late_s = sum(one.late_s for one in arrivals)
    return late_s, (arrivals[-1].arrival_at - start.at).total_seconds() if arrivals else 0.0


def _has_room(room: list[int | None], load: Load | HomeLoad) -> bool:
    room_minor, room_g = room
    # Goods of unknown value fit nowhere where value counts.
    fits = room_minor is None or (load.value_minor is not None and load.value_minor <= room_minor)
    return fits and (room_g is None or load.mass_g <= room_g)


def _fill(room: list[int | None], load: Load | HomeLoad) -> None:
    if room[0] is not None:
        room[0] -= load.value_minor or 0
    if room[1] is not None:
        room[1] -= load.mass_g
