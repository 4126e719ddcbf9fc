"""Database and broker for one data folder: those that the environment names, else the private copy. Makes no table."""

import fcntl
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from waybill.stack import broker_tls
from waybill.stack.broker import Broker
from waybill.stack.broker_tls import TlsListeners
from waybill.stack.installation import FILE_NAME, Value, keep_values, new_secret, read_values
from waybill.stack.places import run_as, stand_in
from waybill.stack.ports import Ports
from waybill.stack.postgres import HOST, OWNER, Postgres
from waybill.stack.process_state import read_state
from waybill.stack.processes import STATE_FILE, Supervisor
from waybill.stack.servers import ensure

Progress = Callable[[str], None]

# Role of the database by the setting that holds its address. Everybody but the owner gets rights by migration.
ROLES = {
    "database_owner_url": OWNER,
    "database_url": "waybill_gateway",
    "database_reader_url": "waybill_reader",
    "database_retention_url": "waybill_retention",
}
DATABASE = "waybill"
# Not 5432: a newcomer's own PostgreSQL is there. 1883 is what MQTT tools take without being told.
MONITORED = {"gateway_metrics_port": 9301, "worker_metrics_port": 9302}
_PREFERRED_PORTS = {"database": 5433, "broker_port": 1883, "api_port": 8080, "dashboard_port": 8501, **MONITORED}


class StackError(Exception):
    """The one-machine stack cannot start."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where database and broker are. The values are also in the folder's waybill.toml or in the environment."""

    database_owner_url: str
    broker_host: str
    broker_port: int
    # None: the server was named by the environment and is not ours to start or stop.
    postgres: Postgres | None
    broker: Broker | None


