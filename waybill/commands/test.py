"""`waybill test`: every check of the project, with progress. Holds no check itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from waybill.invocation import CommandError
from waybill.terminal import say, show_table


def register(app: typer.Typer) -> None:
    app.command(name="test")(check_everything)


def check_everything(
    quick: Annotated[
        bool, typer.Option("--quick", help="Format, lint, types, import rules, unit, properties.")
    ] = False,
    long: Annotated[bool, typer.Option("--long", help="The full counts; writes docs/results.md.")] = False,
) -> None:
    """Format, lint, types, import rules, and all tests against real servers. Exit code 1 when anything fails."""
    from waybill.checks.plan import plan
    from waybill.checks.run import run_checks, totals

    root = Path(__file__).parents[2]
    if not (root / "tests").is_dir():
        raise CommandError(f"{root} is no checkout: run ./run test in one")
    results = run_checks(root, plan(root, quick=quick, long=long), long=long)
    show_table(
        ("check", "result", "seconds", "tests"),
        [
            (r.check.name, "ok" if r.passed else "FAILED", f"{r.seconds:.1f}",
             ", ".join(f"{count} {word}" for word, count in r.counts.items()))
            for r in results
        ],
    )  # fmt: skip
    if long:
        from waybill.checks.results import write_results

        write_results(root, results)
    total = totals(results)
    say(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    raise typer.Exit(0 if all(r.passed for r in results) else 1)
