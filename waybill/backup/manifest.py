"""What is in a set, as records: the plain page that anybody may read, and the manifest inside. Reads no set."""

from __future__ import annotations

from datetime import datetime

import msgspec

FORMAT = 1
ABOUT, HOW_TO_OPEN, KEY, MANIFEST = "about.json", "HOW-TO-OPEN.txt", "key.age", "manifest.json.age"
BROKER, DATABASE, FILES = "broker.tar.age", "database.dump.age", "files.tar.age"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What `waybill backup list` may tell without the passphrase."""

    format: int
    made_at: datetime
    waybill: str
    opened_by: str  # passphrase or identity


class Part(msgspec.Struct, frozen=True):
    """One part; bytes and digest are of what is inside, not of what is encrypted."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that a restore checks before and after. `rows` counts every table in the very state that was dumped."""

    format: int
    made_at: datetime
    waybill: str
    postgresql: str
    timescaledb: str
    edition: str
    compressed_days: int
    migrations: dict[str, str]  # name -> digest
    rows: dict[str, int]
    broker: bool  # whether credentials and state of the broker are in it
    parts: list[Part]


def how_to_open(*, passphrase: bool) -> str:
    """The page in every set that tells how it is opened where there is no Waybill."""
    word, meaning = ("key.age", "asks for the passphrase") if passphrase else ("FILE", "the recipient's secret key")
    return f"""A backup of Waybill: `waybill restore` brings it back. Without Waybill, with tar and age
(age-encryption.org):

  tar xf SET.tar
  age -d -i {word} {MANIFEST} > manifest.json     ({word}: {meaning})
  age -d -i {word} {DATABASE} > waybill.dump
  age -d -i {word} {FILES} | tar xf -
  age -d -i {word} {BROKER} | tar xf -

waybill.dump is PostgreSQL's custom format. Into an empty database of the TimescaleDB version that manifest.json names:
  CREATE ROLE waybill_gateway; CREATE ROLE waybill_retention; CREATE ROLE waybill_reader;
  CREATE EXTENSION timescaledb; SELECT timescaledb_pre_restore();
  pg_restore --no-owner -d waybill waybill.dump
  SELECT timescaledb_post_restore();
"""
