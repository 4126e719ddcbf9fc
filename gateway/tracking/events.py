"""What step found out, each with the fixes that decided it. Stores and tells nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.places import ZoneKind
from contract.reasons import GapCause, StopReason


class Point(msgspec.Struct, frozen=True):
    """As much of a fix as a decision needs; copied into evidence, so that it outlives the fix."""

    fixed_at: datetime
    lat_e7: int
    lon_e7: int
    seq: int
    speed_mps: float | None = None
    accuracy_m: float | None = None


class Departed(msgspec.Struct, frozen=True, kw_only=True, tag="departed"):
    """The vehicle left its premises on this trip; `at` is the last fix inside."""

    trip_id: str
    at: datetime
    evidence: tuple[Point, ...]


class DepartureUnseen(msgspec.Struct, frozen=True, kw_only=True, tag="departure_unseen"):
    """The trip can only have been driven within a time without valid fixes; told when a later trip departs instead.

    `at` is the end of that time; the evidence is the fix before it and the one after it.
    """

    trip_id: str
    at: datetime
    departed_at: datetime  # of the later trip
    spool_id: str | None  # of both fixes; None: their numbers cannot be compared
    evidence: tuple[Point, ...]


class ArrivingSoon(msgspec.Struct, frozen=True, kw_only=True, tag="arriving_soon"):
    """The vehicle came near the door of its next drop."""

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]


class Arrived(msgspec.Struct, frozen=True, kw_only=True, tag="arrived"):
    """The vehicle stands at the door; `at` is the first fix inside, not the confirming one.

    `inferred`: no fix lies inside; two fixes so far apart in time on both sides of the door show that it stood there.
    `at` is then the earliest time it can have been there.
    """

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]
    inferred: bool = False


class Left(msgspec.Struct, frozen=True, kw_only=True, tag="left"):
    """The vehicle left the door; `at` is the last fix inside, or, when inferred, the latest time it can have left."""

    trip_id: str
    drop_id: str
    order_id: str
    at: datetime
    evidence: tuple[Point, ...]
    inferred: bool = False


class Returned(msgspec.Struct, frozen=True, kw_only=True, tag="returned"):
    """The vehicle is back at its premises: the trip ends; `at` is the first fix inside."""

    trip_id: str
    at: datetime
    evidence: tuple[Point, ...]


class StopBegan(msgspec.Struct, frozen=True, kw_only=True, tag="stop_began"):
    """The vehicle stands since `at`; told when it has stood for the policy's stop_min_s.

    The place is the mean of the fixes so far. The reason is what is known now: TRAFFIC turns into UNEXPLAINED when
    the stop lasts longer than traffic_below_s.
    """

    trip_id: str | None
    at: datetime
    lat_e7: int
    lon_e7: int
    reason: StopReason
    evidence: tuple[Point, ...]  # the first fix of the stop and the one that confirmed it
    drop_id: str | None = None
    order_id: str | None = None
    place_id: str | None = None
    after_gap: bool = False  # nothing is known of the time before `at`: it may have stood there longer


class StopEnded(msgspec.Struct, frozen=True, kw_only=True, tag="stop_ended"):
    """The stop that began at `began_at` ended at `at`; supersedes its StopBegan, which has the same `began_at`."""

    trip_id: str | None
    began_at: datetime
    at: datetime
    lat_e7: int  # mean of its fixes
    lon_e7: int
    reason: StopReason
    evidence: tuple[Point, ...]  # first and last fix of the stop, then those that showed it gone
    fixes: int
    drop_id: str | None = None
    order_id: str | None = None
    place_id: str | None = None
    after_gap: bool = False
    before_gap: bool = False  # nothing is known of the time after `at`: it may have stood there longer


class ZoneEntered(msgspec.Struct, frozen=True, kw_only=True, tag="zone_entered"):
    """`at` is when the border was crossed: between two fixes in step with their distances to it.

    A vehicle first seen inside has entered at that fix, with `first_seen`.
    """

    zone_id: str
    kind: ZoneKind
    at: datetime
    evidence: tuple[Point, ...]
    trip_id: str | None = None
    first_seen: bool = False


class ZoneLeft(msgspec.Struct, frozen=True, kw_only=True, tag="zone_left"):
    """`after_gap`: it left at some time within the gap that ends at `at`; when, is not known."""

    zone_id: str
    kind: ZoneKind
    entered_at: datetime
    at: datetime
    evidence: tuple[Point, ...]
    trip_id: str | None = None
    after_gap: bool = False


class ZoneDwelt(msgspec.Struct, frozen=True, kw_only=True, tag="zone_dwelt"):
    """The vehicle has been inside since `entered_at`; at `at` that was zone_dwell_s ago. Once a visit."""

    zone_id: str
    kind: ZoneKind
    entered_at: datetime
    at: datetime
    evidence: tuple[Point, ...]
    trip_id: str | None = None


class GapOpened(msgspec.Struct, frozen=True, kw_only=True, tag="gap_opened"):
    """No valid fix since `at`, the last one: told by a tick only. Provisional: a Gap, or nothing, replaces it."""

    trip_id: str | None
    at: datetime
    evidence: tuple[Point, ...]


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap"):
    """No valid fixes from `began_at`, the last valid one, to `at`, the first valid one after it.

    Of a gap that a declared departure or end cuts, only what lies within the trip counts; where no fix is known
    beyond it, the evidence is the one fix at its other end.

    Spool and boot tell whether numbers can be compared and whether the unit was started anew. `cause` is what the
    fixes alone show; gaps.verdict knows more with what storage knows.
    """

    trip_id: str | None
    began_at: datetime
    at: datetime
    evidence: tuple[Point, ...]  # the fix before and the fix after, as far as there are
    cause: GapCause
    limit_s: float  # beyond which a time without fixes is a gap, for this unit at this moment
    spool_before: str
    spool_after: str
    boot_before: int | None = None
    boot_after: int | None = None
    refused: int = 0  # stored within, but none that counts


class DeviationBegan(msgspec.Struct, frozen=True, kw_only=True, tag="deviation_began"):
    """Off the planned way since `at`; told when it has been for the policy's off_route_s."""

    trip_id: str | None
    at: datetime
    evidence: tuple[Point, ...]
    away_m: float


