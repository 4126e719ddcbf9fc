"""Where things lie when the servers' user may not enter a folder; starts no server."""

import os
from pathlib import Path

from waybill.stack.places import RunAs, reachable

STRANGER = RunAs(uid=64_999, gid=64_999, name="stranger")


def test_a_folder_below_a_closed_one_is_out_of_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not reachable(closed / "data", STRANGER)


def test_rights_of_owner_and_others_decide(tmp_path: Path) -> None:
    own = RunAs(uid=os.getuid(), gid=os.getgid(), name="me")
    tmp_path.chmod(0o700)

    assert reachable(Path("/usr/share"), STRANGER)
    assert reachable(tmp_path, None)
    assert reachable(Path("/"), own)
