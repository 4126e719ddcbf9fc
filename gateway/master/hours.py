"""Opening hours between text such as 'mon-fri 09:00-21:00, sat 10:00-18:00' and what is stored. Knows no time zone."""

from __future__ import annotations

import re

from gateway.master.errors import MasterDataError
from storage.master import Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PIECE = re.compile(r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)")
_FIELD = "body.hours"
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def parse_hours(text: str) -> Hours:
    """Hours per weekday; a piece without days means every day, a day that nobody names is closed."""
    hours: Hours = {}
    for piece in text.lower().split(","):
        for day, span in _days_of(piece.strip()).items():
            if day in hours:
                raise MasterDataError(f"hours {text!r} name {day} twice", field=_FIELD)
            hours[day] = span
    return {day: hours[day] for day in DAYS if day in hours}


def format_hours(hours: Hours) -> str:
    """The text of stored hours; days with the same hours that follow one another are drawn together."""
    runs: list[tuple[str, str, tuple[str, str]]] = []
    for day in DAYS:
        span = hours.get(day)
        if span is None:
            continue
        follows = runs and runs[-1][2] == tuple(span) and DAYS.index(runs[-1][1]) + 1 == DAYS.index(day)
        if follows:
            runs[-1] = (runs[-1][0], day, runs[-1][2])
        else:
            runs.append((day, day, (span[0], span[1])))
    return ", ".join(f"{a if a == b else f'{a}-{b}'} {opens}-{closes}" for a, b, (opens, closes) in runs)


def _days_of(piece: str) -> Hours:
    found = _PIECE.fullmatch(piece)
    if found is None:
        raise MasterDataError(
            f"hours {piece!r} cannot be read; write 'mon-fri 09:00-21:00, sat 10:00-18:00'", field=_FIELD
        )
    first, last = found["first"] or "mon", found["last"] or found["first"] or "sun"
    if first not in DAYS or last not in DAYS or DAYS.index(first) > DAYS.index(last):
        raise MasterDataError(
            f"hours {piece!r}: days are {', '.join(DAYS)}, from the earlier to the later", field=_FIELD
        )
    opens, closes = found["opens"], found["closes"]
    if not (_TIME.fullmatch(opens) and _TIME.fullmatch(closes) and opens < closes):
        raise MasterDataError(f"hours {piece!r}: from 00:00 to 24:00, opening before closing", field=_FIELD)
    return dict.fromkeys(DAYS[DAYS.index(first) : DAYS.index(last) + 1], (opens, closes))
