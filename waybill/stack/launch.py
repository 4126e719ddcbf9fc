"""Starts one server program as the right user, so that it dies with us; waits for it and ends it. Restarts nothing."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals

from waybill.stack.places import RunAs

_POLL_S = 0.02
# Linux ends a child with the *thread* that started it (prctl(2), PR_SET_PDEATHSIG), so children are started by one
# thread that lives as long as this process.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="child-starter")


class LaunchError(Exception):
    """A server program did not come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start and how."""

    command: Sequence[str | Path]
    log: Path
    environ: Mapping[str, str]
    # What the program gets when we die: its own way of stopping quickly.
    dies_by: Signals
    user: RunAs | None = None
    cwd: Path = Path("/")


def start(program: Program) -> "subprocess.Popen[bytes]":
    """Starts `program` in a session of its own, its output appended to its log."""
    command = [*_wrapper(program), *(str(word) for word in program.command)]
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        return _STARTER.submit(
            subprocess.Popen,
            command,
            cwd=program.cwd,
            env=dict(program.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C at the terminal must reach us alone: the order of stopping is ours.
            start_new_session=True,
        ).result()


def run(program: Program) -> str:
    """Runs `program` to its end and gives its output; raises LaunchError when it fails."""
    command = [*_wrapper(program), *(str(word) for word in program.command)]
    done = subprocess.run(
        command, cwd=program.cwd, env=dict(program.environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise LaunchError(f"{' '.join(command[-4:])} failed with {done.returncode}: {done.stdout.strip()[-2000:]}")
    return done.stdout


def stop(process: "subprocess.Popen[bytes]", *signals: tuple[Signals, float]) -> None:
    """Sends each signal in turn and waits as long as is said with it; in the end SIGKILL."""
    for number, patience_s in signals:
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
    with suppress(ProcessLookupError):
        process.send_signal(SIGKILL)
    process.wait()


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", *, patience_s: float) -> bool:
    """Polls `ready` until it is true; False when the process ends or patience does."""
    give_up_at_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_at_s:
        if process.poll() is not None:
            return False
        if ready():
            return process.poll() is None
        time.sleep(_POLL_S)
    return False


def log_end(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for an error message."""
    try:
        text = log.read_bytes()[-8192:].decode("utf-8", errors="replace")
    except FileNotFoundError:
        return "no log"
    return "\n".join(text.splitlines()[-lines:])


def _wrapper(program: Program) -> list[str]:
    tool = shutil.which("setpriv")
    if tool is None:
        if program.user is not None:
            raise LaunchError("setpriv (package util-linux) is needed to start servers as another user than root")
        return []  # not Linux: children are ended by our own stop only
    words = [tool, "--pdeathsig", program.dies_by.name.removeprefix("SIG")]
    if program.user is not None:
        words += [f"--reuid={program.user.uid}", f"--regid={program.user.gid}", "--clear-groups"]
    return [*words, "--"]
