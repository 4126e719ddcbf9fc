"""The language files of pages, and which language somebody gets. Holds no text itself."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "es")
_MOST_ACCEPTED = 20  # entries of Accept-Language that are looked at


class Words:
    """The texts of one kind of page in one language."""

    def __init__(self, kind: str, language: str, texts: Mapping[str, Any]) -> None:
        self.kind = kind
        self.language = language
        self.texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """The text with its placeholders filled; KeyError names a text that the file lacks."""
        return str(self.texts[key]).format(**values)

    def count(self, key: str, number: int) -> str:
        """The text for one or for several."""
        return self(f"{key}_{'one' if number == 1 else 'other'}", n=number)


@cache
def words_of(kind: str, language: str) -> Words:
    """The texts of `words/KIND.LANGUAGE.toml`."""
    path = files("gateway.pages").joinpath("words", f"{kind}.{language}.toml")
    return Words(kind, language, tomllib.loads(path.read_text("utf-8")))


def choose_language(asked: str | None, accepted: str | None, otherwise: str | None = None) -> str:
    """What was asked for, else what the browser prefers (RFC 9110, 12.5.4), else what the order says, else English."""
    if asked in LANGUAGES:
        return asked
    for language in _by_preference(accepted or ""):
        if language in LANGUAGES:
            return language
    said = (otherwise or "").lower()[:2]
    return said if said in LANGUAGES else LANGUAGES[0]


def _by_preference(accepted: str) -> list[str]:
    """Primary tags, the most wanted first; those that are not wanted (q=0) are left out."""
    weighed: list[tuple[float, str]] = []
    for entry in accepted.split(",")[:_MOST_ACCEPTED]:
        tag, _, parameter = entry.strip().partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        if weight > 0:
            weighed.append((weight, tag.strip().lower().partition("-")[0]))
    # Stable: of equals the first one.
    return [tag for _, tag in sorted(weighed, key=lambda one: -one[0])]
