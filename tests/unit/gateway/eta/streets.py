"""A small street network for tests: a square of streets with one diagonal that is one-way."""

from __future__ import annotations

import json

from gateway.eta.network import Network

# A thousandth of a degree of latitude is 111.2 m; at the equator one of longitude is as much.
STEP_E7 = 10_000
STEP_M = 111.19


def square(*, light: bool = False, speed_mps: float = 10.0) -> Network:
    """Nodes 0 (south-west), 1 (south-east), 2 (north-east), 3 (north-west), ten steps apart; 0 to 2 is one-way."""
    nodes = [[0, 0], [0, 10 * STEP_E7], [10 * STEP_E7, 10 * STEP_E7], [10 * STEP_E7, 0]]
    side_m = 10 * STEP_M
    streets = [
        [0, 1, side_m, speed_mps, 1, 0, []],
        [1, 2, side_m, speed_mps, 1, 1, [5 * STEP_E7, 10 * STEP_E7]],
        [2, 3, side_m, speed_mps, 1, 2, []],
        [3, 0, side_m, speed_mps, 1, 3, []],
        [0, 2, side_m * 2**0.5, speed_mps, 0, 4, []],
    ]
    names = ["South Street", "East Street", "North Street", "West Street", "Diagonal"]
    file = {"v": 1, "nodes": nodes, "lights": [1] if light else [], "streets": streets, "names": names}
    return Network.from_bytes(json.dumps(file).encode())
