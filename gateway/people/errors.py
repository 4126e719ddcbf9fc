"""The errors of accounts and keys. Say nothing themselves: whoever raises them does."""

from gateway.refusals import ConflictError, NotThereError, RefusedError


class PeopleError(RefusedError):
    """What was asked of accounts, roles or keys cannot be; the text says why and the way out."""


class UnknownPersonError(PeopleError, NotThereError):
    """There is no such account or key."""


class PeopleConflictError(PeopleError, ConflictError):
    """It cannot be with the accounts and keys as they are."""
