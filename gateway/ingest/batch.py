"""From messages to what is to be stored: fixes, rejects, claims, statuses. Touches no database."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contract.codec import Claim, Decoded, Reject, decode_fixes, decode_status
from contract.faults import printable
from contract.fix import Fix
from contract.foreign import decode_foreign, parse_foreign_topic
from contract.kept_bytes import bytes_of_fixes
from contract.messages import Status
from contract.reasons import RejectReason
from contract.topics import FIXES, STATUS, parse_topic
from gateway.ingest.inbox import Message

# One chunk is one day: a transaction that touches more than some hundred runs out of locks
# (8,000 random times: "out of shared memory", and redelivery would repeat it for ever).
MAX_DAYS = 60


class Batch(msgspec.Struct):
    """The content of some messages, in the order in which they came."""

    fixes: list[tuple[Fix, Message]] = []
    rejects: list[tuple[Reject, str]] = []  # with the topic
    claims: list[tuple[str, Claim]] = []  # (device, numbers) to be confirmed
    statuses: list[tuple[str, Status, Message]] = []
    unknown_fields: int = 0  # messages with fields that this version does not know; they are ignored
    ignored: int = 0  # foreign messages that are in order and mean no fix
    posted: list[int] = []  # of the messages that did not come by the broker

    @property
    def senders(self) -> set[str]:
        """Under which names anything came: devices' own, or PROTOCOL/ADDRESS."""
        names = {fix.device for fix, _ in self.fixes} | {name for name, _ in self.claims}
        return names | {name for name, _, _ in self.statuses} | {reject.device for reject, _ in self.rejects}

    @property
    def days(self) -> int:
        return len({fix.fixed_at.date() for fix, _ in self.fixes})


def read_batch(messages: list[Message], now: datetime) -> Batch:
    """Decodes every message; `now` (by the clock) bounds the times of fixes."""
    batch = Batch()
    for message in messages:
        if message.posted_id is not None:
            batch.posted.append(message.posted_id)
        address = parse_topic(message.topic)
        if address is None:
            _add_foreign(batch, message, now)
            continue
        device, channel = address
        if channel == FIXES:
            decoded = decode_fixes(device, message.payload, message.claim, message.came_at or now)
            _add(batch, device, decoded, message)
        elif channel == STATUS and message.payload:
            status = decode_status(message.payload)
            if status is None:
                detail = "not a status: see docs/wire-protocol.md"
                reject = Reject(device=device, reason=RejectReason.UNREADABLE, detail=detail, raw=message.payload)
                batch.rejects.append((reject, message.topic))
            else:
                batch.statuses.append((device, status, message))
    return batch


def _add(batch: Batch, device: str, decoded: Decoded, message: Message) -> None:
    batch.fixes += [(fix, message) for fix in decoded.fixes]
    if decoded.rejects:
        batch.rejects += [(reject, message.topic) for reject in decoded.rejects]
    batch.unknown_fields += decoded.unknown_fields
    if decoded.claim is not None:
        batch.claims.append((device, decoded.claim))


def _add_foreign(batch: Batch, message: Message, now: datetime) -> None:
    """As said by the sender's own name: which device it is, the database knows."""
    sender = parse_foreign_topic(message.topic)
    if sender is None:
        return  # the subscriptions bring none such
    read = decode_foreign(sender, sender.label, message.payload, message.came_at or now)
    batch.fixes.extend((fix, message) for fix in read.fixes)
    batch.rejects.extend((reject, message.topic) for reject in read.rejects)
    batch.ignored += read.ignored


def spread_too_far(batch: Batch) -> Batch:
    """The same batch with every fix turned into a reject: its days do not fit into one transaction."""
    detail = f"one message spread over {batch.days} days; at most {MAX_DAYS} fit in one"
    rejects = reject_fixes(batch.fixes, RejectReason.TOO_MANY_DAYS, detail)
    return msgspec.structs.replace(batch, fixes=[], rejects=batch.rejects + rejects)


def unstorable_batch(message: Message, detail: str) -> Batch:
    """The message's bytes alone, as one reject: for what raised when it was read or written. Its claim stays."""
    sender = parse_foreign_topic(message.topic)
    device, channel = parse_topic(message.topic) or ("" if sender is None else sender.label, "")
    reject = Reject(device=device, reason=RejectReason.UNSTORABLE, detail=printable(detail), raw=message.payload)
    claims = [(device, message.claim)] if message.claim is not None and channel == FIXES else []
    posted = [] if message.posted_id is None else [message.posted_id]
    return Batch([], [(reject, message.topic)], claims, [], posted=posted)


def reject_fixes(fixes: list[tuple[Fix, Message]], reason: RejectReason, detail: str) -> list[tuple[Reject, str]]:
    """Rejects for fixes that were read well but may not be stored, each with the bytes of its own entry.

    Not with its message's: 5,000 fixes of one message would be kept with 5,000 times all of it.
    """
    known: dict[int, dict[Fix, bytes]] = {}
    rejects: list[tuple[Reject, str]] = []
    for fix, message in fixes:
        if id(message) not in known:
            known[id(message)] = bytes_of_fixes(fix.device, message.payload, message.claim)
        raw = known[id(message)].get(fix, message.payload)
        reject = Reject(device=fix.device, reason=reason, detail=detail, raw=raw, spool=fix.spool_id, seq=fix.seq)
        rejects.append((reject, message.topic))
    return rejects
