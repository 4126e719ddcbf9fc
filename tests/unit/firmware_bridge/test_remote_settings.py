"""Settings from afar: whole or not at all, once, and still there after a restart."""

from pathlib import Path

from firmware_bridge.remote_settings import MAX_IDS, RemoteSettings
from firmware_bridge.sampling import SamplingPolicy

BASE = SamplingPolicy()
FIVE = b'{"id":"a-1","settings":{"report_interval_s":5,"heartbeat_s":60}}'


def opened(folder: Path) -> RemoteSettings:
    return RemoteSettings(folder / "gps-01.db", BASE)


def test_a_command_holds_at_once_and_after_a_restart(tmp_path: Path) -> None:
    assert opened(tmp_path).take(FIVE)

    again = opened(tmp_path)

    assert (again.policy.report_interval_s, again.policy.heartbeat_s) == (5.0, 60.0)
    assert again.policy.distance_m == BASE.distance_m
    assert (again.applied, again.refused) == ("a-1", None)


def test_an_older_retained_command_that_comes_again_does_not_undo_a_newer_one(tmp_path: Path) -> None:
    remote = opened(tmp_path)
    remote.take(FIVE)
    remote.take(b'{"id":"a-2","settings":{"report_interval_s":2}}')

    assert not opened(tmp_path).take(FIVE)

    assert opened(tmp_path).policy.report_interval_s == 2.0
    assert opened(tmp_path).applied == "a-2"


def test_null_is_what_the_unit_was_started_with(tmp_path: Path) -> None:
    remote = opened(tmp_path)
    remote.take(FIVE)

    remote.take(b'{"id":"a-2","settings":{"report_interval_s":null}}')

    assert remote.policy.report_interval_s == BASE.report_interval_s
    assert remote.policy.heartbeat_s == 60.0


def test_a_command_with_one_wrong_field_changes_nothing(tmp_path: Path) -> None:
    remote = opened(tmp_path)
    remote.take(FIVE)

    assert remote.take(b'{"id":"a-2","settings":{"heartbeat_s":90,"turn_deg":0}}')

    assert (remote.policy.heartbeat_s, remote.applied) == (60.0, "a-1")
    assert remote.refused is not None
    assert (remote.refused.id, remote.refused.field) == ("a-2", "turn_deg")
    assert remote.take(b'{"id":"a-3","settings":{}}')
    assert remote.refused is None, "the next good command clears it"


def test_a_heartbeat_shorter_than_the_interval_is_refused_also_against_what_holds_already(tmp_path: Path) -> None:
    remote = opened(tmp_path)

    remote.take(b'{"id":"a-1","settings":{"report_interval_s":31}}')

    assert remote.refused is not None
    assert "30 s is shorter than report_interval_s, 31 s" in remote.refused.why
    assert remote.policy == BASE


def test_an_emptied_retained_message_is_no_command(tmp_path: Path) -> None:
    assert not opened(tmp_path).take(b"")


def test_a_damaged_file_does_not_stop_the_unit_and_the_command_counts_again(tmp_path: Path) -> None:
    opened(tmp_path).take(FIVE)
    (tmp_path / "gps-01.settings.json").write_bytes(b"\0\0\0")

    remote = opened(tmp_path)

    assert remote.policy == BASE
    assert remote.take(FIVE)
    assert opened(tmp_path).policy.report_interval_s == 5.0


def test_a_folder_that_takes_no_file_refuses_and_goes_on_as_before(tmp_path: Path) -> None:
    remote = RemoteSettings(tmp_path / "not-there" / "gps-01.db", BASE)

    assert remote.take(FIVE)

    assert remote.refused is not None
    assert "disk" in remote.refused.why
    assert remote.policy == BASE


def test_the_list_of_ids_is_bounded(tmp_path: Path) -> None:
    remote = opened(tmp_path)

    for number in range(2 * MAX_IDS):
        remote.take(b'{"id":"a-%d","settings":{}}' % number)

    assert (tmp_path / "gps-01.settings.json").stat().st_size < 1000
