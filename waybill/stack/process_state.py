"""What runs, in a file that `waybill status` reads: written by the supervisor, read by anybody. Starts nothing."""

import json
from datetime import datetime
from pathlib import Path

import msgspec


class ProcessState(msgspec.Struct, frozen=True, kw_only=True):
    """One supervised process. `born` is the kernel's mark of when a pid began, so that a reused pid is not ours."""

    name: str
    pid: int | None
    born: int | None
    port: int | None
    started_at: datetime
    restarts: int
    log: str

    def runs(self) -> bool:
        return self.pid is not None and birth(self.pid) == self.born


class StackState(msgspec.Struct, frozen=True, kw_only=True):
    """All that one supervisor started."""

    supervisor: int
    born: int | None
    processes: tuple[ProcessState, ...]

    def runs(self) -> bool:
        return birth(self.supervisor) == self.born


def birth(pid: int) -> int | None:
    """When the process began, in the kernel's ticks since boot; None when there is none (or only its corpse)."""
    try:
        # After the name in brackets, which may hold anything: state is field 3, start time field 22 (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def write_state(path: Path, state: StackState) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half_done = path.with_suffix(".half-done")
    half_done.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
    half_done.replace(path)


def read_state(path: Path) -> StackState | None:
    """The state that the last supervisor left; None when there was none. Ask `runs()` what is still true."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackState)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not what the supervisor writes: {error}; stop the stack and delete it") from error
