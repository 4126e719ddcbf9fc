"""Gives every question of chance a seeded generator of its own. Never used for secrets."""

from __future__ import annotations

import random


def seeded(*about: object) -> random.Random:
    """The same words give the same generator, on every machine and Python: text seeds go through SHA-512.

    One generator per question, not one per run, is what lets a day be resumed at any instant.
    """
    return random.Random("/".join(map(str, about)))  # noqa: S311 - a simulation must be repeatable