class Stack:
    """One data folder in use by this process; `with` stops everything that was started through it."""

    def __init__(self, data_dir: Path, report: Progress, environ: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self._environ = dict(os.environ if environ is None else environ)
        self._lock = -1
        self.ports = Ports()
        self.supervisor = Supervisor(self.data_dir / "run", report)

    def __enter__(self) -> "Stack":
        self._take_folder()
        return self

    def __exit__(self, *_why: object) -> None:
        try:
            self.supervisor.stop()
        finally:
            self.ports.close()
            os.close(self._lock)

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    def start_servers(self, progress: Progress) -> Servers:
        """Starts what the environment does not name, and gives the addresses of all."""
        self.logs.mkdir(parents=True, exist_ok=True)
        keep_values(self.data_dir, {"data_dir": "."})
        postgres, owner_url = self._database(progress)
        broker, host, port = self._broker(progress)
        return Servers(owner_url, host, port, postgres, broker)

    def start_database(self, progress: Progress) -> None:
        """Starts the database alone, so that no device comes in; its addresses are in the folder's waybill.toml."""
        self.logs.mkdir(parents=True, exist_ok=True)
        keep_values(self.data_dir, {"data_dir": "."})
        self._database(progress)

    def port(self, setting: str) -> int:
        """The port for `api_port` or `dashboard_port`: the folder's own, else the next free; kept for next time."""
        kept = read_values(self.data_dir).get(setting)
        port = self.ports.claim(kept if isinstance(kept, int) else _PREFERRED_PORTS[setting])
        keep_values(self.data_dir, {setting: port})
        return port

    def child_environ(self) -> dict[str, str]:
        """The environment for a process of this installation."""
        return {**self._environ, "WAYBILL_CONFIG": str(self.data_dir / FILE_NAME), "PYTHONUNBUFFERED": "1"}

    def _database(self, progress: Progress) -> tuple[Postgres | None, str]:
        named = {setting: self._environ.get(f"WAYBILL_{setting.upper()}", "") for setting in ROLES}
        if any(named.values()):
            missing = [f"WAYBILL_{setting.upper()}" for setting, value in named.items() if not value]
            if missing:
                raise StackError(
                    f"the environment names a database, but not as every role; missing: {', '.join(missing)}"
                )
            progress("database: the one that the environment names")
            return None, named["database_owner_url"]
        servers = ensure("postgres", progress)
        port, passwords = self._database_values()
        postgres = Postgres(
            self.data_dir / "pg", port, passwords[OWNER], servers, log=self.logs / "postgres.log"
        )  # fmt: skip
        _tell_place("the database", self.data_dir / "pg", postgres.data_dir, progress)
        urls: dict[str, Value] = {
            setting: postgres.url(DATABASE, role, passwords[role]) for setting, role in ROLES.items()
        }
        keep_values(self.data_dir, urls)
        self.supervisor.start("database", postgres, port)
        postgres.create_database(DATABASE)
        progress(f"database: PostgreSQL {postgres.version()}, TimescaleDB {postgres.edition()} edition, port {port}")
        return postgres, str(urls["database_owner_url"])

    def _database_values(self) -> tuple[int, dict[str, str]]:
        kept = read_values(self.data_dir)
        parts = {role: urlsplit(str(kept.get(setting, ""))) for setting, role in ROLES.items()}
        passwords = {role: part.password or new_secret() for role, part in parts.items()}
        return self.ports.claim(parts[OWNER].port or _PREFERRED_PORTS["database"], HOST), passwords

    def _broker(self, progress: Progress) -> tuple[Broker | None, str, int]:
        if host := self._environ.get("WAYBILL_BROKER_HOST"):
            needed = ("WAYBILL_BROKER_PASSWORD", "WAYBILL_BROKER_ADMIN_PASSWORD")
            if missing := [name for name in needed if not self._environ.get(name)]:
                raise StackError(f"the environment names a broker, but not {', '.join(missing)}")
            progress(f"broker: {host}, as the environment says")
            return None, host, int(self._environ.get("WAYBILL_BROKER_PORT", "1883"))
        servers = ensure("mosquitto", progress)
        kept = read_values(self.data_dir)
        wanted = kept.get("broker_port", _PREFERRED_PORTS["broker_port"])
        port = self.ports.claim(wanted if isinstance(wanted, int) else _PREFERRED_PORTS["broker_port"])
        gateway = str(kept.get("broker_password") or new_secret())
        admin = str(kept.get("broker_admin_password") or new_secret())
        tls = self._tls(kept)
        broker = Broker(
            self.data_dir / "broker", port, servers,
            admin_password=admin, gateway_password=gateway, log=self.logs / "broker.log", tls=tls,
        )  # fmt: skip
        values: dict[str, Value] = {
            "broker_host": broker.host,
            "broker_port": port,
            "broker_password": gateway,
            "broker_admin_password": admin,
        }
        keep_values(self.data_dir, values)
        self.supervisor.start("broker", broker, port)
        progress(f"broker: Mosquitto {broker.version()}, port {port}")
        if broker.told is not None:
            progress(f"broker: {broker.told}")
        if tls is not None:
            progress(f"broker: TLS on port {tls.password_port}, for certificates on port {tls.certificate_port}")
        return broker, broker.host, port

    def _tls(self, kept: Mapping[str, Value]) -> TlsListeners | None:
        """The broker's TLS listeners when `waybill broker certificates` was called for this folder."""
        folder = self.data_dir / broker_tls.FOLDER
        if not broker_tls.complete(folder):
            return None
        wanted = kept.get("device_broker_certificate_port", broker_tls.CERTIFICATE_PORT)
        certificate_port = self.ports.claim(wanted if isinstance(wanted, int) else broker_tls.CERTIFICATE_PORT)
        values: dict[str, Value] = {
            "device_ca_dir": broker_tls.FOLDER,
            "device_broker_tls_ca": f"{broker_tls.FOLDER}/device-ca.pem",
            "device_broker_certificate_port": certificate_port,
        }
        keep_values(self.data_dir, values)
        return TlsListeners(self.ports.claim(broker_tls.PASSWORD_PORT), certificate_port, folder)

    def _take_folder(self) -> None:
        run_dir = self.data_dir / "run"
        run_dir.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            state = read_state(run_dir / STATE_FILE)
            who = f" (process {state.supervisor})" if state is not None else ""
            raise StackError(
                f"{self.data_dir} is in use by another waybill{who}; end that one, or take another --data-dir"
            ) from None


def in_use(data_dir: Path) -> bool:
    """Whether a stack runs on `data_dir` now."""
    state = read_state(data_dir / "run" / STATE_FILE)
    return state is not None and state.runs()


def remove_server_data(data_dir: Path) -> None:
    """Deletes database and broker state of `data_dir`, also where they lie elsewhere because of file rights."""
    if in_use(data_dir):
        raise StackError(f"{data_dir} is in use; end that waybill first")
    for name in ("pg", "broker"):
        folder = data_dir / name
        shutil.rmtree(stand_in(folder, run_as()), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _tell_place(what: str, wanted: Path, place: Path, progress: Progress) -> None:
    if place != wanted.resolve():
        progress(f"{what} lies in {place}: servers do not run as root, and their user cannot enter {wanted}")
