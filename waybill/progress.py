"""A bar for long work, on standard error so that a pipe gets the result alone. Knows nothing of the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def progress_bar(what: str, whole: int | None) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told how much more is done. Without a terminal nothing is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=whole)
        yield lambda more: progress.advance(task, more)


@contextmanager
def byte_bars(whole: int | None) -> Iterator[Callable[[str, int], None]]:
    """Gives a function that is told what is on and how many bytes more of it are done. Without a terminal: nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import TransferSpeedColumn as SpeedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:<20}"), BarColumn(bar_width=30), DownloadColumn(), SpeedColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: list[TaskID] = []

        def report(what: str, more: int) -> None:
            if not tasks:
                tasks.append(progress.add_task(what, total=whole))
            progress.update(tasks[0], description=what, advance=more)

        yield report


@contextmanager
def step_bars(steps: Sequence[str]) -> Iterator[Callable[[str, int], None]]:
    """Gives a function that is told which step is on and how many things more it has done; one line per step.

    Through a pipe each step is a plain line when it begins.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(finished_text="*"),
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("{task.fields[seen]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}
        counts: dict[str, int] = {}

        def report(step: str, more: int) -> None:
            if step not in tasks:
                for done in tasks.values():
                    progress.update(done, total=1, completed=1)
                tasks[step], counts[step] = progress.add_task(step, total=None, seen=""), 0
                if not console.is_terminal:
                    console.print(f"{len(tasks)} of {len(steps)}: {step} …")
            counts[step] += more
            if counts[step]:
                progress.update(tasks[step], seen=f"{counts[step]:,} things")

        report(steps[0], 0)
        yield report
        for done in tasks.values():
            progress.update(done, total=1, completed=1)
