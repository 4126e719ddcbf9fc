"""Closed lists of reasons: why a message became no fix, and why a stored fix does not count. Decides nothing."""

from __future__ import annotations

from enum import StrEnum


class RejectReason(StrEnum):
    """Why no fix could be made of a message or of one entry in it; the message is kept as a reject."""

    UNREADABLE = "unreadable"  # not JSON, not an object, cut off
    INVALID_FIELD = "invalid_field"  # a field of the wrong type or out of its range
    NO_POSITION = "no_position"  # neither lat_e7/lon_e7 nor lat/lon
    NO_NUMBER = "no_number"  # a spool is named but the fix carries no seq
    WRONG_SPOOL = "wrong_spool"  # body and user properties name different spools
    WRONG_DEVICE = "wrong_device"  # the body or its spool is another device's than the topic's
    OUT_OF_CLAIM = "out_of_claim"  # seq lies outside the first..last that the message announces
    TIME_TOO_OLD = "time_too_old"  # more than 400 days before now
    TIME_IN_FUTURE = "time_in_future"  # more than 10 minutes after it was received
    TOO_MANY_DAYS = "too_many_days"  # one batch spread over more days than one transaction can hold
    UNKNOWN_DEVICE = "unknown_device"  # nobody registered the name
    CONFLICTING_DUPLICATE = "conflicting_duplicate"  # the key is stored with other content
    UNSTORABLE = "unstorable"  # the database refused the row; the detail is its word
    TOO_LARGE = "too_large"  # more bytes or fixes than one message may have


class RefusalRule(StrEnum):
    """Why a stored fix does not count on map and trip; the row keeps the rule's name."""

    SIMULATED = "simulated"  # a simulator's fix where they are not accepted
    REPLAYED = "replayed"  # a capture's fix where they are not accepted
    NULL_ISLAND = "null_island"  # within 100 m of latitude 0, longitude 0: a receiver without position
    POOR_ACCURACY = "poor_accuracy"  # stated accuracy or HDOP beyond the policy
    JUMP = "jump"  # farther from the fix before than any vehicle can drive in the time
    STALE = "stale"  # older than a spool can hold, or from before the device was fitted


class FailureReason(StrEnum):
    """Why an attempted handoff failed: the codes a driver picks from (after 16 TAC 50.33(c)(5), X12 element 641)."""

    RECIPIENT_INTOXICATED = "RECIPIENT_INTOXICATED"
    NO_VALID_ID = "NO_VALID_ID"
    UNDERAGE = "UNDERAGE"
    TIMEOUT_PREMISES_CLOSED = "TIMEOUT_PREMISES_CLOSED"  # not done in reasonable time, and the shop has closed
    ID_NAME_MISMATCH = "ID_NAME_MISMATCH"
    NOT_NAMED_RECIPIENT = "NOT_NAMED_RECIPIENT"
    ID_SUSPECTED_FALSE = "ID_SUSPECTED_FALSE"
    PREVERIFICATION_MISMATCH = "PREVERIFICATION_MISMATCH"  # another ID than the one verified before
    RECIPIENT_ABSENT = "RECIPIENT_ABSENT"
    REFUSED_BY_RECIPIENT = "REFUSED_BY_RECIPIENT"
    PARTIAL_REFUSED = "PARTIAL_REFUSED"
    CUSTOMER_CANCELLED = "CUSTOMER_CANCELLED"
    RESCHEDULE_REQUESTED = "RESCHEDULE_REQUESTED"
    BAD_ADDRESS = "BAD_ADDRESS"
    UNABLE_TO_LOCATE = "UNABLE_TO_LOCATE"
    ADDRESS_OUT_OF_AREA = "ADDRESS_OUT_OF_AREA"
    ADDRESS_PROHIBITED = "ADDRESS_PROHIBITED"
    OUT_OF_HOURS = "OUT_OF_HOURS"
    PURCHASE_LIMIT = "PURCHASE_LIMIT"
    SAFETY_RISK = "SAFETY_RISK"
    SECOND_PARTY_PURCHASE = "SECOND_PARTY_PURCHASE"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    SIGNATURE_REFUSED = "SIGNATURE_REFUSED"
    ESIGN_CONSENT_REFUSED = "ESIGN_CONSENT_REFUSED"
    DAMAGED = "DAMAGED"
    MISSING_ITEM = "MISSING_ITEM"
    WRONG_ITEM = "WRONG_ITEM"
    RECALL_HOLD = "RECALL_HOLD"
    VEHICLE_BREAKDOWN = "VEHICLE_BREAKDOWN"
    ACCIDENT = "ACCIDENT"
    WEATHER = "WEATHER"
    ROAD_CLOSED = "ROAD_CLOSED"
    LAW_ENFORCEMENT_STOP = "LAW_ENFORCEMENT_STOP"
    THEFT_OR_LOSS = "THEFT_OR_LOSS"
    SYSTEM_UNAVAILABLE = "SYSTEM_UNAVAILABLE"
    OTHER = "OTHER"  # a note is needed


