"""The road graph that firmware_bridge.sim.streets reads, from an extract's ways. Finds no routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from waybill.maps.extract import Extract, MapError, Way
from waybill.maps.geometry import Point, distance_m, flattened
from waybill.maps.notice import ATTRIBUTION

# Two nodes may lie on one place; a reader wants every street to have a length.
SHORTEST_M = 0.1


def road_graph(extract: Extract) -> tuple[dict[str, Any], list[list[Point]]]:
    """The graph of the largest part in which every junction can be reached from every other, and its lines."""
    pieces = [way for way in _split_at_junctions(extract) if way.nodes[0] != way.nodes[-1]]
    inside = strongly_connected(pieces)
    pieces = [way for way in pieces if way.nodes[0] in inside and way.nodes[-1] in inside]
    if not pieces:
        raise MapError("the extract has no streets for cars there; take a larger one, or a larger --km")
    order = {node: i for i, node in enumerate(sorted(inside))}
    names = sorted({way.name for way in pieces})
    number = {name: i for i, name in enumerate(names)}
    rows: list[list[Any]] = []
    lines: list[list[Point]] = []
    tunnels: list[int] = []
    for way in sorted(pieces, key=lambda way: (order[way.nodes[0]], order[way.nodes[-1]], way.nodes)):
        line = flattened([extract.points[node] for node in way.nodes])
        if not way.forward:
            line.reverse()
        length_m = sum(distance_m(a, b) for a, b in pairwise(line))
        ends = (way.nodes[0], way.nodes[-1]) if way.forward else (way.nodes[-1], way.nodes[0])
        if way.tunnel:
            tunnels.append(len(rows))
        bends = [value for point in line[1:-1] for value in point]
        rows.append([order[ends[0]], order[ends[1]], max(round(length_m, 1), SHORTEST_M), round(way.speed_kmh / 3.6, 2),
                     int(way.forward and way.backward), number[way.name], bends])  # fmt: skip
        lines.append(line)
    graph = {
        "v": 1, "attribution": ATTRIBUTION, "names": names, "nodes": [extract.points[node] for node in order],
        "lights": [order[node] for node in sorted(extract.lights & inside)],
        "columns": ["from", "to", "length_m", "speed_mps", "both_ways", "name", "bends_e7"], "streets": rows,
    }  # fmt: skip
    return {**graph, "tunnels": tunnels} if tunnels else graph, lines


def strongly_connected(ways: list[Way]) -> set[int]:
    """The largest set of nodes from each of which every other can be driven to (Tarjan, without recursion)."""
    ahead: dict[int, list[int]] = {}
    for way in ways:
        a, b = way.nodes[0], way.nodes[-1]
        for u, v, is_open in ((a, b, way.forward), (b, a, way.backward)):
            if is_open:
                ahead.setdefault(u, []).append(v)
    best: set[int] = set()
    for component in _components(ahead):
        if (len(component), -min(component)) > (len(best), -min(best, default=0)):
            best = component
    return best


def _components(ahead: dict[int, list[int]]) -> Iterator[set[int]]:
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root, first in ahead.items():
        if root in index:
            continue
        walk = [(root, iter(first))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while walk:
            node, heads = walk[-1]
            for head in heads:
                if head not in index:
                    index[head] = low[head] = len(index)
                    stack.append(head)
                    on_stack.add(head)
                    walk.append((head, iter(ahead.get(head, ()))))
                    break
                if head in on_stack:
                    low[node] = min(low[node], index[head])
            else:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[node])
                if low[node] == index[node]:
                    at = _last(stack, node)
                    yield set(stack[at:])
                    on_stack.difference_update(stack[at:])
                    del stack[at:]


def _last(stack: list[int], node: int) -> int:
    at = len(stack) - 1
    while stack[at] != node:
        at -= 1
    return at


def _split_at_junctions(extract: Extract) -> Iterator[Way]:
    used = Counter(node for way in extract.ways for node in way.nodes)
    for way in extract.ways:
        start = 0
        for i, node in enumerate(way.nodes):
            last = i == len(way.nodes) - 1
            if i and (last or used[node] > 1 or node in extract.lights):
                yield replace(way, nodes=way.nodes[start : i + 1])
                start = i
