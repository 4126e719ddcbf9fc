"""A road graph for cars: the nearest place on a street and the fastest way. Opens no file: the caller brings the bytes.

The bytes are JSON, gzipped or not, as `waybill map build` writes them: `nodes` [[lat_e7, lon_e7]…], `lights`
[node…], `streets` [[from, to, length_m, speed_mps, both_ways, name, [lat_e7, lon_e7, …bends]]…], and where there are
any, `tunnels` [street…].
"""

from __future__ import annotations

import gzip
import heapq
import math
import zlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import msgspec

from firmware_bridge.sim.polyline import METRES_PER_DEG, Place, Polyline, between, distance_m, foot, polyline

# What a light costs on average when a way is chosen; close to RED_SHARE times the mean wait in motion.py.
LIGHT_S = 15.0
# Cells of the search grid: about 220 m, so that a place in a city finds its street in the nine cells around it.
CELL_DEG = 0.002
# How many cells around are searched; further from every street than the last, all streets are looked at.
REACHES = (1, 4, 16)
# Closer to a junction than this is at it.
ONE_PLACE_M = 0.05
# Ways kept for another time; a demo's day needs some hundred.
KEPT_WAYS = 4096


REMEDY = "make the file again with waybill map build EXTRACT.osm.pbf"


class StreetsError(ValueError):
    """The streets are not in the form that `waybill map build` writes; make them again with it."""


Node = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Row = tuple[Node, Node, Positive, Positive, int, int, list[int]]


class _File(msgspec.Struct, frozen=True):
    v: int
    nodes: list[tuple[int, int]]
    lights: list[int]
    streets: list[Row]
    tunnels: list[int] = []


class Arc(msgspec.Struct, frozen=True, kw_only=True):
    """One street in one direction; opposite is the arc of the other one, None where it is one-way."""

    tail: int
    head: int
    length_m: float
    speed_mps: float
    points: tuple[Place, ...]
    in_tunnel: bool = False
    opposite: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnStreet:
    """A place on an arc, so far from its beginning."""

    arc: int
    along_m: float
    place: Place


def _arcs(row: Row, nodes: list[Place], *, in_tunnel: bool) -> Iterator[Arc]:
    tail, head, _, speed_mps, both_ways, _, bends = row
    inner = [Place(lat / 1e7, lon / 1e7) for lat, lon in zip(bends[::2], bends[1::2], strict=True)]
    points = (nodes[tail], *inner, nodes[head])
    length_m = sum(distance_m(a, b) for a, b in pairwise(points))
    there = Arc(tail=tail, head=head, length_m=length_m, speed_mps=speed_mps, points=points, in_tunnel=in_tunnel)
    yield there
    if both_ways:
        yield msgspec.structs.replace(there, tail=head, head=tail, points=points[::-1])


