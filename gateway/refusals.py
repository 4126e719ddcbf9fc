"""What cannot be done for whoever asked, as three kinds of error. Says nothing itself: whoever raises it does."""

from __future__ import annotations

from collections.abc import Sequence


class RefusedError(ValueError):
    """What was asked does not make sense; the text says why and the way out. Nothing was changed."""

    def __init__(self, text: str, *, field: str | None = None, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(text)
        self.field = field  # the part of the request that is wrong, when one is
        self.errors = errors  # several at once, each with `at` and `says`, perhaps a `code`


class NotThereError(RefusedError):
    """There is no such thing, or not for whoever asked."""


class ConflictError(RefusedError):
    """It made sense, but not with how things are now."""
