"""How times, spans and closed words read on the screen, in English. Decides nothing about what they mean."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from contract.currencies import decimals_of
from contract.milestones import Milestone
from contract.reasons import FailureReason, StopReason

MPS_TO_KMH = 3.6

MILESTONE_WORDS: dict[str, str] = {
    Milestone.RECEIVED: "Received",
    Milestone.ACCEPTED: "Accepted",
    Milestone.PREPARING: "Preparing",
    Milestone.READY: "Ready",
    Milestone.QUEUED: "Queued",
    Milestone.OUT_FOR_DELIVERY: "Out for delivery",
    Milestone.ARRIVING_SOON: "Arriving soon",
    Milestone.ARRIVED: "At the door",
    Milestone.DELIVERED: "Delivered",
    Milestone.FAILED: "Failed",
    Milestone.RETURNED: "Returned",
    Milestone.CANCELLED: "Cancelled",
}
REASON_WORDS: dict[str, str] = {
    FailureReason.RECIPIENT_INTOXICATED: "the recipient was intoxicated",
    FailureReason.NO_VALID_ID: "no valid ID was shown",
    FailureReason.UNDERAGE: "the recipient was under age",
    FailureReason.TIMEOUT_PREMISES_CLOSED: "not done in reasonable time, and the shop had closed",
    FailureReason.ID_NAME_MISMATCH: "the name on the ID was another",
    FailureReason.NOT_NAMED_RECIPIENT: "somebody else was there than who ordered",
    FailureReason.ID_SUSPECTED_FALSE: "the ID looked false",
    FailureReason.PREVERIFICATION_MISMATCH: "another ID than the one verified before",
    FailureReason.RECIPIENT_ABSENT: "nobody was there",
    FailureReason.REFUSED_BY_RECIPIENT: "the recipient refused it",
    FailureReason.PARTIAL_REFUSED: "a part was refused",
    FailureReason.CUSTOMER_CANCELLED: "the customer cancelled",
    FailureReason.RESCHEDULE_REQUESTED: "the customer asked for another time",
    FailureReason.BAD_ADDRESS: "the address could not be found",
    FailureReason.UNABLE_TO_LOCATE: "the address was not found",
    FailureReason.ADDRESS_OUT_OF_AREA: "the address lies outside the area",
    FailureReason.ADDRESS_PROHIBITED: "nothing may be delivered at the address",
    FailureReason.OUT_OF_HOURS: "delivery hours were over",
    FailureReason.PURCHASE_LIMIT: "more than the customer may buy",
    FailureReason.SAFETY_RISK: "it was not safe",
    FailureReason.SECOND_PARTY_PURCHASE: "bought for somebody else",
    FailureReason.PAYMENT_FAILED: "it was not paid",
    FailureReason.SIGNATURE_REFUSED: "the signature was refused",
    FailureReason.ESIGN_CONSENT_REFUSED: "the customer wanted paper",
    FailureReason.DAMAGED: "the goods were damaged",
    FailureReason.MISSING_ITEM: "goods were missing",
    FailureReason.WRONG_ITEM: "the wrong goods",
    FailureReason.RECALL_HOLD: "the goods are recalled",
    FailureReason.VEHICLE_BREAKDOWN: "the vehicle broke down",
    FailureReason.ACCIDENT: "an accident",
    FailureReason.WEATHER: "the weather",
    FailureReason.ROAD_CLOSED: "the road was closed",
    FailureReason.LAW_ENFORCEMENT_STOP: "stopped by the police",
    FailureReason.THEFT_OR_LOSS: "the goods were stolen or lost",
    FailureReason.SYSTEM_UNAVAILABLE: "a system did not answer",
    FailureReason.OTHER: "another reason, see the note",
}


STOP_WORDS: dict[str, str] = {
    StopReason.DELIVERY: "Delivery",
    StopReason.DELIVERY_ATTEMPT: "Delivery attempt",
    StopReason.DEPART_PREMISES: "At the premises, before the trip",
    StopReason.RETURN_PREMISES: "At the premises, after the trip",
    StopReason.VEHICLE_REPAIR: "Repair",
    StopReason.LAW_ENFORCEMENT: "Stopped by the police",
}


def stop_words(code: str) -> str:
    """Why a vehicle stood, as a label."""
    return STOP_WORDS.get(code, code.replace("_", " ").capitalize())


def milestone_words(milestone: str) -> str:
    """The milestone as a label; one that this version does not know is shown as it is."""
    return MILESTONE_WORDS.get(milestone, milestone)


def reason_words(code: str) -> str:
    """Why a handoff failed, to be read out."""
    return REASON_WORDS.get(code, code)


def span(seconds: float) -> str:
    """A length of time in its two largest units: '45 s', '12 min', '2 h 05 min', '3 d 4 h'."""
    whole_s = max(0, round(seconds))
    if whole_s < 60:
        return f"{whole_s} s"
    minutes = whole_s // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def age(seconds: float | None) -> str:
    """How long ago; a receiver's clock slightly ahead of ours is 'now'."""
    if seconds is None:
        return "never"
    return "now" if seconds < 2 else f"{span(seconds)} ago"


def time_of_day(at: datetime, tz: ZoneInfo, now: datetime | None = None) -> str:
    """'14:05 EET'; with the day before it when that is not today's."""
    local = at.astimezone(tz)
    day = "" if now is None or local.date() == now.astimezone(tz).date() else f"{local:%a} {local.day} {local:%b}, "
    return f"{day}{local:%H:%M} {local:%Z}"


def time_to_the_second(at: datetime, tz: ZoneInfo) -> str:
    return f"{at.astimezone(tz):%H:%M:%S %Z}"


def moment(at: datetime, tz: ZoneInfo, now: datetime) -> str:
    """'14:03:22 EET', with the day before it when that is not today's."""
    hour = time_of_day(at, tz, now)
    return f"{hour[: -len(hour.split(', ')[-1])]}{time_to_the_second(at, tz)}"


def window(from_at: datetime, to_at: datetime, tz: ZoneInfo, now: datetime | None = None) -> str:
    """'14:00–15:30 EET'."""
    begins = time_of_day(from_at, tz, now)
    return f"{begins.rsplit(' ', 1)[0]}–{to_at.astimezone(tz):%H:%M %Z}"


def eta(p50_at: datetime, p90_at: datetime, tz: ZoneInfo, now: datetime) -> str:
    """'14:35–14:50 EET': as likely before as after the first, nine in ten before the second."""
    if p90_at <= now:
        return "any minute"
    return window(max(p50_at, now), p90_at, tz, now)


def percent(share: float) -> str:
    """A probability; what is not certain is never called 0 or 100."""
    return f"{min(99, max(1, round(share * 100)))} %"


def speed(speed_mps: float | None) -> str:
    return "" if speed_mps is None else f"{speed_mps * MPS_TO_KMH:.0f} km/h"


def money(minor: int | None, currency: str | None) -> str:
    """An amount in its currency's minor units; of money that nobody named, hundredths."""
    decimals = decimals_of(currency)
    return "" if minor is None else f"{minor / 10**decimals:,.{decimals}f} {currency or ''}".strip()


def count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
