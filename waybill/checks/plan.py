"""Which checks there are and how each is run, in the order of their cost. Runs none of them."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

# Folders whose tests wait for servers more than they compute: so many files at a time. Each worker has servers of its
# own, and a file's tests stay together, because some share what they have started.
_SIDE_BY_SIDE = {"docs": 2, "integration": 3, "dashboard": 2, "acceptance": 2}
CODE = ("contract", "storage", "gateway", "firmware_bridge", "dashboard", "waybill", "tests", "scripts", "benchmarks")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report: a name, a command, and whether --quick runs it too."""

    name: str
    command: tuple[str, ...]
    quick: bool = False
    pytest: bool = False


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name(name)), *arguments)


def plan(root: Path, *, quick: bool, long: bool) -> list[Check]:
    """The checks for a run in the checkout `root`."""
    code = [name for name in CODE if (root / name).is_dir()]
    checks = [
        Check(name="format", command=_module("ruff", "format", "--check", *code), quick=True),
        Check(name="lint", command=_module("ruff", "check", *code), quick=True),
        Check(name="import rules", command=_tool("lint-imports"), quick=True),
        Check(name="types", command=_module("mypy"), quick=True),
    ]
    folders = ("unit", "properties", "golden", "docs", "migration", "integration", "dashboard", "acceptance", "browser")
    for folder in folders:
        if not (root / "tests" / folder).is_dir():
            continue
        marks = "" if long else "not long"
        workers = ("-n", str(_SIDE_BY_SIDE[folder]), "--dist", "loadfile") if folder in _SIDE_BY_SIDE else ()
        checks.append(
            Check(
                name=folder,
                command=_module("pytest", f"tests/{folder}", "-q", "--durations=5", "-m", marks, *workers),
                quick=folder in ("unit", "properties"),
                pytest=True,
            )
        )
    return [check for check in checks if check.quick or not quick]
