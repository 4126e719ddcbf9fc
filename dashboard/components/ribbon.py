"""A street as an area: its centre line widened to both sides. Knows no colours and no files."""

from __future__ import annotations

import math
from itertools import pairwise

METRES_PER_DEG = 111_195.0
# A corner's outer point moves away without bound as the street turns back; beyond this it is cut.
LONGEST_MITRE = 1.6

Line = list[list[float]]


def ribbon(line: Line, width_m: float) -> Line:
    """A closed ring around `line`, half of `width_m` to each side and beyond each end, so that junctions close up."""
    shrink = math.cos(math.radians(line[0][1]))
    points = [(lon * shrink, lat) for lon, lat in line]
    points = [points[0], *(here for before, here in pairwise(points) if here != before)]
    half = width_m / 2 / METRES_PER_DEG
    courses = [_unit(a, b) for a, b in pairwise(points)]
    if not courses:
        return []
    left, right = [], []
    for i, (px, py) in enumerate(points):
        before, after = courses[max(i - 1, 0)], courses[min(i, len(courses) - 1)]
        nx, ny = _mitre(before, after)
        along = -half if i == 0 else half if i == len(points) - 1 else 0.0
        x, y = px + after[0] * along, py + after[1] * along
        left.append([(x + nx * half) / shrink, y + ny * half])
        right.append([(x - nx * half) / shrink, y - ny * half])
    ring = [*left, *reversed(right), left[0]]
    return [[round(lon, 6), round(lat, 6)] for lon, lat in ring]


def _unit(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    x, y = b[0] - a[0], b[1] - a[1]
    length = math.hypot(x, y)
    return x / length, y / length


def _mitre(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    """From the centre line to the left edge at a corner, for a half width of 1."""
    x, y = -(before[1] + after[1]), before[0] + after[0]
    length = math.hypot(x, y)
    if length < 1e-9:
        return -after[1], after[0]
    # |x, y| / 2 is the cosine of half the turn; the mitre is as long as its inverse.
    stretch = min(2 / length, LONGEST_MITRE) / length
    return x * stretch, y * stretch
