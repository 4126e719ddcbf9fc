"""`waybill wire check`: verdicts on payloads offline, the same as the gateway's."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.fixtures.command_line import Waybill
from tests.golden.foreign.expected import REFUSED, REJECT, payloads

AT = ("--at", "2026-11-23T12:00:00Z")
LINES = """\
{"fixed_at":"2026-11-23T11:59:00Z","lat":60.17,"lon":24.94}
waybill/v1/gps-07/fixes {"fixed_at":"2062-11-23T11:59:00Z","lat":60.17,"lon":24.94}
{"_type":"lwt","tst":1}
/?id=4711&lat=60.17&lon=24.94&timestamp=1795435140&speed=10
{"fixed_at":"2026-11-23T11:59:00Z","lat":0,"lon":0}
{"topic":"elsewhere/7","payload":"{}"}
"""


def test_each_line_gets_a_verdict_with_reason_field_value_and_remedy(waybill: Waybill, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text(LINES, encoding="utf-8")

    answer = waybill("wire", "check", str(file), *AT, "--json")
    found = [msgspec.json.decode(line) for line in answer.out.splitlines()]

    assert answer.exit_code == 1
    assert [one["becomes"] for one in found] == ["fix", "reject", "nothing", "fix", "refused fix", "nothing"]
    assert (found[1]["topic"], found[1]["reason"], found[1]["field"]) == (
        "waybill/v1/gps-07/fixes", "time_in_future", "fixed_at",
    )  # fmt: skip
    assert "2062" in found[1]["value"]
    assert "clock" in found[1]["remedy"]
    assert (found[3]["fix"]["source"], found[4]["reason"]) == ("phone", "null_island")
    assert "2 refused" in answer.err


def test_the_verdicts_on_known_payloads_are_what_becomes_of_them(waybill: Waybill) -> None:
    for payload in payloads():
        if payload.sender is None:
            continue
        said = waybill(
            "wire", "check", "-", "--topic", payload.sender.topic, "--at", payload.at.isoformat(), "--json",
            stdin=payload.body.decode() or "\n",
        )  # fmt: skip
        becomes = [msgspec.json.decode(line)["becomes"] for line in said.out.splitlines()]
        assert [one for one in becomes if one != "nothing"] == payload.outcome, payload.why
        assert said.exit_code == int(REJECT in payload.outcome or REFUSED in payload.outcome)


def test_what_is_all_right_exits_with_0_and_a_missing_file_is_named(waybill: Waybill) -> None:
    good = waybill("wire", "check", "-", *AT, stdin=LINES.splitlines()[0])
    missing = waybill("wire", "check", "/nowhere")

    assert good.exit_code == 0
    assert "1 fixes that count, 0 refused" in good.err
    assert "/nowhere" in missing.error
