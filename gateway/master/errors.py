"""The one error of master data. Says nothing itself: whoever raises it does."""

from gateway.refusals import RefusedError


class MasterDataError(RefusedError):
    """What was asked of premises, vehicles, drivers or devices cannot be; the text says why and the way out."""
