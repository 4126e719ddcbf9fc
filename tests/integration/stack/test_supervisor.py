"""Supervised processes: in order, again after a death, gone with their parent; nothing else is touched."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from waybill.stack.command import Command, CommandError
from waybill.stack.process_state import birth, read_state
from waybill.stack.processes import STATE_FILE, Supervisor

PATIENCE_S = 10.0
ENVIRON = {"PATH": os.environ["PATH"]}


def wait_for(condition: Callable[[], bool], what: str) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_s, f"{what} did not happen in {PATIENCE_S:g} s"
        time.sleep(0.02)


def python(name: str, folder: Path, code: str, **more: object) -> Command:
    return Command(
        name, [sys.executable, "-c", textwrap.dedent(code)], environ=ENVIRON, log=folder / f"{name}.log", **more
    )  # type: ignore[arg-type]


def sleeper(name: str, folder: Path) -> Command:
    return python(name, folder, "import signal; signal.pause()")


def test_dead_service_is_started_again_and_counted(tmp_path: Path) -> None:
    told: list[str] = []
    with Supervisor(tmp_path, told.append) as supervisor:
        service = sleeper("gateway", tmp_path)
        supervisor.start("gateway", service, 1234)
        first = service.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)

        wait_for(lambda: service.pid not in {None, first}, "a second start")
        wait_for(lambda: supervisor.states()[0].restarts == 1 and len(told) == 2, "the count")
        written = read_state(tmp_path / STATE_FILE)
        assert written is not None
        assert [(one.name, one.pid, one.port) for one in written.processes] == [("gateway", service.pid, 1234)]
        assert written.runs()
        assert written.processes[0].runs()
    assert "has died" in told[0]
    assert read_state(tmp_path / STATE_FILE) is None


def test_services_stop_in_reverse_order_and_the_deaf_one_is_killed_in_time(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    write_end = f"""
        import signal, sys
        def end(*_):
            open({str(ends)!r}, "a").write(sys.argv[1] + "\\n"); sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        open({str(tmp_path)!r} + "/ready-" + sys.argv[1], "w")
        while True: signal.pause()
    """
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('{}', 'w')\nwhile True: signal.pause()"
    with Supervisor(tmp_path, print, stop_within_s=2.0) as supervisor:
        for name in ("first", "second"):
            command = [sys.executable, "-c", textwrap.dedent(write_end), name]
            ready = tmp_path / f"ready-{name}"
            supervisor.start(
                name, Command(name, command, environ=ENVIRON, log=tmp_path / f"{name}.log", ready=ready.exists)
            )
        mark = tmp_path / "ready-deaf"
        supervisor.start("deaf", python("deaf", tmp_path, deaf.format(mark), ready=mark.exists))
        stopped_s = time.monotonic()
    took_s = time.monotonic() - stopped_s

    assert ends.read_text().split() == ["second", "first"]
    assert took_s < 3


def test_services_started_together_are_all_begun_before_the_first_is_waited_for(tmp_path: Path) -> None:
    # Each is ready only when it sees the other: one after the other they would wait for ever.
    meet = """
        import signal, sys, time
        from pathlib import Path
        own, other, ready = map(Path, sys.argv[1:])
        own.touch()
        while not other.exists(): time.sleep(0.01)
        ready.touch()
        signal.pause()
    """
    services = []
    for name, other in (("left", "right"), ("right", "left")):
        ready = tmp_path / f"ready-{name}"
        words = [sys.executable, "-c", textwrap.dedent(meet), tmp_path / name, tmp_path / other, ready]
        command = Command(name, words, environ=ENVIRON, log=tmp_path / f"{name}.log", ready=ready.exists)
        services.append((name, command, None))
    told: list[str] = []
    with Supervisor(tmp_path, print) as supervisor:
        supervisor.start_together(services, told.append)

        assert told == ["left", "right"]
        assert all(state.pid is not None for state in supervisor.states())
        pids = [command.pid for _, command, _ in services]
    assert [birth(pid) for pid in pids if pid is not None] == [None, None]


def test_service_that_does_not_come_up_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path, print) as supervisor:
        broken = python("api", tmp_path, "raise SystemExit('no port for me')", ready=lambda: False)
        with pytest.raises(CommandError, match=r"(?s)api ended with 1.*no port for me"):
            supervisor.start("api", broken)


def test_stopping_leaves_other_processes_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as bystander:
        with Supervisor(tmp_path, print) as supervisor:
            supervisor.start("worker", sleeper("worker", tmp_path))

        assert bystander.poll() is None
        bystander.kill()


def test_children_go_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    # The children are started from a thread that ends at once: the kernel's mark must not depend on it.
    code = f"""
        import signal, sys, threading
        from pathlib import Path
        from waybill.stack.command import Command
        from waybill.stack.processes import Supervisor
        folder, environ = Path({str(tmp_path)!r}), {{"PATH": {ENVIRON["PATH"]!r}}}
        supervisor = Supervisor(folder, print)
        sleeper = [sys.executable, "-c", "import signal; signal.pause()"]
        def start():
            for name in ("one", "two"):
                supervisor.start(name, Command(name, sleeper, environ=environ, log=folder / name))
        thread = threading.Thread(target=start); thread.start(); thread.join()
        print("started", flush=True)
        signal.pause()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        state = read_state(tmp_path / STATE_FILE)
        assert state is not None
        assert [one.runs() for one in state.processes] == [True, True]

        parent.kill()
        parent.wait()

        wait_for(lambda: not any(one.runs() for one in state.processes), "the end of the children")
        assert not state.runs()


def test_state_of_a_reused_pid_is_not_taken_for_ours() -> None:
    own = birth(os.getpid())

    assert own is not None
    assert birth(2**22 + 1) is None
    assert birth(1) != own


def test_two_claims_never_give_one_port_even_from_two_processes(tmp_path: Path) -> None:
    code = """
        import sys
        from waybill.stack.ports import Ports
        ports = Ports()
        print(ports.claim(int(sys.argv[1])), flush=True)
        sys.stdin.read()
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]
    others = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(wanted)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    try:
        got = [int(other.stdout.readline()) for other in others if other.stdout is not None]
    finally:
        for other in others:
            other.communicate()

    assert len(set(got)) == 4
    assert wanted in got
