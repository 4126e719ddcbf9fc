"""The payloads of foreign senders with the moment at which each arrives and what it must become. Decodes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract import osmand
from contract.foreign import OSMAND, Sender, parse_foreign_topic

_LINES = Path(__file__).with_name("payloads.jsonl").read_text(encoding="utf-8").splitlines()
_USUALLY_AT = datetime(2019, 3, 6, 13, 0, tzinfo=UTC)  # half an hour after the time in most payloads
# Line -> when it arrives, for the payloads with another time in them.
_AT = {
    2: datetime(2017, 6, 13, 11, tzinfo=UTC), 3: datetime(2017, 6, 14, 22, tzinfo=UTC),
    4: datetime(2025, 1, 6, 12, tzinfo=UTC), 5: datetime(2025, 6, 15, 14, tzinfo=UTC),
    6: datetime(2025, 6, 15, 14, tzinfo=UTC), 7: datetime(2021, 7, 21, 9, tzinfo=UTC),
    8: datetime(2013, 8, 22, 14, tzinfo=UTC), 9: datetime(2016, 1, 27, 19, tzinfo=UTC),
    10: datetime(2015, 9, 12, 15, tzinfo=UTC), 11: datetime(2013, 8, 22, 14, tzinfo=UTC),
    12: datetime(2013, 8, 22, 14, tzinfo=UTC), 14: datetime(2013, 8, 22, 14, tzinfo=UTC),
    15: datetime(2017, 10, 2, 16, tzinfo=UTC), 16: datetime(2017, 10, 20, 15, tzinfo=UTC),
}  # fmt: skip
FIX, REFUSED, REJECT = "fix", "refused fix", "reject"
# What each line becomes where `expect` leaves a choice, or speaks of a whole message.
_OUTCOMES: dict[int, list[str]] = {
    8: [],  # cells and access points only: no position to make a fix of
    15: [FIX, FIX],
    16: [FIX],
    19: [],  # a transition is an event; its position is the fence's business, and its times may be wrong
    23: [REJECT],  # a number is a number
    28: [REFUSED],  # null island is stored, and does not count
    30: [FIX],  # of a key that comes twice the last one counts, as most JSON readers have it
    36: [REFUSED],  # accurate to 5 km
}
_BY_EXPECT = {"accept": [FIX], "ignore": [], "no_fix": [], "refuse": [REJECT], "refuse_reported": [REJECT],
              "refuse_or_flag": [REJECT], "refuse_or_convert": [REJECT]}  # fmt: skip


@dataclass(frozen=True)
class Payload:
    """One line: by HTTP when `topic` is none of MQTT's."""

    number: int
    format: str
    topic: str
    body: bytes
    why: str
    at: datetime
    outcome: list[str]

    @property
    def by_http(self) -> bool:
        return self.format in ("osmand-query", "traccar-client-json")

    @property
    def sender(self) -> Sender | None:
        if self.by_http:
            return Sender(OSMAND, osmand.sender_id(self.body) or "")
        return parse_foreign_topic(self.topic)


def payloads() -> list[Payload]:
    return [_payload(number, json.loads(line)) for number, line in enumerate(_LINES, start=1)]


def _payload(number: int, line: dict[str, str]) -> Payload:
    body = line["payload"].removeprefix("/?").encode()
    outcome = _OUTCOMES[number] if number in _OUTCOMES else _BY_EXPECT[line["expect"]]
    at = _AT.get(number, _USUALLY_AT) + timedelta(seconds=number)
    return Payload(number, line["format"], line["topic"], body, line["why"], at, outcome)
