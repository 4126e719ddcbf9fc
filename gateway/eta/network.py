"""The street network of a map as arrays: nearest streets, travel times from everywhere to a door. Reads no file.

The bytes are those of `streets.json.gz`, as `waybill map build` writes them. What a street takes at a time of
day is the caller's; the shortest ways are scipy's (Dijkstra over the network turned round, from the door).
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.geo import EARTH_RADIUS_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
METRES_PER_DEG = math.radians(EARTH_RADIUS_M)
# Along a street a point of the search tree stands every 30 m: the nearest street is among those of the nearest points.
_STEP_M = 30.0
_CANDIDATES = 12
# Farther from every street than this a place is not on the map.
OFF_MAP_M = 400.0
# A street that leads the other way counts as so much farther, when it is known where the van is heading.
_AGAINST_M = 40.0
_LEAST_S = 0.01  # scipy takes 0 for no street


class NetworkError(ValueError):
    """The streets are not in the form that `waybill map build` writes."""


class _File(msgspec.Struct, frozen=True):
    v: int
    nodes: list[tuple[int, int]]
    lights: list[int]
    streets: list[tuple[int, int, float, float, int, int, list[int]]]
    names: list[str] = []


class Spot(msgspec.Struct, frozen=True):
    """A place on a street: the arcs that pass it, with the share of each that lies behind it, and how far off it is."""

    arcs: tuple[tuple[int, float], ...]
    off_m: float


class Reversed(msgspec.Struct, frozen=True):
    """What every arc takes at one time of day, and the network seen from its doors, as rows of a sparse table."""

    drive_s: Floats  # to drive along each arc
    wait_s: Floats  # at the junction at its end
    indptr: Ints
    indices: Ints
    seconds: Floats


class Network:
    """Junctions, and arcs: each street once per direction in which it may be driven. Never changes."""

    def __init__(self, read: _File) -> None:
        self.node_count = len(read.nodes)
        nodes = np.asarray(read.nodes, dtype=np.float64) / 1e7
        self._east = METRES_PER_DEG * math.cos(math.radians(float(nodes[:, 0].mean())))
        self.names = read.names
        rows: list[tuple[int, int, float, float, int]] = []
        lines: list[Sequence[tuple[float, float]]] = []
        self._arcs_of: list[tuple[int, int]] = []  # street -> arc there, arc back (-1: one-way)
        for tail, head, length_m, speed_mps, both_ways, name, bends in read.streets:
            there = len(rows)
            rows.append((tail, head, length_m, speed_mps, name))
            if both_ways:
                rows.append((head, tail, length_m, speed_mps, name))
            self._arcs_of.append((there, there + 1 if both_ways else -1))
            inner = list(zip(bends[::2], bends[1::2], strict=True))
            lines.append([self._xy(lat, lon) for lat, lon in (read.nodes[tail], *inner, read.nodes[head])])
        table = np.asarray(rows, dtype=np.float64)
        self.tail, self.head = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
        self.length_m, self.speed_mps = table[:, 2], table[:, 3]
        self.name: Ints = table[:, 4].astype(np.int64)
        lit = np.zeros(self.node_count, dtype=bool)
        lit[read.lights] = True
        self.ends_at_light = lit[self.head]
        self._index(lines)

    @classmethod
    def from_bytes(cls, data: bytes) -> Network:
        """The network of a file; NetworkError when it holds none."""
        try:
            raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            read = msgspec.json.decode(raw, type=_File)
            if read.v != 1 or not read.streets:
                raise NetworkError(f"version {read.v} with {len(read.streets)} streets, wanted 1 with some")
            return cls(read)
        except (OSError, EOFError, zlib.error, msgspec.MsgspecError, IndexError, ValueError) as error:
            raise NetworkError(f"streets: {error}; make the file again with waybill map build") from error

    def middles_e7(self) -> tuple[Ints, Ints]:
        """Where the middle of each arc is."""
        x, y = self._middle_x, self._middle_y
        return np.rint(y / METRES_PER_DEG * 1e7).astype(np.int64), np.rint(x / self._east * 1e7).astype(np.int64)

    def spot(self, lat_e7: int, lon_e7: int, course_deg: float | None = None) -> Spot | None:
        """The nearest place on a street, by heading when that is known; None: it is not on the map."""
        x, y = self._xy(lat_e7, lon_e7)
        _, near = self._tree.query((x, y), k=min(_CANDIDATES, len(self._piece_of)))
        best: tuple[float, Spot] | None = None
        for piece in {int(self._piece_of[one]) for one in np.atleast_1d(near)}:
            for cost_m, spot in self._on_piece(piece, x, y, course_deg):
                if best is None or cost_m < best[0]:
                    best = cost_m, spot
        return best[1] if best is not None and best[1].off_m <= OFF_MAP_M else None

    def streets_named(self, name: str) -> NDArray[np.bool_]:
        """Which arcs belong to a street of this name, however it is capitalised."""
        wanted = name.strip().casefold()
        numbers = [number for number, one in enumerate(self.names) if one.casefold() == wanted]
        return np.isin(self.name, numbers)

    def turned_round(self, drive_s: Floats, wait_s: Floats) -> Reversed:
        """The network with every arc turned round, at these costs; of parallel arcs the fastest."""
        seconds = drive_s + wait_s
        order = np.lexsort((seconds, self.tail, self.head))
        rows, columns = self.head[order], self.tail[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
        indptr = np.searchsorted(rows[first], np.arange(self.node_count + 1))
        return Reversed(drive_s, wait_s, indptr, columns[first], np.maximum(seconds[order][first], _LEAST_S))

    def times_to(self, door: Spot, at_cost: Reversed, limit_s: float = math.inf) -> NDArray[np.float32]:
        """Seconds from every junction to this place; infinite where no way leads, or one of more than `limit_s`."""
        # Here, because whoever has no map has no use for what takes a third of a second to import.
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import dijkstra

        ends = [int(self.tail[arc]) for arc, _ in door.arcs]
        costs = [max(behind * float(at_cost.drive_s[arc]), _LEAST_S) for arc, behind in door.arcs]
        size = self.node_count + 1
        graph = csr_matrix(
            (
                np.concatenate([at_cost.seconds, costs]),
                np.concatenate([at_cost.indices, np.asarray(ends, dtype=np.int64)]),
                np.append(at_cost.indptr, at_cost.indptr[-1] + len(ends)),
            ),
            shape=(size, size),
        )
        found: NDArray[np.float64] = dijkstra(graph, indices=self.node_count, limit=limit_s)
        return found[: self.node_count].astype(np.float32)

    def seconds_between(self, here: Spot, there: Spot, to_there: NDArray[np.float32], at_cost: Reversed) -> float:
        """From one place to another, whose times from every junction are `to_there`."""
        best = math.inf
        ahead = dict(there.arcs)
        drive_s, wait_s = at_cost.drive_s, at_cost.wait_s
        for arc, behind in here.arcs:
            rest_s = (1 - behind) * drive_s[arc] + wait_s[arc] + float(to_there[self.head[arc]])
            best = min(best, rest_s)
            if ahead.get(arc, -1.0) >= behind:
                best = min(best, (ahead[arc] - behind) * drive_s[arc])
        return float(best)

    def _xy(self, lat_e7: int, lon_e7: int) -> tuple[float, float]:
        return lon_e7 / 1e7 * self._east, lat_e7 / 1e7 * METRES_PER_DEG

    def _index(self, lines: list[Sequence[tuple[float, float]]]) -> None:
        """Pieces of streets for exact distances, and points along them for the search."""
        from scipy.spatial import cKDTree

        pieces: list[tuple[float, float, float, float, int, float, float]] = []
        points: list[tuple[float, float]] = []
        piece_of: list[int] = []
        middles: list[tuple[float, float]] = []
        for street, line in enumerate(lines):
            lengths = [max(math.dist(a, b), 1e-6) for a, b in pairwise(line)]
            whole, along = sum(lengths), 0.0
            for (a, b), length in zip(pairwise(line), lengths, strict=True):
                steps = max(1, math.ceil(length / _STEP_M))
                for step in range(steps + 1):
                    share = step / steps
                    points.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
                    piece_of.append(len(pieces))
                pieces.append((*a, *b, street, along / whole, length / whole))
                along += length
            middle = line[len(line) // 2] if len(line) > 2 else tuple((p + q) / 2 for p, q in zip(*line, strict=True))
            middles += [(middle[0], middle[1])] * (1 if self._arcs_of[street][1] < 0 else 2)
        self._pieces = pieces
        self._tree: Any = cKDTree(np.asarray(points))
        self._piece_of = np.asarray(piece_of, dtype=np.int64)
        self._middle_x, self._middle_y = np.asarray(middles).T

    def _on_piece(self, piece: int, x: float, y: float, course_deg: float | None) -> list[tuple[float, Spot]]:
        """The place on a piece of street: both directions as one when no heading is known, else each with its cost."""
        x1, y1, x2, y2, street, before, share = self._pieces[piece]
        dx, dy = x2 - x1, y2 - y1
        along = min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / max(dx * dx + dy * dy, 1e-9)))
        off_m = math.hypot(x - x1 - along * dx, y - y1 - along * dy)
        behind = before + along * share
        there, back = self._arcs_of[int(street)]
        if course_deg is None:
            arcs = ((there, behind),) if back < 0 else ((there, behind), (back, 1 - behind))
            return [(off_m, Spot(arcs, off_m))]
        course = math.radians(course_deg)
        with_it = (dx * math.sin(course) + dy * math.cos(course)) / max(math.hypot(dx, dy), 1e-9)
        found = [(off_m + _AGAINST_M * (1 - with_it), Spot(((there, behind),), off_m))]
        if back >= 0:
            found.append((off_m + _AGAINST_M * (1 + with_it), Spot(((back, 1 - behind),), off_m)))
        return found
