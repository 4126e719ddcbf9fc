"""The examples of backup and restore in docs/operations.md: every command and service is there. Runs none of them."""

from __future__ import annotations

import shlex

import pytest
from typer.core import TyperGroup

from tests.docs.command_tree import find_command
from tests.docs.deployment import compose
from tests.docs.documents import ROOT, document, examples

SERVICES = compose()["services"]
BACKUP = SERVICES["backup"]
LINES = [
    line
    for name in ("backup", "restore")
    for line in examples("operations.md")[name].splitlines()
    if "run --rm" in line
]


@pytest.mark.parametrize("line", LINES)
def test_what_is_run_in_the_container_is_a_command(line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words[:5] == ["docker", "compose", "run", "--rm", "backup"]

    command, rest = find_command(words[5:] or BACKUP["command"])

    assert not isinstance(command, TyperGroup), line
    parsed = command.make_context("waybill", rest).params
    targets = {volume.split(":")[1] for volume in BACKUP["volumes"]}
    assert str(parsed.get("broker_state") or "/mosquitto/data") in targets
    assert str(parsed.get("set_path") or parsed.get("into") or "/backups/x").startswith("/backups/")


def test_the_container_reads_where_the_broker_writes_and_keeps_sets_outside() -> None:
    assert BACKUP["environment"]["WAYBILL_BACKUP_DIR"] == "/backups"
    assert {"./deploy/backups:/backups", "broker:/mosquitto/data"} <= set(BACKUP["volumes"])
    assert all(volume.endswith(":ro") for volume in BACKUP["volumes"] if "/installation/" in volume)
    assert "broker:/mosquitto/data" in SERVICES["broker"]["volumes"]
    # Not started by `up`: no profile that .env names.
    assert BACKUP["profiles"] == ["backup"]
    ignored = (ROOT / "deploy/backups/.gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"


def test_the_nightly_service_runs_a_command_that_there_is() -> None:
    unit = (ROOT / "deploy/backup/waybill-backup.service").read_text(encoding="utf-8")
    [line] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.partition("=")[2])

    command, rest = find_command(words[1:])

    given = command.make_context("waybill", rest).params
    assert str(given["passphrase_file"]) == "%d/passphrase"
    assert f"ReadWritePaths={given['folder']}" in unit
    assert "deploy/backup/waybill-backup.timer" in document("operations.md")