# They do not say that somebody was at the door: no vehicle contradicts them.
NOT_AT_THE_DOOR = frozenset({
    FailureReason.TIMEOUT_PREMISES_CLOSED, FailureReason.CUSTOMER_CANCELLED, FailureReason.RESCHEDULE_REQUESTED,
    FailureReason.BAD_ADDRESS, FailureReason.UNABLE_TO_LOCATE, FailureReason.ADDRESS_OUT_OF_AREA,
    FailureReason.ADDRESS_PROHIBITED, FailureReason.OUT_OF_HOURS, FailureReason.DAMAGED, FailureReason.MISSING_ITEM,
    FailureReason.WRONG_ITEM, FailureReason.RECALL_HOLD, FailureReason.VEHICLE_BREAKDOWN, FailureReason.ACCIDENT,
    FailureReason.WEATHER, FailureReason.ROAD_CLOSED, FailureReason.LAW_ENFORCEMENT_STOP,
    FailureReason.THEFT_OR_LOSS, FailureReason.SYSTEM_UNAVAILABLE, FailureReason.OTHER,
})  # fmt: skip


class Disposition(StrEnum):
    """Where goods go that were not handed over (16 TAC 50.33(d); X12 element 641)."""

    REDELIVERY_SAME_TRIP = "REDELIVERY_SAME_TRIP"  # another attempt before the vehicle returns
    RETURNED_TO_PREMISES = "RETURNED_TO_PREMISES"
    HELD_IN_VEHICLE = "HELD_IN_VEHICLE"
    DESTROYED = "DESTROYED"
    SEIZED = "SEIZED"
    LOST = "LOST"


class StopReason(StrEnum):
    """Why a vehicle stood: the first block is found from fixes, any may be given by a person (after 4 CCR 15415(e))."""

    DELIVERY = "DELIVERY"  # stood at the door of a drop
    DEPART_PREMISES = "DEPART_PREMISES"  # at the premises, before it was away
    RETURN_PREMISES = "RETURN_PREMISES"  # at the premises, after it was away
    FUEL = "FUEL"  # charging too
    VEHICLE_REPAIR = "VEHICLE_REPAIR"
    REST = "REST"
    COURIER_HUB = "COURIER_HUB"
    TRAFFIC = "TRAFFIC"  # signal or congestion: shorter than the policy's threshold, kept reviewable
    UNEXPLAINED = "UNEXPLAINED"  # none of these: until somebody gives a reason

    DELIVERY_ATTEMPT = "DELIVERY_ATTEMPT"
    RESTOCK = "RESTOCK"
    ROAD_UNSAFE = "ROAD_UNSAFE"
    DETOUR = "DETOUR"
    EMERGENCY = "EMERGENCY"
    ACCIDENT = "ACCIDENT"
    LAW_ENFORCEMENT = "LAW_ENFORCEMENT"
    OVERNIGHT = "OVERNIGHT"
    PERSONAL = "PERSONAL"
    OTHER_LICENSEE = "OTHER_LICENSEE"
    OTHER = "OTHER"  # with a note


class GapCause(StrEnum):
    """Why a stretch of a trip has no valid fixes."""

    NO_POWER = "no_power"  # the unit was started anew in between
    WRONG_CLOCK = "wrong_clock"  # the unit numbered on and its fixes came, with times that lie elsewhere
    NO_FIX = "no_fix"  # the unit ran and numbered on, its receiver had no position that counts
    SPOOL_OVERFLOW = "spool_overflow"  # the unit says that its spool had to give these numbers up
    NOT_DELIVERED = "not_delivered"  # numbers are missing that the unit has not given up: still in its spool, or lost
    STUCK = "stuck"  # the receiver repeated one place although it moved
    DEVICE_OFF = "device_off"  # the unit said that it goes off duty or offline
    UNKNOWN = "unknown"


# Stops that nobody may make without an explanation (after 4 CCR 15415(e)); the others are what delivery needs, or are
# nobody's choice. A courier hub and a night are permitted where a profile says so.
NOT_PERMITTED = frozenset({
    StopReason.OVERNIGHT, StopReason.COURIER_HUB, StopReason.PERSONAL, StopReason.OTHER_LICENSEE, StopReason.OTHER,
    StopReason.UNEXPLAINED,
})  # fmt: skip


class ExceptionKind(StrEnum):
    """What staff have to look at and explain."""

    UNEXPLAINED_STOP = "unexplained_stop"
    STOP_NOT_PERMITTED = "stop_not_permitted"
    PROHIBITED_PLACE = "prohibited_place"
    LEFT_STATE = "left_state"
    HANDOFF_CONFLICT = "handoff_conflict"  # goods were handed over of an order that was cancelled or moved meanwhile
    HANDOFF_CONTRADICTED = "handoff_contradicted"  # the vehicle was not at the door when goods are said to have been
    CHECK_IN_OVERDUE = "check_in_overdue"  # the crew did not say in time that all is well


class WitnessVerdict(StrEnum):
    """What the vehicle's unit says of a handoff."""

    CORROBORATED = "corroborated"  # the vehicle stood near the door at the time
    CONTRADICTED = "contradicted"  # it was somewhere else, or did not stand
    NO_DATA = "no_data"  # nothing shows where it was


class NoWitness(StrEnum):
    """Why nothing shows where the vehicle was, where no gap on record is the cause."""

    NO_TRIP = "no_trip"  # the handoff was on no trip of ours
    NO_UNIT = "no_unit"  # no unit was fitted in the vehicle
    NO_PLACE = "no_place"  # nobody knows where the door is
    NOT_HEARD = "not_heard"  # no fixes before that time, or none after it


class DerivationCause(StrEnum):
    """Why a version of what fixes showed of a trip was made."""

    LIVE = "live"
    TRIP_ENDED = "trip_ended"
    LATE_DATA = "late_data"
    INSTALL_CORRECTED = "install_corrected"
    PLAN_CHANGED = "plan_changed"
    POLICY = "policy"
    STEP_FAILED = "step_failed"
    ASKED = "asked"
