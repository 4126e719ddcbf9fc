"""Runs checks one after another with progress and a closing table. Knows no check by name."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import msgspec

from waybill.checks.plan import Check
from waybill.terminal import say

_COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped|deselected|xfailed)")


class Result(msgspec.Struct, frozen=True):
    """How one check ended."""

    check: Check
    passed: bool
    seconds: float
    counts: dict[str, int]


def run_checks(root: Path, checks: list[Check], *, long: bool) -> list[Result]:
    """Runs every check, also after a failure, so that one run shows all that is wrong."""
    results: list[Result] = []
    for number, check in enumerate(checks, 1):
        say(f"[{number}/{len(checks)}] {check.name} …")
        results.append(_run(root, check, long=long))
        last = results[-1]
        say(f"[{number}/{len(checks)}] {check.name}: {'ok' if last.passed else 'FAILED'} in {last.seconds:.1f} s")
    return results


def _run(root: Path, check: Check, *, long: bool) -> Result:
    began_s = time.monotonic()
    environ = {**os.environ, "HYPOTHESIS_PROFILE": "long" if long else "short", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        check.command, cwd=root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    last_line = ""
    for line in process.stdout:
        say("    " + line.rstrip("\n"))
        last_line = line if _COUNTS.search(line) else last_line
    code = process.wait()
    counts = {word: int(count) for count, word in _COUNTS.findall(last_line)} if check.pytest else {}
    return Result(check, code == 0, time.monotonic() - began_s, counts)


def totals(results: list[Result]) -> dict[str, int]:
    """Tests passed, failed and skipped over all checks; a check without tests counts as one."""
    total = {"passed": 0, "failed": 0, "skipped": 0}
    for result in results:
        if not result.check.pytest:
            total["passed" if result.passed else "failed"] += 1
            continue
        for word, count in result.counts.items():
            name = "failed" if word.startswith("error") else word
            if name in total:
                total[name] += count
        if not result.passed and not result.counts.get("failed"):
            total["failed"] += 1
    return total
