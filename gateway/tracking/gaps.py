"""Why a stretch of a trip has no valid fixes: from the fixes on both sides and what storage knows. Fills none."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.reasons import GapCause
from gateway.tracking.events import Gap

Numbers = tuple[tuple[int, int], ...]  # closed ranges of spool numbers


class DeviceWord(msgspec.Struct, frozen=True, kw_only=True):
    """A status that the device itself sent (not the broker's last will), as far as it tells about gaps."""

    at: datetime
    online: bool  # False: it went off in order
    off_duty: bool = False
    stuck: bool = False
    has_fix: bool | None = None


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What storage knows of the time of a gap; numbers are of the spool before it."""

    missing: Numbers = ()  # not stored, anywhere in the spool
    elsewhere: int = 0  # fixes with numbers of the gap that are here, but bear times outside of it or impossible ones
    given_up: Numbers = ()  # the unit said that its spool dropped them
    backlog: int | None = None  # fixes that the unit announces and that no receipt has confirmed
    words: tuple[DeviceWord, ...] = ()  # sent within the gap, in order of time


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    cause: GapCause
    provisional: bool  # a backlog may still fill it
    why: str  # in words and numbers, for people


def verdict(gap: Gap, known: Knowledge) -> Verdict:
    """The cause of a gap, the surest sign first: place, numbers, the device's words, times, boots."""
    return (
        _by_place(gap)
        or _by_numbers(gap, known)
        or _by_words(known)
        or _by_backlog(gap, known)
        or _by_times(known)
        or _by_boots(gap)
        or _by_silence(gap)
    )


def cause_by_fixes(gap: Gap) -> GapCause:
    """What the two fixes alone show, before storage is asked."""
    return verdict(gap, Knowledge()).cause


def _by_place(gap: Gap) -> Verdict | None:
    if gap.cause is not GapCause.STUCK:
        return None
    return _final(GapCause.STUCK, "the same coordinates again and again at speed")


def _by_numbers(gap: Gap, known: Knowledge) -> Verdict | None:
    """A hole in the numbers: fixes were taken, and are not here."""
    before, after = gap.evidence[0].seq, gap.evidence[-1].seq
    if gap.spool_before != gap.spool_after or after <= before + 1:
        return None
    hole = ((before + 1, after - 1),)
    missing = _common(known.missing, hole)
    if not missing:
        return None
    given_up = _count(_common(known.given_up, missing))
    if given_up:
        return _final(
            GapCause.SPOOL_OVERFLOW, f"the unit gave up {given_up} of the {_count(missing)} fixes that are missing"
        )
    backlog = known.backlog or 0
    why = f"{_count(missing)} numbers between {before} and {after} are missing"
    tail = f"; the unit still holds {backlog} fixes" if backlog else ""
    return Verdict(cause=GapCause.NOT_DELIVERED, provisional=backlog > 0, why=why + tail)


def _by_words(known: Knowledge) -> Verdict | None:
    for word in known.words:
        if word.off_duty or not word.online:
            said = "it is off duty" if word.off_duty else "it goes off"
            return _final(GapCause.DEVICE_OFF, f"the unit said at {word.at:%H:%M:%S} that {said}")
        if word.stuck:
            return _final(GapCause.STUCK, f"the unit said at {word.at:%H:%M:%S} that its receiver repeats one place")
        if word.has_fix is False:
            return _final(GapCause.NO_FIX, f"the unit said at {word.at:%H:%M:%S} that it has no position")
    return None


def _by_backlog(gap: Gap, known: Knowledge) -> Verdict | None:
    """No fix came after it: what the unit still holds may be of that time."""
    if len(gap.evidence) > 1 or gap.evidence[0].fixed_at != gap.began_at or not known.backlog:
        return None
    why = f"nothing came after it, and the unit still holds {known.backlog} fixes"
    return Verdict(cause=GapCause.NOT_DELIVERED, provisional=True, why=why)


def _by_times(known: Knowledge) -> Verdict | None:
    if known.elsewhere <= 0:
        return None
    return _final(
        GapCause.WRONG_CLOCK,
        f"{known.elsewhere} fixes that the unit numbered in between came with times that lie elsewhere: "
        "its receiver's clock was wrong",
    )


def _by_boots(gap: Gap) -> Verdict | None:
    if gap.boot_before is None or gap.boot_after is None or gap.spool_before != gap.spool_after:
        return None
    if gap.boot_before != gap.boot_after:
        return _final(
            GapCause.NO_POWER, f"the unit was started anew: start {gap.boot_before} before, {gap.boot_after} after"
        )
    return _final(
        GapCause.NO_FIX, f"the unit ran on (start {gap.boot_before}) and its numbers have no hole: it had no position"
    )


def _by_silence(gap: Gap) -> Verdict:
    if gap.refused:
        return _final(GapCause.NO_FIX, f"{gap.refused} fixes came, none of which counts")
    return _final(GapCause.UNKNOWN, "nothing tells what the unit did")


def _final(cause: GapCause, why: str) -> Verdict:
    return Verdict(cause=cause, provisional=False, why=why)


def _common(some: Numbers, others: Numbers) -> Numbers:
    """The numbers in both."""
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return tuple((first, last) for first, last in pairs if first <= last)


def _count(numbers: Numbers) -> int:
    return sum(last - first + 1 for first, last in numbers)
