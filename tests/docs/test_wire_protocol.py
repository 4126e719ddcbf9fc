"""docs/wire-protocol.md says all that the contract says, and its examples are valid."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import msgspec
import pytest
import yaml

from contract import topics
from contract.codec import FUTURE, MAX_BODY_BYTES, OLDEST, encode, encode_fixes
from contract.commands import MAX_COMMAND_BYTES, Command, DutyHours, UnitSettings
from contract.fix import Fix, Quality, Source, canonical
from contract.messages import MAX_BOOT, MAX_FIXES, FixMessage, Gnss, Link, Receipt, Refused, Rejection, Status, WireFix
from contract.reasons import RefusalRule, RejectReason
from contract.schema import json_schemas
from gateway.ingest.batch import MAX_DAYS
from gateway.tracking.policy import Policy
from tests.docs.documents import ROOT, code_words, document, json_blocks, rows

PAGE = document("wire-protocol.md")
FIX = Fix(
    device="gps-07", spool_id="0123456789abcdef", seq=1, fixed_at=datetime(2026, 11, 23, 9, 0, 0, 120_000, tzinfo=UTC),
    lat_e7=601_712_345, lon_e7=249_400_001,
)  # fmt: skip


RECORDS = (FixMessage, WireFix, Receipt, Rejection, Status, Gnss, Link, Refused, Command, UnitSettings, DutyHours)


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_of_every_message_is_explained(record: type[msgspec.Struct]) -> None:
    for field in record.__struct_fields__:
        assert f"`{field}`" in PAGE or f'"{field}"' in PAGE, field


def test_every_reason_and_rule_has_its_row_and_no_row_is_left_over() -> None:
    assert {row[0].strip("`") for row in rows(PAGE, "| reason |")} == {reason.value for reason in RejectReason}
    assert {row[0].strip("`") for row in rows(PAGE, "| rule |")} == {rule.value for rule in RefusalRule}


def test_every_topic_and_every_value_of_a_closed_list_is_named() -> None:
    channels = {topics.FIXES, topics.STATUS, topics.STORED, topics.REJECTED, topics.COMMAND}
    assert {row[0].strip("`") for row in rows(PAGE, "| topic |")} == {
        topics.device_topic("<device>", channel) for channel in channels
    }
    closed = {value.value for value in (*Quality, *Source)} | {"online", "offline"}
    properties = {topics.PROPERTY_SPOOL, topics.PROPERTY_FIRST, topics.PROPERTY_LAST}
    assert (closed | properties) - code_words(PAGE) == set()


def test_the_limits_are_the_limits_of_the_code() -> None:
    policy = Policy()
    for words in (
        f"now - {OLDEST.days} days",
        f"now + {int(FUTURE.total_seconds() // 60)} min",
        f"{MAX_BODY_BYTES} bytes",
        f"1 to {MAX_FIXES} fixes",
        f"{MAX_COMMAND_BYTES} bytes",
        f"0 to {MAX_BOOT}",
        f"more than {MAX_DAYS} days",
        f"`hdop` above {policy.max_hdop:g} or `accuracy_m` above {policy.max_accuracy_m:g}",
        f"than {policy.max_speed_mps:g} m/s and {policy.jump_slack_m:g} m allow",
        f"more than {policy.spool_days:g} days before it came",
        f"within {policy.null_island_m:g} m of latitude 0",
    ):
        assert words in PAGE, words


def test_the_example_of_the_canonical_form_is_one() -> None:
    assert canonical(msgspec.structs.replace(FIX)).decode() in PAGE


def test_examples_of_messages_are_valid() -> None:
    schemas, found = json_schemas(), json_blocks(PAGE)

    for name, first_field in [("stored", "spool"), ("rejected", "reason"), ("status", "state"), ("command", "id")]:
        (message,) = [message for message in found if next(iter(message)) == first_field]
        jsonschema.validate(message, schemas[name])


def test_schemas_take_what_the_encoder_writes_and_refuse_what_the_decoder_rejects() -> None:
    schemas = json_schemas()
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(encode_fixes([FIX], 3)), schemas["fixes"])
    jsonschema.validate({"fixed_at": "2026-11-23T09:00:00Z", "lat": 60.17, "lon": 24.94}, schemas["fix"])
    jsonschema.validate(json.loads(encode(Receipt(spool="a", through=0, also=[(2, 3)]))), schemas["stored"])
    jsonschema.validate(json.loads(encode(Status(state="offline"))), schemas["status"])

    for wrong in ({"fixed_at": "2026-11-23T09:00:00Z"}, {"fixed_at": "2026-11-23T09:00:00Z", "lat": 91, "lon": 0}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schemas["fix"])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"fixes": [wrong]}, schemas["fixes"])


def test_the_asyncapi_document_holds_together() -> None:
    made = yaml.safe_load((ROOT / "docs/wire/asyncapi.yaml").read_text(encoding="utf-8"))

    for_readers = {"vehicle_state": topics.FLEET_STATE, "order_milestone": topics.ORDER_MILESTONE}
    assert {name: channel["address"] for name, channel in made["channels"].items()} == {
        name: for_readers.get(name) or topics.device_topic("{device}", name) for name in made["channels"]
    }
    for reference in _references(made):
        target = made
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
