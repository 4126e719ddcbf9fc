"""Commands to a unit: what is taken, and how what is wrong is named."""

import msgspec
import pytest

from contract.codec import decode_status, encode
from contract.commands import MAX_COMMAND_BYTES, Command, UnitSettings, decode_command, merged
from contract.messages import Refused, Status


def test_a_command_names_only_what_is_to_change() -> None:
    command = decode_command(b'{"id":"a-1","settings":{"report_interval_s":5,"turn_deg":null}}')

    assert command == Command(id="a-1", settings=UnitSettings(report_interval_s=5.0, turn_deg=None))
    assert msgspec.json.decode(msgspec.json.encode(command), type=Command) == command


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (b'{"id":"a","settings":{"report_interval_s":0}}', "report_interval_s", "0.1"),
        (b'{"id":"a","settings":{"report_interval_s":1e400}}', "report_interval_s", ""),
        (b'{"id":"a","settings":{"heartbeat_s":"often"}}', "heartbeat_s", "Expected"),
        (b'{"id":"a","settings":{"colour\\u0000":1}}', "colour?", "no such setting; there are report_interval_s"),
    ],
)
def test_the_field_that_is_wrong_is_named(body: bytes, field: str, why: str) -> None:
    refused = decode_command(body)

    assert isinstance(refused, Refused)
    assert (refused.id, refused.field) == ("a", field)
    assert why in refused.why


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"restart",
        b"[]",
        b'{"id":"a"}',
        b'{"id":"a b","settings":{}}',
        b'{"id":"","settings":{}}',
        b"\xff",
        b'{"id":"a","settings":{' + b" " * MAX_COMMAND_BYTES + b"}}",
        b"[" * 8000,
    ],
)
def test_what_is_no_command_is_refused_and_fits_into_a_status(body: bytes) -> None:
    refused = decode_command(body)

    assert isinstance(refused, Refused)
    status = Status(state="online", refused=refused)
    assert decode_status(encode(status)) == status


def test_later_settings_win_and_null_takes_one_away() -> None:
    before = UnitSettings(report_interval_s=5.0, heartbeat_s=60.0)

    assert merged(before, UnitSettings(heartbeat_s=None, turn_deg=20.0)) == UnitSettings(
        report_interval_s=5.0, turn_deg=20.0
    )
