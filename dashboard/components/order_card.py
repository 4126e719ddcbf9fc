"""One order on a page: its sentence, promise and timeline as HTML. Decides nothing about it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from dashboard.order_telling import Told
from dashboard.order_view import Step


def say(sentence: str, *, late: bool) -> None:
    """The sentence that support reads out."""
    st.html(f'<p class="wb-say{" wb-say-late" if late else ""}">{escape(sentence)}</p>')


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Labels with their values, side by side."""
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs if value)
    st.html(f'<dl class="wb-facts">{cells}</dl>')


def timeline(steps: Sequence[Step]) -> None:
    """What happened, from first to last."""
    st.html(f'<ol class="wb-steps">{"".join(_step(step) for step in steps)}</ol>')


def messages(entries: Sequence[Told]) -> None:
    """What the customer was told; the words themselves open on a click."""
    st.html(f'<ol class="wb-steps wb-told">{"".join(_message(entry) for entry in entries)}</ol>')


def _message(entry: Told) -> str:
    return (
        f'<li class="{entry.sign}"><b>{escape(entry.title)}</b><time>{escape(entry.when)}</time>'
        f"<span>{escape(entry.arrived)}</span>"
        f"<details><summary>The words</summary><pre>{escape(entry.said)}</pre></details></li>"
    )


def _step(step: Step) -> str:
    evidence = f"<small>{escape(step.evidence)}</small>" if step.evidence else ""
    return (
        f'<li class="{step.sign}"><b>{escape(step.title)}</b><time>{escape(step.when)}</time>'
        f"<span>{escape(step.known)}</span>{evidence}</li>"
    )
