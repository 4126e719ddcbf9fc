"""Every threshold of the engine, with unit, default and the reason for it. Decides nothing itself."""

from __future__ import annotations

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the filter and of step."""

    accept_simulated: bool = False  # a simulator's fixes count; only in demos and tests
    accept_replayed: bool = False  # a capture's fixes count; only in demos and tests
    null_island_m: float = 100.0  # receivers without position say 0,0, some with a little drift
    max_hdop: float = 20.0  # beyond it the position is worse than a city block (u-blox calls > 20 poor)
    max_accuracy_m: float = 200.0  # cell-tower positions of phones start at about 300 m
    max_speed_mps: float = 70.0  # 252 km/h: no delivery vehicle; real jumps in captures are above 100 m/s
    jump_slack_m: float = 150.0  # noise allowed on top of max_speed_mps
    jump_agreeing: int = 5  # so many fixes in a row that agree with one another overrule the last one
    premises_radius_m: float = 100.0  # a yard and its street
    door_radius_m: float = 50.0  # parking place to door in a dense city
    leave_slack_m: float = 20.0  # hysteresis: leaving needs so much more than entering
    slow_mps: float = 1.5  # below it a vehicle stands or is about to; GPS noise of a parked van stays under 1 m/s
    dwell_s: float = 30.0  # inside for so long counts even when never seen slow
    confirm_fixes: int = 2  # one wild fix never flips a state
    soon_m: float = 400.0  # about a minute before the door in city traffic
    early_departure_s: float = 3 * 3600.0  # leaving earlier than this before the plan is not that trip's departure
