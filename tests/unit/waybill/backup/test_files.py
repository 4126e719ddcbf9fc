"""An installation's files into a tar and out of it; names that lead elsewhere are refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from waybill.backup.errors import BackupError
from waybill.backup.files import broker_folder, installation_files, unpack_tar, write_tar
from waybill.backup.streams import Written
from waybill.settings import Settings


def test_settings_map_media_and_named_files_go_in_and_come_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name in ("map/basemap.geojson", "media/2026/a.jpg", "credentials/gps-01", "logs/gateway.log", "pg/PG_VERSION"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    (data / "waybill.toml").write_text('public_url = "https://x"\n')
    (tmp_path / "env").write_text("A=1\n")

    files = installation_files(Settings(data_dir=data), data / "waybill.toml", [tmp_path / "env"])
    written = Written(lambda out: write_tar(files, out))
    (tmp_path / "all.tar").write_bytes(written.stream.read())
    written.ended()
    written.close()
    names = unpack_tar(tmp_path / "all.tar", tmp_path / "out")

    assert sorted(names) == [
        "credentials/gps-01", "included/env", "map/basemap.geojson", "media/2026/a.jpg", "settings/waybill.toml",
    ]  # fmt: skip
    assert (tmp_path / "out/media/2026/a.jpg").read_text() == "media/2026/a.jpg"
    assert (tmp_path / "out/credentials/gps-01").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_deleted_meanwhile_is_left_out() -> None:
    out = io.BytesIO()
    write_tar([("a", Path("/nonexistent/a"))], out)

    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        assert tar.getnames() == []


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())

    with pytest.raises(BackupError, match="no file of an installation"):
        unpack_tar(tmp_path / "bad.tar", tmp_path / "out")


def test_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        link = tarfile.TarInfo("map")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)

    with pytest.raises(BackupError, match="no file of an installation"):
        unpack_tar(tmp_path / "bad.tar", tmp_path / "out")


def test_what_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="--include"):
        installation_files(Settings(data_dir=tmp_path), None, [tmp_path / "nothing"])
    with pytest.raises(BackupError, match=r"dynamic-security\.json"):
        broker_folder(Settings(data_dir=tmp_path), tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x/f").write_text("1")
    (tmp_path / "f").write_text("2")
    with pytest.raises(BackupError, match="included/f"):
        installation_files(Settings(data_dir=tmp_path), None, [tmp_path / "x/f", tmp_path / "f"])
