"""One Mosquitto from the private copy, in a folder of its own, with production's configuration. Manages no devices."""

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM

from waybill.stack import launch
from waybill.stack.broker_tls import TlsListeners, with_tls
from waybill.stack.dynamic_security import ADMIN, GATEWAY, StoreError, prepare_store
from waybill.stack.places import checkout, make_folder, run_as, stand_in

HOST = "127.0.0.1"
_READY_PATIENCE_S = 30.0
# An MQTT 3.1.1 CONNECT without a name, and the refusal "not authorised" that our configuration must give to it:
# it shows that the port is a broker's and that nobody gets in unnamed, and disturbs no session.
_ANONYMOUS_CONNECT = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x0a\x00\x06waybil"
_UNREADABLE_STATE = "Unable to restore persistent database"
_REFUSED = b"\x20\x02\x00\x05"


class BrokerError(Exception):
    """The broker cannot be used."""


class Broker:
    """A broker on the loopback; `with` starts and stops it."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        servers: Path,
        *,
        admin_password: str,
        gateway_password: str,
        log: Path | None = None,
        tls: TlsListeners | None = None,
    ) -> None:
        self._user = run_as()
        self._home = stand_in(data_dir, self._user)
        self._passwords = {ADMIN: admin_password, GATEWAY: gateway_password}
        self._servers = servers
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        self.log = log or data_dir / "broker.log"
        self.told: str | None = None  # what the last start had to do that somebody should know
        self.host = HOST
        self.port = port

    @property
    def data_dir(self) -> Path:
        """Where the data really lies; not what was asked for when the servers' user cannot reach that."""
        return self._home

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Writes the configuration, starts the broker and waits until it refuses an anonymous client."""
        if self.pid is not None:
            return
        state = make_folder(self._home / "state", mode=0o700, owner=self._user)
        try:
            self.told = prepare_store(state / "dynamic-security.json", self._passwords)
        except StoreError as error:
            raise BrokerError(str(error)) from error
        shutil.copyfile(checkout() / "broker.acl", state / "broker.acl")
        text = (checkout() / "mosquitto.conf").read_text(encoding="utf-8")
        conf = local_conf(text, self._local_lines(state))
        if self._tls is not None:
            conf = with_tls(conf, self._tls.bring(state), HOST)
        (state / "mosquitto.conf").write_text(conf, encoding="utf-8")
        for path in state.iterdir():
            path.chmod(0o600)
            if self._user is not None:
                os.chown(path, self._user.uid, self._user.gid)
        process = self._process = launch.start(self._program(state))
        if not launch.wait_until(self._refuses_anonymous, process, patience_s=_READY_PATIENCE_S):
            launch.stop(process, (SIGTERM, 2.0))
            reason = launch.log_end(self.log)
            if _UNREADABLE_STATE in reason:
                aside = (
                    f"; {state / 'mosquitto.db'} cannot be read: move it away, and see docs/operations.md for the cost"
                )
                raise BrokerError(f"Mosquitto did not start on port {self.port}{aside}:\n{reason}")
            raise BrokerError(f"Mosquitto did not start on port {self.port}; the end of {self.log}:\n{reason}")

    def stop(self, patience_s: float = 5.0) -> None:
        """Clean stop: sessions, queues and retained messages are written out."""
        if self._process is not None:
            launch.stop(self._process, (SIGTERM, patience_s))

    def kill(self) -> None:
        """SIGKILL: what came since the last save is gone; for fault tests."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(SIGKILL)
            self._process.wait()

    def version(self) -> str:
        """What runs, as `2.0.21`."""
        done = subprocess.run([self._binary(), "-h"], capture_output=True, text=True, check=False)
        return done.stdout.split()[2]

    def remove(self) -> None:
        """Deletes the broker's state, wherever it lies."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()

    def _local_lines(self, state: Path) -> dict[str, str]:
        plugin = next(self._servers.glob("usr/lib/*/mosquitto_dynamic_security.so"))
        return {
            "listener": f"{self.port} {HOST}",
            "plugin": str(plugin),
            "plugin_opt_config_file": str(state / "dynamic-security.json"),
            "acl_file": str(state / "broker.acl"),
            "persistence_location": f"{state}/",
        }

    def _refuses_anonymous(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0) as line:
                line.sendall(_ANONYMOUS_CONNECT)
                return line.recv(4) == _REFUSED
        except OSError:
            return False

    def _program(self, state: Path) -> launch.Program:
        environ = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        command: list[str | Path] = [self._binary(), "-c", state / "mosquitto.conf"]
        return launch.Program(
            command=command, log=self.log, environ=environ, dies_by=SIGTERM, user=self._user, cwd=state
        )

    def _binary(self) -> Path:
        return self._servers / "usr/sbin/mosquitto"


def local_conf(text: str, local: Mapping[str, str]) -> str:
    """Production's configuration with the values of `local` in place of its own; every other line stays as it is."""
    unused = dict(local)
    lines = []
    for line in text.splitlines():
        name = line.split(" ", 1)[0]
        lines.append(f"{name} {unused.pop(name)}" if name in unused else line)
    if unused:
        raise BrokerError(f"mosquitto.conf has no line for {', '.join(unused)}; it was there when this was written")
    return "\n".join(lines) + "\n"