class DeviationEnded(msgspec.Struct, frozen=True, kw_only=True, tag="deviation_ended"):
    """Back on the planned way, or the trip ended; supersedes its DeviationBegan, which has the same `began_at`."""

    trip_id: str | None
    began_at: datetime
    at: datetime
    worst_m: float
    worst: Point
    driven_m: float
    evidence: tuple[Point, ...]
    returned: bool  # False: the trip ended off the planned way


class Driven(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a stretch of time; None means that the data cannot tell."""

    distance_m: float = 0.0  # between fixes; over gaps nothing
    moving_s: float = 0.0
    stopped_s: float = 0.0
    unseen_s: float = 0.0  # gaps
    unseen_m: float = 0.0  # as the crow flies over gaps
    idling_s: float | None = None  # standing with the ignition on
    max_speed_mps: float | None = None  # as reported
    harsh_brakings: int | None = None
    harsh_accelerations: int | None = None
    fixes: int = 0  # that count

    @property
    def coverage_pct(self) -> float | None:
        """How much of the time is covered by valid fixes; None when no time has passed."""
        seen_s = self.moving_s + self.stopped_s
        return 100.0 * seen_s / (seen_s + self.unseen_s) if seen_s + self.unseen_s > 0 else None


class TripDriven(msgspec.Struct, frozen=True, kw_only=True, tag="trip_driven"):
    """The driving facts of a trip, from departure to return; comes with Returned."""

    trip_id: str | None
    began_at: datetime
    at: datetime
    driven: Driven


class HourDriven(msgspec.Struct, frozen=True, kw_only=True, tag="hour_driven"):
    """The driving facts of one vehicle's hour, on trips and off; replaces what was told of that hour before.

    `at` is when the hour begins (UTC). Told when the first fix of a later hour comes.
    """

    at: datetime
    driven: Driven


MilestoneEvent = Departed | ArrivingSoon | Arrived | Left | Returned
Event = (
    Departed | DepartureUnseen | ArrivingSoon | Arrived | Left | Returned | StopBegan | StopEnded | ZoneEntered
    | ZoneLeft | ZoneDwelt | GapOpened | Gap | DeviationBegan | DeviationEnded | TripDriven | HourDriven
)  # fmt: skip


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more came from the device until now: all it took up to `watermark`, by its own clock, is in."""

    watermark: datetime
