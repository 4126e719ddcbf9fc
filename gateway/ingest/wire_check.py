"""What the gateway would make of payloads, without broker and database: by the same code. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from contract.codec import Reject
from contract.faults import printable
from contract.fix import Fix
from contract.foreign import FLESPI, OSMAND, OWNTRACKS, Sender, decode_foreign, parse_foreign_topic
from contract.osmand import sender_id
from contract.remedies import remedy
from contract.topics import FIXES, device_topic, parse_topic
from gateway.ingest.batch import read_batch
from gateway.ingest.inbox import Message
from gateway.tracking.filter import Seen, judge
from gateway.tracking.policy import Policy

_TOPIC_FIRST = ("waybill/", f"{OWNTRACKS}/", f"{OSMAND}/", f"{FLESPI}/")


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one payload, or one entry of it, becomes: a fix, a refused fix, a reject, a status, or nothing."""

    line: int
    topic: str
    becomes: str
    reason: str | None = None
    field: str | None = None
    value: str | None = None
    detail: str | None = None
    remedy: str | None = None
    fix: Fix | None = None

    @property
    def good(self) -> bool:
        return self.reason is None


class _Line(msgspec.Struct):
    payload: str
    topic: str | None = None


_line = msgspec.json.Decoder(_Line)


def check_payloads(body: bytes, topic: str | None, device: str, now: datetime, policy: Policy) -> Iterator[Verdict]:
    """Verdicts on each line of `body`: a payload, TOPIC and payload, or JSON with `topic` and `payload`.

    A body that is one JSON text over several lines is one payload. A payload whose topic nobody names is taken for what
    it looks like, and our own wire's for the device's. The engine's rules that need other fixes are not tried.
    """
    for number, line in _lines(body):
        found, payload = _parts(line, topic)
        named = found or _guessed(payload, device)
        yield from _judged(number, named, payload, now, policy)


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from ((number, line) for number, line in enumerate(body.splitlines(), start=1) if line.strip())
        return
    yield 1, body.strip()


def _parts(line: bytes, topic: str | None) -> tuple[str | None, bytes]:
    try:
        said = _line.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        first, blank, rest = line.strip().partition(b" ")
        if blank and first.startswith(tuple(name.encode() for name in _TOPIC_FIRST)):
            return first.decode(errors="replace"), rest
        return topic, line
    named = said.topic if said.topic is not None and "/" in said.topic else topic
    return named, said.payload.encode()


def _guessed(payload: bytes, device: str) -> str:
    text = payload.strip()
    if text.startswith(b"[{"):
        return Sender(FLESPI, "1").topic
    if text.startswith(b"{") and b'"_type"' in text:
        return Sender(OWNTRACKS, f"user/{device}").topic
    if b'"device_id"' in text or (b"=" in text and text[:1] not in (b"{", b"[")):
        return Sender(OSMAND, sender_id(text.removeprefix(b"/?")) or device).topic
    return device_topic(device, FIXES)


def _judged(number: int, topic: str, payload: bytes, now: datetime, policy: Policy) -> Iterator[Verdict]:
    sender, address = parse_foreign_topic(topic), parse_topic(topic)
    if sender is None and address is None:
        why = "no topic that the gateway reads: docs/wire-protocol.md lists them"
        yield Verdict(line=number, topic=printable(topic), becomes="nothing", detail=why)
        return
    if sender is not None and sender.protocol == OSMAND:
        payload = payload.strip().removeprefix(b"/?")
    batch = read_batch([Message(topic, payload, None, now, 0, 0)], now)
    for reject, _ in batch.rejects:
        yield _rejected(number, topic, reject)
    for fix, _ in batch.fixes:
        rule = judge(Seen(), fix, policy)[1]
        if rule is None:
            yield Verdict(line=number, topic=topic, becomes="fix", fix=fix)
        else:
            yield Verdict(
                line=number, topic=topic, becomes="refused fix", reason=rule.value, remedy=remedy(rule), fix=fix
            )
    for _, status, _ in batch.statuses:
        yield Verdict(line=number, topic=topic, becomes="status", detail=status.state)
    if sender is not None and batch.ignored:
        because = decode_foreign(sender, sender.label, payload, now).why_ignored
        yield Verdict(line=number, topic=topic, becomes="nothing", detail=because)


def _rejected(number: int, topic: str, reject: Reject) -> Verdict:
    return Verdict(
        line=number, topic=topic, becomes="reject", reason=reject.reason.value, field=reject.field, value=reject.value,
        detail=reject.detail, remedy=remedy(reject.reason),
    )  # fmt: skip
