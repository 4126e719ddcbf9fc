"""The errors of master data. Say nothing themselves: whoever raises one does."""

from gateway.refusals import ConflictError, NotThereError, RefusedError


class MasterDataError(RefusedError):
    """What was asked of premises, vehicles, drivers or devices cannot be; the text says why and the way out."""


class MasterDataConflictError(MasterDataError, ConflictError):
    """It made sense, but not with what is registered now."""


class UnknownMasterDataError(MasterDataError, NotThereError):
    """There is no such thing, or not for whoever asked."""
