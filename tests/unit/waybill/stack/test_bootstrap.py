"""When .venv counts as stale; makes none."""

import json
from pathlib import Path

import pytest

from waybill.stack import bootstrap


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("pyproject.toml", *bootstrap.LOCKS.values()):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp.json")
    return tmp_path


def stamp(checkout: Path, *kinds: str) -> None:
    (checkout / "stamp.json").write_text(json.dumps({kind: bootstrap.digest(kind) for kind in kinds}))


def test_stamp_of_the_same_locks_is_fresh(checkout: Path) -> None:
    stamp(checkout, "product")

    assert bootstrap.is_fresh(["product"])
    assert not bootstrap.is_fresh(["product", "test"])


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_changed_lock_is_stale(checkout: Path, changed: str) -> None:
    stamp(checkout, "product")
    (checkout / changed).write_text("changed")

    assert not bootstrap.is_fresh(["product"])


def test_moved_checkout_is_stale(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(checkout, "product")
    before = bootstrap.digest("product")
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    monkeypatch.setattr(bootstrap, "ROOT", moved)

    assert bootstrap.digest("product") != before


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_broken_stamp_is_stale_and_no_error(checkout: Path, text: str) -> None:
    (checkout / "stamp.json").write_text(text)

    assert not bootstrap.is_fresh(["product"])
