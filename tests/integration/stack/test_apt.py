"""Downloads that were cut off: half-done and damaged files are never taken for packages. Unpacks nothing for use."""

import subprocess
from pathlib import Path

import pytest

from waybill.stack.apt import AptError, PrivateApt


@pytest.mark.long
def test_download_that_was_cut_off_goes_on_and_damaged_files_are_fetched_again(tmp_path: Path) -> None:
    apt = PrivateApt(tmp_path / "apt", print)
    apt.refresh()
    packages = apt.resolve(["libcjson1", "tzdata"])[:6]
    whole = {path.name: path.read_bytes() for path in apt.download(packages, "first")}
    for number, path in enumerate(sorted((tmp_path / "apt/archives").iterdir())):
        said = subprocess.run(["dpkg-deb", "-f", path, "Architecture"], capture_output=True, text=True, check=True)
        data = path.read_bytes()
        broken = (data[: len(data) // 2], b"junk" * 999, data + b"more")[number % 3]
        path.unlink()
        (tmp_path / "apt/partial" / f"{path.stem}_{said.stdout.strip()}.deb").write_bytes(broken)
    (tmp_path / "apt/partial/other_1.0_all.deb").write_bytes(b"half of another package")

    again = {path.name: path.read_bytes() for path in apt.download(packages, "second")}

    assert again == whole
    assert {path.name for path in (tmp_path / "apt/archives").iterdir()} == set(whole)


@pytest.mark.long  # apt itself waits 7 s over its three tries
def test_mirror_that_does_not_answer_is_an_error_that_names_it_and_the_ways_out(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "WAYBILL_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}

    with pytest.raises(AptError, match=r"(?s)http://127\.0\.0\.1:9/debian.*docker compose"):
        PrivateApt(tmp_path / "apt", print, environ).refresh()
