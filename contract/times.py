"""Instants on the wire: RFC 3339 with an offset, UTC inside. Reads no clock."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """An aware UTC instant from RFC 3339 text; a time without an offset is refused, never guessed.

    Raises ValueError that names the text.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2026-11-23T09:00:00Z") from error
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: write 2026-11-23T09:00:00Z or …+02:00")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:  # 0001-01-01T00:00:00+14:00 lies before the first year
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 in UTC") from error


def format_instant(instant: datetime) -> str:
    """RFC 3339 UTC with milliseconds, the form used on the wire and in exports."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def truncate_to_ms(instant: datetime) -> datetime:
    """The instant without what is finer than the wire's millisecond."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
