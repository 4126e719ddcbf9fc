"""One PostgreSQL with TimescaleDB from the private copy, in a folder of its own. Knows nothing of Waybill's tables."""

import os
import secrets
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from urllib.parse import quote

from waybill.stack import launch
from waybill.stack.places import make_folder, run_as, stand_in

OWNER = "waybill_owner"
HOST = "127.0.0.1"
# Recovery after a kill -9 replays at most max_wal_size; a slow laptop disk needs a minute for that.
_READY_PATIENCE_S = 120.0
# A killed server's last processes hold the shared memory for a moment; starting again before that is refused.
_PREDECESSOR_PATIENCE_S = 20.0
_PREDECESSOR_SIGNS = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')

_SETTINGS = """\
# Written by Waybill at each start; changes are lost.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''         # loopback with a password is the only way in
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = 'off'
max_locks_per_transaction = 256      # each chunk of a hypertable takes a lock
password_encryption = 'scram-sha-256'
max_connections = 100
max_worker_processes = 32            # TimescaleDB keeps one per database, tests have many databases
shared_buffers = '256MB'             # a laptop's share
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '1GB'
fsync = on                           # "committed" must mean that a pulled plug cannot undo it
synchronous_commit = on
jit = off                            # the private copy has no LLVM
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
"""


class PostgresError(Exception):
    """The database server cannot be used."""


class Postgres:
    """A database server on the loopback; `with` starts and stops it."""

    def __init__(self, data_dir: Path, port: int, password: str, servers: Path, *, log: Path | None = None) -> None:
        self._user = run_as()
        self._home = stand_in(data_dir, self._user)
        self._cluster = self._home / "cluster"
        self._password = password
        self._servers = servers
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self.log = log or data_dir / "postgres.log"
        self.port = port

    @property
    def data_dir(self) -> Path:
        """Where the data really lies; not what was asked for when the servers' user cannot reach that."""
        return self._home

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Makes the cluster when there is none, starts the server and waits until it takes connections."""
        if self.pid is not None:
            return
        self._wanted = True
        make_folder(self._home)
        if not (self._cluster / "PG_VERSION").is_file():
            self._make_cluster()
        self._write_settings()
        give_up_at_s = time.monotonic() + _PREDECESSOR_PATIENCE_S
        while not self._start_once():
            reason = launch.log_end(self.log)
            if not self._wanted:
                raise PostgresError("PostgreSQL was stopped while it started")
            if time.monotonic() > give_up_at_s or not any(sign in reason for sign in _PREDECESSOR_SIGNS):
                raise PostgresError(f"PostgreSQL did not start on port {self.port}; the end of {self.log}:\n{reason}")
            time.sleep(0.2)

    def stop(self, patience_s: float = 6.0) -> None:
        """Fast shutdown: clients are cut, everything committed is on disk; without it when patience ends (SIGQUIT)."""
        self._wanted = False
        if self._process is not None:
            launch.stop(self._process, (SIGINT, patience_s), (SIGQUIT, 1.0))

    def kill(self) -> None:
        """SIGKILL, as a pulled plug; for fault tests."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(SIGKILL)
            self._process.wait()

    def url(self, database: str = "postgres", user: str = OWNER, password: str | None = None) -> str:
        """A connection URL for libpq."""
        secret = self._password if password is None else password
        name, word = quote(user, safe=""), quote(secret, safe="")
        return f"postgresql://{name}:{word}@{HOST}:{self.port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> None:
        """Makes an empty database of the owner's unless there is one of that name."""
        program = self._program([self._binary("createdb"), "-h", HOST, "-p", str(self.port), "-U", OWNER, "-w", name])
        try:
            launch.run(replace(program, environ={**program.environ, "PGPASSWORD": self._password}))
        except launch.LaunchError as error:
            if "already exists" not in str(error):
                raise

    def version(self) -> str:
        """What runs, as `17.11`."""
        words = launch.run(self._program([self._binary("postgres"), "--version"])).split()
        return words[2]

    def edition(self) -> str:
        """`community` or `apache`: TimescaleDB's licence decides about compression and jobs; Debian packages Apache."""
        modules = self._servers / "usr/lib/postgresql/17/lib"
        return "community" if any(modules.glob("timescaledb-tsl-*.so")) else "apache"

    def remove(self) -> None:
        """Deletes the cluster, wherever it lies."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()

    def _start_once(self) -> bool:
        process = self._process = launch.start(self._program([self._binary("postgres"), "-D", self._cluster]))
        if launch.wait_until(lambda: self._says_ready(process.pid), process, patience_s=_READY_PATIENCE_S):
            return True
        launch.stop(process, (SIGINT, 6.0), (SIGQUIT, 2.0))
        return False

    def _says_ready(self, pid: int) -> bool:
        # The postmaster writes its state into line 8 of its lock file (miscadmin.h, LOCK_FILE_LINE_PM_STATUS); its own
        # pid in line 1 tells our server from an older one.
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, UnicodeDecodeError):
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _make_cluster(self) -> None:
        if not Path("/usr/share/zoneinfo/UTC").exists():
            raise PostgresError("this machine has no time zones; install the package tzdata")
        half_done = self._home / "cluster.half-done"
        shutil.rmtree(half_done, ignore_errors=True)
        make_folder(half_done, mode=0o700, owner=self._user)
        secret = half_done.with_name(f"password.{secrets.token_hex(8)}")
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, self._password.encode())
            if self._user is not None:
                os.fchown(descriptor, self._user.uid, self._user.gid)
            launch.run(self._program([
                self._binary("initdb"), "-D", half_done, "--username", OWNER, "--pwfile", secret,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
                "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--data-checksums",
            ]))  # fmt: skip
        finally:
            os.close(descriptor)
            secret.unlink(missing_ok=True)
        with (half_done / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude = 'waybill.conf'\n")
        half_done.replace(self._cluster)

    def _write_settings(self) -> None:
        path = self._cluster / "waybill.conf"
        path.write_text(_SETTINGS.format(host=HOST, port=self.port), encoding="utf-8")
        path.chmod(0o644)

    def _program(self, command: list[str | Path]) -> launch.Program:
        environ = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
            # The host may have no locale at all; the private libc's package brings C.UTF-8.
            "LOCPATH": str(self._servers / "usr/lib/locale"),
        }
        return launch.Program(
            command=command, log=self.log, environ=environ, dies_by=SIGINT, user=self._user, cwd=self._home
        )

    def _binary(self, name: str) -> Path:
        return self._servers / "usr/lib/postgresql/17/bin" / name
