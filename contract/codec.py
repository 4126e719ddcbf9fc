"""Bytes <-> messages of the wire protocol. Decoding gives fixes and rejects and never raises on bad input."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from contract.entries import Entries, read_envelope
from contract.faults import find_fault, printable
from contract.fix import MAX_SEQ, SPOOL_ID, Fix, normal_course, stepped, utc_ms
from contract.geo import to_e7
from contract.messages import MAX_FIXES, FixMessage, Receipt, Rejection, Status, WireFix
from contract.reasons import RejectReason

OLDEST = timedelta(days=400)  # older fixes would create chunks that retention has long dropped
FUTURE = timedelta(minutes=10)  # what a receiver's clock may be ahead of ours before we call it broken
MAX_BODY_BYTES = 262_144  # the broker's max_packet_size; a longer body did not come through our broker
PLAIN_SPOOL = "plain"  # spool of senders that name none; their numbers come from a hash


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The numbers a message is there to deliver: `first`..`last` of `spool`, both included."""

    spool: str
    first: int
    last: int


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or one entry of it, of which no fix could be made; kept with its bytes."""

    device: str
    reason: RejectReason
    detail: str
    raw: bytes
    field: str | None = None
    value: str | None = None
    spool: str | None = None
    seq: int | None = None


class Decoded(msgspec.Struct, frozen=True):
    """What one message held. `claim` is what its receipt will confirm; None for senders without a spool."""

    fixes: list[Fix]
    rejects: list[Reject]
    claim: Claim | None
    unknown_fields: bool = False


class _StrictFix(WireFix, forbid_unknown_fields=True):
    pass


class _StrictMessage(FixMessage, forbid_unknown_fields=True):
    fixes: Annotated[list[_StrictFix], Meta(min_length=1, max_length=MAX_FIXES)]  # type: ignore[assignment]


_strict = msgspec.json.Decoder(_StrictMessage)
_single = msgspec.json.Decoder(WireFix)
_strict_single = msgspec.json.Decoder(_StrictFix)
_encoder = msgspec.json.Encoder()


def encode_fixes(fixes: list[Fix], boot_id: int | None) -> bytes:
    """Body of one pack: fixes of one spool in order of their numbers."""
    return _encoder.encode(FixMessage(fixes=[_to_wire(fix) for fix in fixes], spool=fixes[0].spool_id, boot=boot_id))


def _to_wire(fix: Fix) -> WireFix:
    return WireFix(
        fixed_at=fix.fixed_at,
        seq=fix.seq,
        lat_e7=fix.lat_e7,
        lon_e7=fix.lon_e7,
        altitude_m=fix.altitude_m,
        speed_mps=fix.speed_mps,
        course_deg=fix.course_deg,
        hdop=fix.hdop,
        accuracy_m=fix.accuracy_m,
        satellites=fix.satellites,
        ignition=fix.ignition,
        quality=fix.quality,
        replayed=fix.replayed,
        source=fix.source,
    )


def parse_claim(spool: str | None, first: str | None, last: str | None) -> Claim | None:
    """The claim in a message's user properties; None when they are absent or make no sense."""
    if not (spool and first and last and SPOOL_ID.fullmatch(spool)):
        return None
    if not (_is_number(first) and _is_number(last)):
        return None
    low, high = int(first), int(last)
    return Claim(spool, low, high) if 1 <= low <= high <= min(low + 99_999, MAX_SEQ) else None


def _is_number(text: str) -> bool:
    # 19 digits hold every number of a spool; int() raises at 4,300, and a property may have 65,535.
    return text.isascii() and text.isdigit() and len(text) <= 19


def decode_fixes(device: str, body: bytes, claim: Claim | None, now: datetime) -> Decoded:
    """Fixes and rejects of one message on waybill/v1/<device>/fixes. Never raises on bad input.

    `now` bounds `fixed_at` to [now - 400 days, now + 10 minutes]. One bad entry rejects alone.
    """
    if len(body) > MAX_BODY_BYTES:
        detail = f"{len(body)} bytes; a message has at most {MAX_BODY_BYTES}"
        return Decoded([], [_reject(device, RejectReason.TOO_LARGE, detail, body)], claim)
    try:
        message = _strict.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_slowly(device, body, claim, now)
    return _assemble(device, message, list(message.fixes), [], Entries(body), claim, now)


