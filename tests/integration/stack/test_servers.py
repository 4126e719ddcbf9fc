"""The private copy as it lies on disk: whole, of one libc, without rights that it does not need. Starts nothing."""

import stat
import subprocess
from pathlib import Path

import pytest

from waybill.stack import elf
from waybill.stack.places import private_root
from waybill.stack.servers import ensure, versions

PROGRAMS = {"postgres": "usr/lib/postgresql/17/bin/postgres", "mosquitto": "usr/sbin/mosquitto"}


@pytest.mark.parametrize("bundle", PROGRAMS)
def test_program_takes_every_library_from_the_copy(bundle: str) -> None:
    tree = ensure(bundle, print)

    listed = subprocess.run(
        [tree / elf.loader(tree), "--list", tree / PROGRAMS[bundle]], capture_output=True, text=True, check=True
    ).stdout

    places = [line.split("=>")[1].split("(")[0].strip() for line in listed.splitlines() if "=>" in line]
    assert places
    assert [place for place in places if not place.startswith(str(tree))] == []


@pytest.mark.parametrize("bundle", PROGRAMS)
def test_copy_has_no_program_that_becomes_another_user(bundle: str) -> None:
    tree = ensure(bundle, print)

    risky = [
        path
        for path in tree.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)
    ]

    assert risky == []


def test_versions_are_those_that_production_pins() -> None:
    ensure("postgres", print)
    ensure("mosquitto", print)

    assert versions("postgres")["postgresql-17"].startswith("17.")
    assert versions("postgres")["postgresql-17-timescaledb"].startswith("2.19.")
    assert versions("mosquitto")["mosquitto"].startswith("2.0.")


def test_second_call_does_nothing_at_all() -> None:
    ensure("mosquitto", print)
    told: list[str] = []

    tree = ensure("mosquitto", told.append)

    assert told == []
    assert tree == private_root() / "servers/mosquitto"
    assert not list(Path(tree.parent).glob("*.half-done"))
