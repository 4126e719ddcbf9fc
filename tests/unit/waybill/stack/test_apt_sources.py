"""Which Debian mirror a host names, in both file formats; no file of the real host is read."""

from pathlib import Path

import pytest

from waybill.stack.apt_sources import NoMirrorError, mirrors

OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'


def host(root: Path, *, os_release: str = OS_RELEASE, **files: str) -> Path:
    folder = root / "etc/apt/sources.list.d"
    folder.mkdir(parents=True)
    (root / "etc/os-release").write_text(os_release)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return root


def test_setting_wins_over_everything(tmp_path: Path) -> None:
    assert mirrors({"WAYBILL_DEBIAN_MIRROR": "http://near.example/debian/"}, tmp_path) == ["http://near.example/debian"]


def test_one_line_format_with_options_and_comments(tmp_path: Path) -> None:
    text = (
        "# deb http://commented.example/debian bookworm main\n"
        "deb cdrom:[Debian]/ bookworm main\n"
        "deb-src http://source.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian/ bookworm main contrib # ours\n"
        "deb http://mirror.example/debian-security bookworm-security main\n"
    )

    assert mirrors({}, host(tmp_path, debian_list=text)) == ["http://mirror.example/debian"]


def test_deb822_format_with_continued_lines_and_disabled_stanzas(tmp_path: Path) -> None:
    text = (
        "Types: deb deb-src\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\nEnabled: no\n\n"
        "# comment\nTypes: deb\nURIs: http://a.example/debian\n http://b.example/debian\n"
        "Suites: bookworm bookworm-updates\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )

    assert mirrors({}, host(tmp_path, debian_sources=text)) == ["http://a.example/debian", "http://b.example/debian"]


def test_debians_own_mirror_goes_before_a_vendor_that_uses_the_same_names(tmp_path: Path) -> None:
    vendor = "deb http://vendor.example/apt bookworm main\n"
    debian = "deb http://mirror.example/debian bookworm main\n"

    found = mirrors({}, host(tmp_path, a_list=vendor, b_list=debian))

    assert found == ["http://mirror.example/debian", "http://vendor.example/apt"]


@pytest.mark.parametrize("os_release", ['ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04"\nID_LIKE=debian\n', ""])
def test_other_distribution_is_told_the_three_ways_out(tmp_path: Path, os_release: str) -> None:
    with pytest.raises(
        NoMirrorError, match=r"WAYBILL_DEBIAN_MIRROR.*docker compose --profile demo up.*WAYBILL_DATABASE"
    ):
        mirrors({}, host(tmp_path, os_release=os_release, a_list="deb http://mirror.example/ubuntu noble main\n"))


def test_debian_without_a_debian_source_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(NoMirrorError, match="WAYBILL_DEBIAN_MIRROR"):
        mirrors({}, host(tmp_path))
