"""One process of Waybill's own as a service of the supervisor. Knows nothing of what the process does."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM

from waybill.stack import launch

_READY_PATIENCE_S = 30.0


class CommandError(Exception):
    """A process of Waybill did not come up."""


class Command:
    """A child command with a readiness check, its output in a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environ: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool] = lambda: True,
        ready_patience_s: float = _READY_PATIENCE_S,
    ) -> None:
        self.name = name
        self.log = log
        self._program = launch.Program(
            command=command, log=log, environ=environ, dies_by=SIGTERM, cwd=Path.cwd()
        )  # fmt: skip
        self._ready = ready
        self._ready_patience_s = ready_patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._awaited = False  # begun, and nobody has waited until it was ready

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative: by that signal. None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    def begin(self) -> None:
        """Starts the process and does not wait for it; `start` then only waits until it is ready."""
        if self.pid is None:
            self._process = launch.start(self._program)
            self._awaited = True

    def start(self) -> None:
        self.begin()
        process = self._process
        if process is None or not self._awaited:
            return
        self._awaited = False
        if not launch.wait_until(self._ready, process, patience_s=self._ready_patience_s):
            ended = process.poll()
            self.stop(2.0)
            how = f"ended with {ended}" if ended is not None else f"was not ready in {self._ready_patience_s:g} s"
            raise CommandError(f"{self.name} {how}; the end of {self.log}:\n{launch.log_end(self.log)}")

    def stop(self, patience_s: float = 5.0) -> None:
        if self._process is None:
            return
        launch.stop(self._process, (SIGTERM, patience_s))
        # It had a session of its own: whatever it started and left behind goes with it.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, SIGKILL)

    def kill(self) -> None:
        """SIGKILL; for fault tests."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(SIGKILL)
            self._process.wait()
