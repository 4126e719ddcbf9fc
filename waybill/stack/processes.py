"""Starts services in order, starts again those that die, stops all in reverse order. Knows nothing of what they do."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from contract.clock import true_now
from waybill.stack.process_state import ProcessState, StackState, birth, write_state

Progress = Callable[[str], None]

STATE_FILE = "processes.json"
_LOOK_EVERY_S = 0.2
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 20.0
# Who ran this long is sound again: the next death counts as the first.
_SOUND_AFTER_S = 60.0
# Everything is stopped within 10 s; what is left over of that is for the kernel and for us.
_STOP_WITHIN_S = 8.5
_LEAST_PATIENCE_S = 0.3


class Service(Protocol):
    """What can be supervised: Postgres, Broker, Command."""

    log: Path

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...

    def stop(self, patience_s: float = ...) -> None: ...


class PromptService(Service, Protocol):
    """A service that can be started without waiting until it is ready: Command."""

    def begin(self) -> None: ...


@dataclass(slots=True)
class _Supervised:
    name: str
    service: Service
    port: int | None
    started_at: datetime
    sound_since_s: float
    restarts: int = 0
    deaths_in_a_row: int = 0
    next_try_s: float | None = None


class Supervisor:
    """Keeps services running until `stop`; `with` stops them in the end, whatever happens."""

    def __init__(self, run_dir: Path, report: Progress, *, stop_within_s: float = _STOP_WITHIN_S) -> None:
        self._stop_within_s = stop_within_s
        self._state_file = run_dir / STATE_FILE
        self._report = report
        self._services: list[_Supervised] = []
        self._stopping = threading.Event()
        # Protects the list, and that a service is started by one thread at a time.
        self._turn = threading.RLock()
        self._watcher: threading.Thread | None = None

    def start(self, name: str, service: Service, port: int | None = None) -> None:
        """Starts `service`, waits until it is ready, and keeps it running from then on."""
        with self._turn:
            self._await(self._enlist(name, service, port))
        self._watch_from_now_on()

    def start_together(
        self, services: Sequence[tuple[str, PromptService, int | None]], ready: Callable[[str], None]
    ) -> None:
        """Starts services that do not need one another all at once; `ready` is told each name, in their order."""
        with self._turn:
            begun = []
            for name, service, port in services:
                begun.append(self._enlist(name, service, port))
                service.begin()
            for one in begun:
                self._await(one)
                ready(one.name)
        self._watch_from_now_on()

    def end(self, name: str, patience_s: float = 5.0) -> None:
        """Stops one service for good."""
        with self._turn:
            one = next(one for one in self._services if one.name == name)
            self._services.remove(one)
            self._write()
        # Not within the turn: the others are looked after while this one takes its time.
        one.service.stop(patience_s)

    def states(self) -> tuple[ProcessState, ...]:
        return tuple(_state(one) for one in list(self._services))

    def stop(self) -> None:
        """Stops everything that was started, newest first, within 10 s; nothing else is touched."""
        self._stopping.set()
        give_up_s = time.monotonic() + self._stop_within_s
        waiting = list(reversed(self._services))
        for number, one in enumerate(waiting):
            left_for_others_s = _LEAST_PATIENCE_S * (len(waiting) - number - 1)
            one.service.stop(max(_LEAST_PATIENCE_S, give_up_s - time.monotonic() - left_for_others_s))
        if self._watcher is not None:
            self._watcher.join()
        # A service that the watcher was just starting again.
        for one in waiting:
            one.service.stop(_LEAST_PATIENCE_S)
        self._services.clear()
        self._state_file.unlink(missing_ok=True)

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()

    def _enlist(self, name: str, service: Service, port: int | None) -> _Supervised:
        """Listed before it is started: when that fails or is interrupted, `stop` finds it."""
        if any(one.name == name for one in self._services):
            raise ValueError(f"there is a service {name} already")
        one = _Supervised(name, service, port, true_now(), time.monotonic())
        self._services.append(one)
        return one

    def _await(self, one: _Supervised) -> None:
        one.service.start()
        one.sound_since_s = time.monotonic()
        self._write()

    def _watch_from_now_on(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            with self._turn:
                for one in list(self._services):
                    self._look_after(one)

    def _look_after(self, one: _Supervised) -> None:
        now_s = time.monotonic()
        if one.service.pid is not None:
            if one.deaths_in_a_row and now_s - one.sound_since_s > _SOUND_AFTER_S:
                one.deaths_in_a_row = 0
            return
        if one.next_try_s is None:
            pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**one.deaths_in_a_row)
            one.deaths_in_a_row += 1
            one.next_try_s = now_s + pause_s
            self._report(f"{one.name} has died; starting it again in {pause_s:g} s (its log: {one.service.log})")
        if now_s >= one.next_try_s and not self._stopping.is_set():
            self._start_again(one)

    def _start_again(self, one: _Supervised) -> None:
        one.restarts += 1
        one.next_try_s = None
        try:
            one.service.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other services go on and this one is tried again
            if not self._stopping.is_set():
                self._report(f"{one.name} does not start: {str(error).splitlines()[0]}")
            return
        one.started_at, one.sound_since_s = true_now(), time.monotonic()
        self._write()
        self._report(f"{one.name} runs again (start {one.restarts + 1})")

    def _write(self) -> None:
        own = os.getpid()
        write_state(self._state_file, StackState(supervisor=own, born=birth(own), processes=self.states()))


def _state(one: _Supervised) -> ProcessState:
    pid = one.service.pid
    return ProcessState(
        name=one.name,
        pid=pid,
        born=None if pid is None else birth(pid),
        port=one.port,
        started_at=one.started_at,
        restarts=one.restarts,
        log=str(one.service.log),
    )