class Streets:
    """Made by from_bytes; never changes (it only remembers ways it has found)."""

    def __init__(self, arcs: list[Arc], nodes: list[Place], lights: frozenset[int]) -> None:
        self.arcs = arcs
        self.nodes = nodes
        self.lights = lights
        self._out: defaultdict[int, list[int]] = defaultdict(list)
        self._cells: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        self._ways: dict[tuple[Place, Place], Polyline] = {}
        self._in: defaultdict[int, list[int]] = defaultdict(list)
        neighbours: defaultdict[int, set[int]] = defaultdict(set)
        for i, arc in enumerate(arcs):
            self._out[arc.tail].append(i)
            self._in[arc.head].append(i)
            neighbours[arc.tail].add(arc.head)
            neighbours[arc.head].add(arc.tail)
            if arc.opposite is None or arc.opposite > i:
                self._index(i)
        self.junctions = frozenset(node for node, around in neighbours.items() if len(around) > 2)
        self._fastest_mps = max(arc.speed_mps for arc in arcs)

    @classmethod
    def from_bytes(cls, data: bytes) -> Streets:
        try:
            raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            read = msgspec.json.decode(raw, type=_File)
            nodes = [Place(lat / 1e7, lon / 1e7) for lat, lon in read.nodes]
            tunnels = frozenset(read.tunnels)
            arcs = [arc for i, row in enumerate(read.streets) for arc in _arcs(row, nodes, in_tunnel=i in tunnels)]
        except (OSError, EOFError, msgspec.MsgspecError, IndexError, ValueError, zlib.error) as broken:
            raise StreetsError(f"streets: {broken}; {REMEDY}") from broken
        if read.v != 1 or not arcs:
            raise StreetsError(f"streets: version {read.v} with {len(arcs)} streets, wanted 1 with some; {REMEDY}")
        opposites = {(arc.tail, arc.head, arc.points): i for i, arc in enumerate(arcs)}
        return cls(
            [
                msgspec.structs.replace(arc, opposite=opposites.get((arc.head, arc.tail, arc.points[::-1])))
                for arc in arcs
            ],
            nodes,
            frozenset(read.lights),
        )

    def snap(self, place: Place) -> OnStreet:
        """The nearest place on any street."""
        cell_m = CELL_DEG * METRES_PER_DEG * math.cos(math.radians(place.lat_deg))
        for reach in REACHES:
            off_m, i, k, share = self._nearest(place, self._around(place, reach))
            if off_m <= reach * cell_m:
                break
        else:
            _, i, k, share = self._nearest(place, self._everything())
        points = self.arcs[i].points
        before_m = sum(distance_m(a, b) for a, b in pairwise(points[: k + 1]))
        return OnStreet(arc=i, along_m=before_m + share * distance_m(points[k], points[k + 1]),
                        place=between(points[k], points[k + 1], share))  # fmt: skip

    def route(self, start: Place, end: Place) -> Polyline:
        """The fastest way by car between the places on streets that are nearest to these two."""
        found = self._ways.get((start, end))
        if found is None:
            found = self._route(self.snap(start), self.snap(end))
            if len(self._ways) >= KEPT_WAYS:
                self._ways.clear()
            self._ways[(start, end)] = found
        return found

    def _index(self, i: int) -> None:
        for k, (a, b) in enumerate(pairwise(self.arcs[i].points)):
            rows = sorted((int(a.lat_deg // CELL_DEG), int(b.lat_deg // CELL_DEG)))
            columns = sorted((int(a.lon_deg // CELL_DEG), int(b.lon_deg // CELL_DEG)))
            for row in range(rows[0], rows[1] + 1):
                for column in range(columns[0], columns[1] + 1):
                    self._cells[(row, column)].append((i, k))

    def _nearest(self, place: Place, among: Iterable[tuple[int, int]]) -> tuple[float, int, int, float]:
        best = (math.inf, 0, 0, 0.0)
        for i, k in among:
            share, off_m = foot(place, *self.arcs[i].points[k : k + 2])
            best = min(best, (off_m, i, k, share))
        return best

    def _around(self, place: Place, reach: int) -> Iterator[tuple[int, int]]:
        row, column = int(place.lat_deg // CELL_DEG), int(place.lon_deg // CELL_DEG)
        for y in range(row - reach, row + reach + 1):
            for x in range(column - reach, column + reach + 1):
                yield from self._cells.get((y, x), ())

    def _everything(self) -> Iterator[tuple[int, int]]:
        for cell in self._cells.values():
            yield from cell

    def _passing(self, here: OnStreet) -> list[tuple[int, float]]:
        """The arcs that pass this place, with the distance along each; at a junction all that begin or end there."""
        arc = self.arcs[here.arc]
        if ONE_PLACE_M < here.along_m < arc.length_m - ONE_PLACE_M:
            other = [] if arc.opposite is None else [(arc.opposite, arc.length_m - here.along_m)]
            return [(here.arc, here.along_m), *other]
        node = arc.tail if here.along_m <= ONE_PLACE_M else arc.head
        return [*((i, 0.0) for i in self._out[node]), *((i, self.arcs[i].length_m) for i in self._in[node])]

    def _route(self, start: OnStreet, end: OnStreet) -> Polyline:
        starts, goals = dict(self._passing(start)), dict(self._passing(end))
        for i, from_m in starts.items():
            if 0.0 < from_m <= goals.get(i, -1.0) < self.arcs[i].length_m:
                return self._line(start.place, end.place, [(i, from_m, goals[i])])
        path = self._search(starts, goals, end.place)
        first, last = path[0], path[-1]
        parts = [(first, starts[first], self.arcs[first].length_m)]
        parts += [(i, 0.0, self.arcs[i].length_m) for i in path[1:-1]]
        return self._line(start.place, end.place, [*parts, (last, 0.0, goals[last])])

    def _search(self, starts: dict[int, float], goals: dict[int, float], goal: Place) -> list[int]:
        """A* over nodes: from the arcs of the start to an arc of the end, by time. Returns arcs in order."""
        ends = sorted(((to_m / self.arcs[j].speed_mps, j) for j, to_m in goals.items()), reverse=True)
        arrive = {self.arcs[j].tail: (to_s, j) for to_s, j in ends}
        came: dict[int, int] = {}
        best: dict[int, float] = {}
        queue: list[tuple[float, float, int, int]] = []
        done: set[int] = set()

        def push(arc_index: int, spent_s: float, node: int) -> None:
            if spent_s < best.get(node, float("inf")):
                best[node], came[node] = spent_s, arc_index
                ahead_s = distance_m(self.nodes[node], goal) / self._fastest_mps
                heapq.heappush(queue, (spent_s + ahead_s, spent_s, node, arc_index))

        for i, from_m in starts.items():
            push(i, (self.arcs[i].length_m - from_m) / self.arcs[i].speed_mps, self.arcs[i].head)
        while queue:
            _, spent_s, node, arc_index = heapq.heappop(queue)
            if node == -1:
                return self._back(arc_index, came, starts)
            if node in done:
                continue
            done.add(node)
            if node in arrive:
                extra_s, last = arrive[node]
                total_s = spent_s + extra_s
                heapq.heappush(queue, (total_s, total_s, -1, last))
            light_s = LIGHT_S if node in self.lights else 0.0
            for i in self._out[node]:
                arc = self.arcs[i]
                push(i, spent_s + light_s + arc.length_m / arc.speed_mps, arc.head)
        raise LookupError(f"no way to {goal.lat_deg:.5f}, {goal.lon_deg:.5f}; the graph must be strongly connected")

    def _back(self, last: int, came: dict[int, int], starts: Container[int]) -> list[int]:
        path = [last]
        while True:
            before = came[self.arcs[path[-1]].tail]
            path.append(before)
            if before in starts:
                return path[::-1]

    def _line(self, start: Place, end: Place, parts: list[tuple[int, float, float]]) -> Polyline:
        points, limits = [start], []
        lights: set[int] = set()
        junctions: set[int] = set()
        covered: set[int] = set()
        for n, (i, from_m, to_m) in enumerate(parts, 1):
            arc = self.arcs[i]
            passed = n < len(parts)
            along_m = 0.0
            for a, b in pairwise(arc.points):
                along_m += distance_m(a, b)
                if from_m < along_m and (along_m < to_m or passed):
                    points.append(b)
                    limits.append(arc.speed_mps)
                    if arc.in_tunnel:
                        covered.add(len(points) - 1)
            if passed and arc.head in self.lights:
                lights.add(len(points) - 1)
            elif passed and arc.head in self.junctions:
                junctions.add(len(points) - 1)
        points.append(end)
        limits.append(self.arcs[parts[-1][0]].speed_mps)
        if self.arcs[parts[-1][0]].in_tunnel:
            covered.add(len(points) - 1)
        return polyline(
            points, limits, lights=frozenset(lights), junctions=frozenset(junctions), covered=frozenset(covered)
        )
