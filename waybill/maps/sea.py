"""Closes coastlines to areas of sea. Water lies to the right of a coastline, by OpenStreetMap's rule. Draws nothing."""

from __future__ import annotations

from itertools import pairwise

from waybill.maps.geometry import Box, LonLat

Ring = list[LonLat]


def sea_polygons(coasts: list[Ring], box: Box) -> list[list[Ring]]:
    """Polygons with islands as holes; without any coast there is no sea."""
    joined = stitched([part for coast in coasts for part in clipped(coast, box)])
    islands = [coast for coast in joined if coast[0] == coast[-1] and is_land(coast)]
    lagoons = [coast for coast in joined if coast[0] == coast[-1] and not is_land(coast)]
    outers = closed([coast for coast in joined if coast[0] != coast[-1]], box) + lagoons
    if islands and not outers:
        corners = [(box.west, box.south), (box.west, box.north), (box.east, box.north), (box.east, box.south)]
        outers = [[*corners, corners[0]]]
    holes: dict[int, list[Ring]] = {}
    for island in islands:
        for number, outer in enumerate(outers):
            if is_inside(island[0], outer):
                holes.setdefault(number, []).append(island)
                break
    return [[outer, *holes.get(number, [])] for number, outer in enumerate(outers)]


def clipped(coast: Ring, box: Box) -> list[Ring]:
    """The parts of a line inside the box, each ending exactly on its edge: an extract may hold whole ways."""
    parts: list[Ring] = [[]]
    for a, b in pairwise(coast):
        inside = _part_inside(a, b, box)
        if inside is None:
            parts.append([])
            continue
        begin, end = inside
        if parts[-1] and parts[-1][-1] != begin:
            parts.append([])
        parts[-1] += [end] if parts[-1] else [begin, end]
    return [part for part in parts if len(part) > 1]


def _part_inside(a: LonLat, b: LonLat, box: Box) -> tuple[LonLat, LonLat] | None:
    """Liang and Barsky: where a segment enters and leaves the box; None when it stays outside."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    enters, leaves = 0.0, 1.0
    for step, room in ((-dx, a[0] - box.west), (dx, box.east - a[0]), (-dy, a[1] - box.south), (dy, box.north - a[1])):
        if step == 0.0:
            if room < 0.0:
                return None
        elif step < 0.0:
            enters = max(enters, room / step)
        else:
            leaves = min(leaves, room / step)
    if enters >= leaves:
        return None
    begin = a if enters == 0.0 else (a[0] + dx * enters, a[1] + dy * enters)
    return begin, b if leaves == 1.0 else (a[0] + dx * leaves, a[1] + dy * leaves)


def stitched(coasts: list[Ring]) -> list[Ring]:
    """Pieces whose end is another's beginning, as one."""
    by_start = {coast[0]: i for i, coast in enumerate(coasts)}
    ends = {coast[-1] for coast in coasts}
    out: list[Ring] = []
    used: set[int] = set()
    # First those that nothing leads to; what is left over then are circles.
    for i in [*(i for i, coast in enumerate(coasts) if coast[0] not in ends), *range(len(coasts))]:
        if i in used:
            continue
        line: Ring = []
        at: int | None = i
        while at is not None and at not in used:
            used.add(at)
            line += coasts[at][1:] if line else coasts[at]
            at = by_start.get(line[-1])
        out.append(line)
    return out


def is_land(ring: Ring) -> bool:
    """Counter-clockwise: what it encloses lies to its left."""
    return sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring)) < 0


def is_inside(point: LonLat, ring: Ring) -> bool:
    x, y = point
    crossings = 0
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            crossings += 1
    return crossings % 2 == 1


def closed(coasts: list[Ring], box: Box) -> list[Ring]:
    """Open coastlines closed along the box, which is walked clockwise."""
    width, height = box.east - box.west, box.north - box.south
    corners = [(box.west, box.south), (box.west, box.north), (box.east, box.north), (box.east, box.south)]

    def round_box(p: LonLat) -> float:
        """Clockwise from the south-west corner, one unit a side, of the nearest point of the box."""
        x, y = (p[0] - box.west) / width, (p[1] - box.south) / height
        return min((x, y), (1 - y, 1 + x), (1 - x, 2 + 1 - y), (y, 3 + 1 - x))[1] % 4

    def on_box(at: float) -> LonLat:
        a, b, part = corners[int(at) % 4], corners[(int(at) + 1) % 4], at % 1
        return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part

    left, rings = list(coasts), []
    while left:
        ring = left.pop(0)
        first = ring[0]
        while True:
            here = round_box(ring[-1])
            starts = [(round_box(p), i) for i, p in enumerate([first, *(c[0] for c in left)])]
            there, which = min(((at - here) % 4, i) for at, i in starts)
            turns = [float(k) for k in range(int(here) + 1, int(here + there) + 1)]
            ring = [*ring, *(on_box(at) for at in (here, *turns, here + there))]
            if which == 0:
                break
            ring = [*ring, *left.pop(which - 1)]
        rings.append([*ring, first])
    return rings
