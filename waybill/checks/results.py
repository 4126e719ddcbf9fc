"""Writes docs/results.md from a run with the full counts. Judges nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

from contract.clock import true_now
from waybill.checks.run import Result


def write_results(root: Path, results: list[Result]) -> None:
    """The table of the last `./run test --long`, with its day and commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# Last run with the full counts",
        "",
        f"`./run test --long` on {true_now():%Y-%m-%d}, commit {commit or 'unknown'}. Written by the command.",
        "",
        "| check | result | seconds | tests |",
        "|---|---|---|---|",
    ]
    for result in results:
        counts = ", ".join(f"{count} {word}" for word, count in result.counts.items())
        verdict = "ok" if result.passed else "FAILED"
        lines.append(f"| {result.check.name} | {verdict} | {result.seconds:.1f} | {counts} |")
    (root / "docs" / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
