"""Travel times as forecasts and dispatch ask for them: along streets where there is a map, straight lines elsewhere.

What was computed is remembered as long as it holds: the costs of an hour with its conditions, the times to a door.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.geo import distance_m
from gateway.dispatch.estimate import POLICY, STRAIGHT, Door, Point, Source, Way
from gateway.eta.conditions import ByTime, Condition, slowed_arcs, slowed_line
from gateway.eta.door_times import DoorTimes
from gateway.eta.live import USUAL, Live
from gateway.eta.network import Network, Reversed, Spot
from gateway.eta.paces import NOTHING, Cell, Paces, cell_of

# What a light costs on average: a red share of a half and a cycle of a minute.
LIGHT_S = 15.0
# Times are looked for so many times as far as the straight line takes, then everywhere.
_REACH = 4.0
_LEAST_REACH_S = 900.0
_KEPT_BYTES = 128_000_000
_KEPT_WAYS = 200_000
_KEPT_COSTS = 48


class Streets:
    """A map's network with what was computed on it; shared by all premises that use this map, and by all rounds."""

    def __init__(self, network: Network) -> None:
        self.network = network
        lat_e7, lon_e7 = network.middles_e7()
        self._cells = [cell_of(int(lat), int(lon)) for lat, lon in zip(lat_e7, lon_e7, strict=True)]
        wait_s = np.where(network.ends_at_light, LIGHT_S, 0.0)
        self.free_flow = network.turned_round(network.length_m / network.speed_mps, wait_s)
        self._costs: OrderedDict[Hashable, Reversed] = OrderedDict()
        self._times: OrderedDict[Hashable, tuple[float, NDArray[np.float32]]] = OrderedDict()
        self._ways: dict[Hashable, float | None] = {}
        self._spots: dict[Point, Spot | None] = {}
        # Requests of an api come in several threads.
        self._turn = threading.RLock()
        self._most_times = max(64, _KEPT_BYTES // (4 * network.node_count))

    def cost(self, key: Hashable, pace_of: Callable[[Cell], float], held: Sequence[Condition]) -> Reversed:
        """What arcs take at these paces under these conditions."""
        with self._turn:
            found = self._costs.get(key)
            if found is None:
                found = self._costs[key] = self._new_cost(pace_of, held)
                if len(self._costs) > _KEPT_COSTS:
                    self._costs.popitem(last=False)
            self._costs.move_to_end(key)
            return found

    def _new_cost(self, pace_of: Callable[[Cell], float], held: Sequence[Condition]) -> Reversed:
        network = self.network
        by_cell = {cell: pace_of(cell) for cell in set(self._cells)}
        pace = np.fromiter((by_cell[cell] for cell in self._cells), np.float64, len(self._cells))
        return network.turned_round(
            self.free_flow.drive_s * pace * slowed_arcs(network, held), self.free_flow.wait_s * pace
        )

    def seconds(
        self, here: Point, there: Point, course_deg: float | None, key: Hashable, at_cost: Reversed
    ) -> float | None:
        """Seconds along streets; None when one of the places is not on the map, or no way leads there."""
        asked = (here, there, course_deg, key)
        with self._turn:
            if asked not in self._ways:
                if len(self._ways) >= _KEPT_WAYS:
                    self._ways.clear()
                self._ways[asked] = self._find(here, there, course_deg, key, at_cost)
            return self._ways[asked]

    def _find(
        self, here: Point, there: Point, course_deg: float | None, key: Hashable, at_cost: Reversed
    ) -> float | None:
        door = self._spot(there)
        start = self._spot(here) if course_deg is None else self.network.spot(*here, course_deg)
        if door is None or start is None:
            return None
        straight_s = STRAIGHT.policy.detour_factor * distance_m(*here, *there) / STRAIGHT.policy.speed_mps
        found = math.inf
        for limit_s in (max(_LEAST_REACH_S, _REACH * straight_s), math.inf):
            times = self._times_to(there, door, key, at_cost, limit_s)
            found = self.network.seconds_between(start, door, times, at_cost)
            if math.isfinite(found):
                break
        return found + (start.off_m + door.off_m) / POLICY.speed_mps if math.isfinite(found) else None

    def _times_to(
        self, there: Point, door: Spot, key: Hashable, at_cost: Reversed, limit_s: float
    ) -> NDArray[np.float32]:
        held = self._times.get((there, key))
        if held is None or held[0] < limit_s:
            held = limit_s, self.network.times_to(door, at_cost, limit_s)
            self._times[(there, key)] = held
            if len(self._times) > self._most_times:
                self._times.popitem(last=False)
        self._times.move_to_end((there, key))
        return held[1]

    def _spot(self, place: Point) -> Spot | None:
        if place not in self._spots:
            if len(self._spots) >= _KEPT_WAYS:
                self._spots.clear()
            self._spots[place] = self.network.spot(*place)
        return self._spots[place]


class Knowledge(msgspec.Struct, frozen=True):
    """What is known for one premises' vans at the moment: its version changes with everything that was learned."""

    tz: str
    version: int = 0
    street_paces: Paces = NOTHING
    straight_paces: Paces = msgspec.field(default_factory=lambda: Paces((), 1.0))
    door_times: DoorTimes = DoorTimes()
    conditions: tuple[Condition, ...] = ()
    live: Live = USUAL


class FleetWays:
    """Ways with everything that is known: streets, the fleet's own paces, its times at doors, conditions."""

    def __init__(self, known: Knowledge, streets: Streets | None) -> None:
        self._known = known
        self._streets = streets
        self._zone = ZoneInfo(known.tz)
        self._conditions = ByTime(known.conditions)

    def way(self, here: Point | None, there: Point | None, at: datetime, course_deg: float | None = None) -> Way:
        if here is None or there is None:
            return STRAIGHT.way(here, there, at)
        hour = at.astimezone(self._zone).hour
        held = self._conditions.at(at)
        if self._streets is not None:
            paces, live, weight = self._known.street_paces, self._known.live, self._known.live.weight(at)
            seen = (live.made_at, weight) if weight else None
            key = (self._known.version, self._known.tz, hour, tuple(one.id for one in held), seen)

            def pace_of(cell: Cell) -> float:
                return paces.at(cell, hour) * live.factor(cell, weight)

            at_cost = self._streets.cost(key, pace_of, held)
            seconds = self._streets.seconds(here, there, course_deg, key, at_cost)
            if seconds is not None:
                return Way(seconds, Source.LEARNED if paces.is_learned else Source.STREET)
        paces = self._known.straight_paces
        middle = cell_of((here[0] + there[0]) // 2, (here[1] + there[1]) // 2)
        live = self._known.live
        slower = paces.at(middle, hour) * slowed_line(here, there, held) * live.factor(middle, live.weight(at))
        source = Source.LEARNED if paces.is_learned and self._streets is None else Source.DISTANCE
        return Way(STRAIGHT.way(here, there, at).seconds * slower, source)

    def at_door_s(self, door: Door) -> float:
        return self._known.door_times.at_door_s(door)
