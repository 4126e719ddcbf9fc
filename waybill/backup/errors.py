"""What goes wrong with a backup, as one kind of error. Says nothing to anybody."""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, read or brought back; the text says what, where and the way out."""
