"""Tells the person at the terminal how the demo gets on: steps, bars, plain lines. Does no step itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

# Without a terminal a bar becomes a line at most this often.
_LINE_EVERY_S = 5.0


class Narrator:
    """Lines on standard output; a bar only where somebody sees it move."""

    def __init__(self, *, plain: bool) -> None:
        self._console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
        self._plain = plain or not self._console.is_terminal
        # The supervisor reports from its own thread.
        self._turn = threading.Lock()

    def line(self, text: str = "") -> None:
        with self._turn:
            self._console.print(text)

    def detail(self, text: str) -> None:
        """One line of what goes on within a step."""
        self.line(f"    {text}")

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Says what begins, and how long it took when it is done."""
        self.line(f"{what} …")
        began_s = time.monotonic()
        yield
        self.line(f"    done in {time.monotonic() - began_s:.1f} s")

    @contextmanager
    def bar(self, what: str) -> Iterator[Callable[[float, str], None]]:
        """Gives a function that shows a share from 0 to 1 and a few words."""
        if self._plain:
            yield self._lines(what)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task: TaskID = progress.add_task(what, total=1.0, words="")
            yield lambda share, words: progress.update(task, completed=share, words=words)

    def _lines(self, what: str) -> Callable[[float, str], None]:
        next_s = time.monotonic() + _LINE_EVERY_S

        def show(share: float, words: str) -> None:
            nonlocal next_s
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + _LINE_EVERY_S
                self.line(f"    {what}: {share:4.0%}  {words}")

        return show
