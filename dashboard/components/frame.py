"""What every page has in common: its head with the data's time, and what is said when there is nothing to show."""

from __future__ import annotations

from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import wording
from dashboard.data import UnavailableError
from dashboard.palette import Tones, tones

STALE_S = 60.0  # a whole fleet that said nothing for a minute means us, not the vans


def current_tones() -> Tones:
    """The colours for the theme that the browser shows."""
    return tones(st.context.theme.type)


def head(title: str, place: str, note: str, *, stale: bool = False) -> None:
    """Title, where, and how fresh, in one line."""
    mark = "wb-asof wb-stale" if stale else "wb-asof"
    st.html(
        f'<header class="wb-head"><h1>{escape(title)}</h1><span>{escape(place)}</span>'
        f'<time class="{mark}">{escape(note)}</time></header>'
    )


def freshness(newest_fix_at: datetime | None, tz: ZoneInfo, now: datetime) -> tuple[str, bool]:
    """'Data as of 14:03:22 EET', and whether that is too long ago."""
    if newest_fix_at is None:
        return "No fixes yet", False
    behind_s = (now - newest_fix_at).total_seconds()
    stale = behind_s > STALE_S
    late = f" · {wording.age(behind_s)}" if stale else ""
    return f"Data as of {wording.time_to_the_second(newest_fix_at, tz)}{late}", stale


def nothing(what: str, why: str, *commands: str) -> None:
    """An empty state: what is missing, and the commands that add it."""
    with st.container(key="wb-empty"):
        st.subheader(what, anchor=False)
        st.write(why)
        if commands:
            st.code("\n".join(commands), language="shell")


def unavailable(problem: UnavailableError) -> None:
    """Says that the records cannot be read, and what to do."""
    st.warning(f"**{problem}** {problem.remedy}")
