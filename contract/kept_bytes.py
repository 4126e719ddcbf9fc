"""Which bytes of a message a fix came from, when it turns out that it cannot be stored. Judges no fix."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from contract.codec import Claim, make_fix
from contract.entries import Envelope, read_envelope
from contract.fix import Fix
from contract.messages import WireFix

_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_entry = msgspec.json.Decoder(WireFix)


def bytes_of_fixes(device: str, body: bytes, claim: Claim | None) -> dict[Fix, bytes]:
    """Each fix of a message, whatever its time, with the bytes of its entry; a lone fix has the whole body."""
    try:
        envelope = read_envelope(body)
    except _UNREADABLE:
        envelope = Envelope(fixes=[msgspec.Raw(body)])
    spool = envelope.spool if envelope.spool is not None or claim is None else claim.spool
    found: dict[Fix, bytes] = {}
    for raw in envelope.fixes:
        try:
            made = make_fix(device, spool, envelope.boot, _entry.decode(raw), *_EVER, claim)
        except _UNREADABLE:
            continue
        if isinstance(made, Fix):
            found[made] = bytes(raw)
    return found
