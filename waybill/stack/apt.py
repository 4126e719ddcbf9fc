"""Fetches Debian 13 packages through an apt state of its own. Never touches the packages of the system."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill.stack.apt_sources import OTHER_WAYS, WITHOUT_APT, mirrors

Progress = Callable[[str], None]

SUITE = "trixie"
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
# The host's way to its mirror (proxies, certificates, snapshot archives without a date check) is taken over;
# its hooks and clean-up rules are not.
_KEPT_SETTINGS = re.compile(r"^Acquire::(http|https|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])\b.*;$")
_INSTALL_LINE = re.compile(r"^Inst (?P<name>\S+) (?:\[\S+\] )?\((?P<version>\S+)")
_NEXT_LINE_AFTER_S = 2.0
# States whose lists this process has fetched: one start may want several bundles.
_REFRESHED: set[Path] = set()


class AptError(Exception):
    """The packages could not be had."""


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str


class PrivateApt:
    """An apt state below one folder: own lists, own cache, a dpkg status that says nothing is installed."""

    def __init__(self, state: Path, progress: Progress, environ: Mapping[str, str] | None = None) -> None:
        self._state = state.resolve()
        self._progress = progress
        self._environ = dict(os.environ if environ is None else environ)
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise AptError(
                    f"{tool} is not on this machine, so there is no private copy of the servers: {WITHOUT_APT}"
                )

    def refresh(self) -> None:
        """Fetches the package lists, trying the host's mirrors in turn; without a network older lists will do."""
        if self._state in _REFRESHED:
            return
        complaints = []
        for mirror in mirrors(self._environ):
            self._progress(f"package lists of Debian 13 ({SUITE}) from {mirror}")
            self._configure(mirror)
            done = self._run(["apt-get", "update", "--error-on=any"])
            if done.returncode == 0:
                _REFRESHED.add(self._state)
                return
            complaints.append(f"{mirror}: {_last_lines(done.stderr)}")
        if any((self._state / "lists").glob("*_Packages*")):
            self._progress(f"no fresh package lists ({'; '.join(complaints)}); going on with those of an earlier run")
            return
        raise AptError("no package lists of Debian 13 from " + "; ".join(complaints) + f". Way out: {OTHER_WAYS}")

    def resolve(self, names: Iterable[str]) -> list[Package]:
        """The packages that `names` need on an empty system, with versions."""
        done = self._run(["apt-get", "install", "--simulate", "--no-install-recommends", *names])
        if done.returncode != 0:
            raise AptError(f"apt cannot resolve {' '.join(names)}: {_last_lines(done.stderr or done.stdout)}")
        matches = (_INSTALL_LINE.match(line) for line in done.stdout.splitlines())
        return [Package(match["name"], match["version"]) for match in matches if match]

    def download(self, packages: Iterable[Package], label: str) -> list[Path]:
        """Fetches and verifies the packages' files; what an earlier run has fetched is not fetched again."""
        archives = self._state / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        wanted = {package: archives / _file_name(package) for package in packages}
        missing = [package for package, path in wanted.items() if not path.is_file()]
        if missing:
            self._fetch(missing, label)
        return list(wanted.values())

    def _fetch(self, packages: list[Package], label: str) -> None:
        # apt writes half-done files under their final names; they move to `archives` only when apt says all is well.
        partial = self._state / "partial"
        partial.mkdir(parents=True, exist_ok=True)
        names = [f"{package.name}={package.version}" for package in packages]
        reader, writer = os.pipe()
        command = ["apt-get", "download", "-q", "-o", f"APT::Status-Fd={writer}", *names]
        with subprocess.Popen(
            command, cwd=partial, env=self._env(), pass_fds=[writer], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            os.close(writer)
            with os.fdopen(reader, encoding="utf-8", errors="replace") as status:
                self._tell(status, label, len(packages))
            _, errors = process.communicate()
        if process.returncode != 0:
            raise AptError(f"download of {label} failed: {_last_lines(errors)}. Start again to go on from there")
        for package in packages:
            # `name_version_architecture.deb`; half-done files of other packages, from an earlier run, stay.
            (path,) = partial.glob(_file_name(package).removesuffix(".deb") + "_*.deb")
            path.replace(self._state / "archives" / _file_name(package))

    def _tell(self, status: Iterable[str], label: str, count: int) -> None:
        told_at_s = time.monotonic()
        for line in status:
            parts = line.strip().split(":")
            if parts[0] != "dlstatus" or len(parts) < 3 or time.monotonic() - told_at_s < _NEXT_LINE_AFTER_S:
                continue
            told_at_s = time.monotonic()
            self._progress(f"{label}: {float(parts[2]):.0f} % of {count} packages downloaded")

    def _configure(self, mirror: str) -> None:
        state = self._state
        (state / "none.d").mkdir(parents=True, exist_ok=True)
        (state / "lists/partial").mkdir(parents=True, exist_ok=True)
        (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        (state / "status").write_text("", encoding="utf-8")
        (state / "sources.list").write_text(f"deb [signed-by={_keyring()}] {mirror} {SUITE} main\n", encoding="utf-8")
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
        kept = [line for line in dump.splitlines() if _KEPT_SETTINGS.match(line)]
        (state / "apt.conf").write_text("\n".join([*_own_settings(state), *kept, ""]), encoding="utf-8")

    def _run(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self._env(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def _env(self) -> dict[str, str]:
        return {**self._environ, "APT_CONFIG": str(self._state / "apt.conf"), "LC_ALL": "C.UTF-8"}


def unpack(archives: list[Path], target: Path, label: str, progress: Progress) -> None:
    """Unpacks each archive below `target`, without running any of the packages' scripts."""
    target.mkdir(parents=True)
    target.chmod(0o755)
    for link in ("bin", "sbin", "lib", "lib64"):  # Debian 13 has these as links, in a package we may not have
        (target / "usr" / link).mkdir(parents=True)
        (target / link).symlink_to(f"usr/{link}")
    told_at_s = time.monotonic()
    for number, archive in enumerate(archives, 1):
        done = subprocess.run(["dpkg-deb", "-x", archive, target], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            archive.unlink(missing_ok=True)
            raise AptError(f"{archive.name} does not unpack ({_last_lines(done.stderr)}); removed it, start again")
        if time.monotonic() - told_at_s >= _NEXT_LINE_AFTER_S:
            told_at_s = time.monotonic()
            progress(f"{label}: {number} of {len(archives)} packages unpacked")


def _own_settings(state: Path) -> list[str]:
    settings = {
        "Dir::Etc::Main": state / "none",
        "Dir::Etc::Parts": state / "none.d",
        "Dir::Etc::SourceList": state / "sources.list",
        "Dir::Etc::SourceParts": state / "none.d",
        "Dir::Etc::Preferences": state / "none",
        "Dir::Etc::PreferencesParts": state / "none.d",
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Dir::Cache::Archives": state / "cache/archives",
        "Dir::Log": state,
        # apt's own user cannot write below a private folder, and the packages are checked by signature either way.
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        "APT::Install-Recommends": "false",
        "APT::Get::AllowUnauthenticated": "false",
        "Acquire::Languages": "none",
        "Acquire::PDiffs": "false",
        "Acquire::Retries": "3",
    }
    return [f'{name} "{value}";' for name, value in settings.items()]


def _keyring() -> Path:
    for folder in (Path("/usr/share/keyrings"), Path("/etc/apt/keyrings")):
        for name in _KEYRINGS:
            if (folder / name).is_file():
                return folder / name
    raise AptError(
        f"the Debian archive keyring is missing (package debian-archive-keyring); install it, or {WITHOUT_APT}"
    )


def _file_name(package: Package) -> str:
    return f"{package.name}_{package.version.replace(':', '%3a')}.deb"


def _last_lines(text: str, count: int = 3) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "no message"