def _decode_slowly(device: str, body: bytes, claim: Claim | None, now: datetime) -> Decoded:
    """The way of bodies that the strict reader refused: unknown fields, a lone fix, bad entries, rubbish."""
    try:
        envelope = read_envelope(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _decode_single(device, body, claim, now, error)
    if len(envelope.fixes) > MAX_FIXES:
        detail = f"{len(envelope.fixes)} fixes; a message holds at most {MAX_FIXES}"
        return Decoded([], [_reject(device, RejectReason.TOO_LARGE, detail, body)], claim)
    message = FixMessage(fixes=[], v=envelope.v, spool=envelope.spool, boot=envelope.boot, device=envelope.device)
    entries: list[WireFix] = []
    raws: list[msgspec.Raw] = []
    rejects: list[Reject] = []
    for raw in envelope.fixes:
        try:
            entries.append(_single.decode(raw))
            raws.append(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            rejects.append(_explain(device, bytes(raw), error))
    if not envelope.fixes:
        rejects.append(_reject(device, RejectReason.INVALID_FIELD, "fixes must hold at least one fix", body))
    decoded = _assemble(device, message, entries, rejects, Entries(body, raws), claim, now)
    return msgspec.structs.replace(decoded, unknown_fields=True)


def _decode_single(device: str, body: bytes, claim: Claim | None, now: datetime, error: Exception) -> Decoded:
    """A body without `fixes`: one lone fix from a simple sender, or a reject."""
    unknown = False
    try:
        entry: WireFix = _strict_single.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            entry = _single.decode(body)
            unknown = True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as single_error:
            clearer = single_error if b'"fixes"' not in body else error
            return Decoded([], [_explain(device, body, clearer)], claim)
    decoded = _assemble(device, FixMessage(fixes=[]), [entry], [], Entries(body, [body]), claim, now)
    return msgspec.structs.replace(decoded, unknown_fields=unknown)


def _assemble(
    device: str,
    message: FixMessage,
    entries: list[WireFix],
    rejects: list[Reject],
    origin: Entries,
    claim: Claim | None,
    now: datetime,
) -> Decoded:
    spool, body = message.spool, origin.body
    if isinstance(message.device, str) and message.device != device:
        reject = _reject(device, RejectReason.WRONG_DEVICE, "the body names another device than the topic", body)
        value = printable(message.device[:100])
        return Decoded([], [msgspec.structs.replace(reject, field="device", value=value)], None)
    # fullmatch: the pattern's $ would let a line break through at the end. A claim's spool was looked at already.
    if spool is not None and (claim is None or spool != claim.spool) and not SPOOL_ID.fullmatch(spool):
        reject = _reject(device, RejectReason.INVALID_FIELD, "spool must match [a-z0-9][a-z0-9-]{0,31}", body)
        value = printable(spool[:100])
        return Decoded([], [msgspec.structs.replace(reject, field="spool", value=value)], claim)
    if claim is not None and spool is None:
        spool = claim.spool  # the properties name the spool as well as the body does
    elif claim is not None and spool != claim.spool:
        detail = f"the body names spool {spool}, the message's properties {claim.spool}"
        return Decoded([], [_reject(device, RejectReason.WRONG_SPOOL, detail, body)], claim)
    fixes: list[Fix] = []
    rejects = [msgspec.structs.replace(reject, spool=spool) for reject in rejects]
    oldest, newest = now - OLDEST, now + FUTURE
    for place, entry in enumerate(entries):
        made = make_fix(device, spool, message.boot, entry, oldest, newest, claim)
        if isinstance(made, Fix):
            fixes.append(made)
        else:
            rejects.append(msgspec.structs.replace(made, raw=origin.entry(place)))
    if claim is None and spool is not None:
        # A set: with a number twice, as many numbers as the span is long would not mean that none is missing.
        numbers = {fix.seq for fix in fixes} | {r.seq for r in rejects if r.seq is not None}
        if numbers and max(numbers) - min(numbers) == len(numbers) - 1:
            claim = Claim(spool, min(numbers), max(numbers))
    return Decoded(fixes, rejects, claim)


def make_fix(
    device: str,
    spool: str | None,
    boot: int | None,
    entry: WireFix,
    oldest: datetime,
    newest: datetime,
    claim: Claim | None,
) -> Fix | Reject:
    """A Fix from a well-formed entry, or the reject that says why not."""
    lat_e7, lon_e7 = entry.lat_e7, entry.lon_e7
    if lat_e7 is None or lon_e7 is None:
        if entry.lat is None or entry.lon is None:
            detail = "needs lat_e7 and lon_e7, or lat and lon"
            return _refuse(device, spool, entry, RejectReason.NO_POSITION, detail, "lat_e7")
        lat_e7, lon_e7 = to_e7(entry.lat), to_e7(entry.lon)
    if entry.fixed_at < oldest:
        return _refuse(device, spool, entry, RejectReason.TIME_TOO_OLD, "more than 400 days ago", "fixed_at")
    if entry.fixed_at > newest:
        return _refuse(device, spool, entry, RejectReason.TIME_IN_FUTURE, "over 10 minutes ahead", "fixed_at")
    seq = entry.seq
    if spool is None:
        seq = _hash_seq(entry)
    elif seq is None:
        detail = "a message that names a spool numbers its fixes"
        return _refuse(device, spool, entry, RejectReason.NO_NUMBER, detail, "seq")
    elif claim is not None and not claim.first <= seq <= claim.last:
        detail = f"outside the announced {claim.first}..{claim.last}"
        return _refuse(device, spool, entry, RejectReason.OUT_OF_CLAIM, detail, "seq")
    assert seq is not None
    return Fix(
        device=device,
        spool_id=spool or PLAIN_SPOOL,
        seq=seq,
        fixed_at=utc_ms(entry.fixed_at),
        lat_e7=lat_e7,
        lon_e7=lon_e7,
        altitude_m=stepped(entry.altitude_m, 100),
        speed_mps=stepped(entry.speed_mps, 1000),
        course_deg=normal_course(entry.course_deg),
        hdop=stepped(entry.hdop, 100),
        accuracy_m=stepped(entry.accuracy_m, 100),
        satellites=entry.satellites,
        ignition=entry.ignition,
        quality=entry.quality,
        replayed=entry.replayed,
        source=entry.source,
        boot_id=boot,
    )


def _refuse(device: str, spool: str | None, entry: WireFix, reason: RejectReason, detail: str, field: str) -> Reject:
    reject = _reject(device, reason, detail, b"")  # the caller knows the entry's bytes
    value = str(getattr(entry, field))[:100]
    return msgspec.structs.replace(reject, field=field, value=value, spool=spool, seq=entry.seq)


def _hash_seq(entry: WireFix) -> int:
    """A number for a fix whose sender has none: the same content gives the same number, so repeats fall out."""
    digest = hashlib.blake2b(_encoder.encode(entry), digest_size=8).digest()
    # 53 bits: exact in every JSON reader, also in those that keep numbers as doubles.
    return int.from_bytes(digest, "big") % (2**53 - 1) + 1


def _reject(device: str, reason: RejectReason, detail: str, raw: bytes) -> Reject:
    return Reject(device=device, reason=reason, detail=detail, raw=raw[:MAX_BODY_BYTES])


def _explain(device: str, raw: bytes, error: Exception) -> Reject:
    """A reject that names the field and value msgspec stumbled over."""
    fault = find_fault(raw, error)
    reject = _reject(device, fault.reason, fault.detail, raw)
    return msgspec.structs.replace(reject, field=fault.field, value=fault.value, seq=fault.seq)


def encode(message: Receipt | Rejection | Status) -> bytes:
    """Body of a receipt, a rejection or a status."""
    return _encoder.encode(message)


_receipt = msgspec.json.Decoder(Receipt)
_status = msgspec.json.Decoder(Status)


def decode_receipt(body: bytes) -> Receipt | None:
    """A receipt, or None when the body is none."""
    try:
        return _receipt.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decode_status(body: bytes) -> Status | None:
    """A status, or None when the body is none."""
    try:
        return _status.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
