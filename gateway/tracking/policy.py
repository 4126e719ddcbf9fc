"""Every threshold of the engine, with unit, default and the reason for it. Decides nothing itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, get_args, get_type_hints

import msgspec
from msgspec import Meta

_Flag = Annotated[bool, Meta(description="only in demos and tests", extra={"unit": ""})]


def _because(unit: str, why: str) -> Meta:
    return Meta(ge=0, description=why, extra={"unit": unit})


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thresholds of the filter and of step; a derived record names the `version` it was made under."""

    # Filter: which fixes count.
    accept_simulated: _Flag = False
    accept_replayed: _Flag = False
    null_island_m: Annotated[float, _because("m", "receivers without position say 0,0, some with a little drift")] = (
        100.0
    )
    max_hdop: Annotated[
        float, _because("", "beyond it the position is worse than a city block (u-blox calls > 20 poor)")
    ] = 20.0
    max_accuracy_m: Annotated[float, _because("m", "cell-tower positions of phones start at about 300 m")] = 200.0
    max_speed_mps: Annotated[
        float, _because("m/s", "252 km/h: no delivery vehicle; real jumps in captures are above 100 m/s")
    ] = 70.0
    jump_slack_m: Annotated[float, _because("m", "noise allowed on top of max_speed_mps")] = 150.0
    spool_days: Annotated[
        float, _because("days", "the bridge's spool keeps 7 days and gives up what is older with its next fix")
    ] = 8.0
    jump_agreeing: Annotated[
        int, _because("fixes", "so many in a row that agree with one another overrule the last one")
    ] = 5

    # Premises, doors and their confirmation.
    premises_radius_m: Annotated[float, _because("m", "a yard and its street")] = 100.0
    return_dwell_s: Annotated[
        float, _because("s", "with drops open, passing the premises or a light before them is no return; longer is")
    ] = 120.0
    door_radius_m: Annotated[float, _because("m", "parking place to door in a dense city")] = 50.0
    door_brief_m: Annotated[
        float, _because("m", "a stop shorter than traffic_below_s is a delivery only so near: lights stand near doors")
    ] = 30.0
    leave_slack_m: Annotated[float, _because("m", "hysteresis: leaving needs so much more than entering")] = 20.0
    slow_mps: Annotated[
        float, _because("m/s", "below it a vehicle stands or is about to; noise of a parked van stays under 1 m/s")
    ] = 1.5
    dwell_s: Annotated[float, _because("s", "inside for so long counts even when never seen slow")] = 30.0
    confirm_fixes: Annotated[int, _because("fixes", "one wild fix never flips a state")] = 2
    soon_m: Annotated[float, _because("m", "about a minute before the door in city traffic")] = 400.0
    early_departure_s: Annotated[
        float, _because("s", "leaving earlier than this before the plan is not that trip's departure")
    ] = 3 * 3600.0
    unseen_round_s: Annotated[
        float, _because("s", "a round takes longer: no shorter time without fixes hides a departure and its return")
    ] = 300.0
    cruise_mps: Annotated[
        float, _because("m/s", "29 km/h, brisk for a city: what a way takes beyond it was spent standing")
    ] = 8.0
    visit_max_s: Annotated[
        float, _because("s", "fixes farther apart than this show no visit between them, only a gap")
    ] = 900.0

    # Stops.
    stop_min_s: Annotated[float, _because("s", "shorter standstills are traffic and are not recorded")] = 30.0
    stop_radius_m: Annotated[
        float, _because("m", "a parked receiver wanders 5-15 m; two doors 60 m apart stay two stops")
    ] = 20.0
    stop_leave_m: Annotated[float, _because("m", "hysteresis: a stop ends beyond this")] = 30.0
    stop_drift_m: Annotated[float, _because("m", "a unit that says it stands is believed until it is so far away")] = (
        100.0
    )
    stop_settle_s: Annotated[
        float,
        _because("s", "without speeds: over so long noise averages out, and going less than slow_mps is standing"),
    ] = 4.0
    stop_hop_s: Annotated[
        float, _because("s", "less than a vehicle needs to pull out, go 30 m and stand: no hop between two such fixes")
    ] = 8.0
    traffic_below_s: Annotated[
        float,
        _because("s", "a signal's cycle is 60-120 s, a wait in it less; longer without a known place is unexplained"),
    ] = 90.0

    # Zones.
    zone_slack_m: Annotated[
        float, _because("m", "hysteresis on both sides of a border: what a good receiver is off; worse ones say so")
    ] = 2.0
    zone_dwell_s: Annotated[float, _because("s", "inside for so long, a zone is told to be dwelt in")] = 300.0

    # Gaps.
    gap_min_s: Annotated[
        float, _because("s", "a tunnel or a garage gate; no shorter time without fixes is a record")
    ] = 60.0
    gap_intervals: Annotated[
        float, _because("", "so many announced intervals without a fix: one lost fix is no gap")
    ] = 3.0
    gap_unannounced_s: Annotated[float, _because("s", "the limit for units that announce no interval")] = 120.0
    stuck_s: Annotated[float, _because("s", "one place repeated for so long at speed is no position")] = 20.0
    stuck_mps: Annotated[float, _because("m/s", "11 km/h: no vehicle so fast stays in one place")] = 3.0

    # Route deviation.
    off_route_m: Annotated[
        float, _because("m", "the next street over in most cities; half of it is a wide road plus noise")
    ] = 100.0
    back_on_route_m: Annotated[float, _because("m", "hysteresis: back on the planned road")] = 50.0
    off_route_s: Annotated[float, _because("s", "shorter is a bad fix or a car park")] = 20.0

    # Driving.
    moving_mps: Annotated[float, _because("m/s", "2.9 km/h: slower is standing, as Navixy counts (3 km/h)")] = 0.8
    harsh_braking_mps2: Annotated[float, _because("m/s²", "0.36 g, the usual fleet threshold for vans")] = 3.5
    harsh_accelerating_mps2: Annotated[float, _because("m/s²", "0.31 g; laden vans reach 2 at most")] = 3.0
    harsh_within_s: Annotated[float, _because("s", "speeds farther apart than this show no single act of braking")] = (
        2.0
    )

    # The second witness: what a handoff is held against.
    witness_radius_m: Annotated[
        float, _because("m", "from a parking place to a door on foot, a block; farther off nobody carries an order")
    ] = 150.0
    witness_within_s: Annotated[
        float, _because("s", "a handoff is told at the door or back in the van: so long before or after it stood there")
    ] = 300.0
    witness_offline_s: Annotated[
        float, _because("s", "added out of reach: what a phone's clock may have been set by in the meantime")
    ] = 600.0
    witness_reach_mps: Annotated[
        float, _because("m/s", "108 km/h as the crow flies: where it could not get while unseen, it was not")
    ] = 30.0

    @property
    def version(self) -> str:
        """The first twelve hex digits of the SHA-256 of all values in order of name: equal values, equal version."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:12]


class Threshold(msgspec.Struct, frozen=True):
    """One line of the policy as people read it."""

    name: str
    unit: str
    default: bool | float
    why: str


def thresholds() -> Iterator[Threshold]:
    """Every threshold in the order of Policy."""
    defaults = Policy()
    for name, hint in get_type_hints(Policy, include_extras=True).items():
        meta = next((arg for arg in get_args(hint) if isinstance(arg, Meta)), None)
        if meta is not None and meta.extra is not None:
            yield Threshold(name, meta.extra["unit"], getattr(defaults, name), meta.description or "")


def overridden(policy: Policy, changes: Mapping[str, object]) -> Policy:
    """`policy` with some thresholds changed; values may be text. Raises ValueError that names what is wrong."""
    values = msgspec.to_builtins(policy)
    for name, value in changes.items():
        if name not in values:
            raise ValueError(f"policy {name!r} is not known; one of {', '.join(sorted(values))}")
        try:
            policy = msgspec.convert({**msgspec.to_builtins(policy), name: value}, Policy, strict=False)
        except msgspec.ValidationError as error:
            raise ValueError(f"policy {name}={value!r}: {str(error).partition(' - at ')[0]}") from error
    return policy
