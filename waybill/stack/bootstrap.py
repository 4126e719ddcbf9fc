"""Makes `.venv` with the locked packages, with nothing but Python's standard library. Starts nothing of Waybill."""

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "waybill-stamp.json"
LOCKS = {"product": "requirements.lock", "test": "requirements-dev.lock"}
_COLLECTED = re.compile(r"^(?:Collecting|Requirement already satisfied:) (\S+?)==")
_LINE_EVERY_S = 5.0
_HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class BootstrapError(Exception):
    """The environment could not be made."""


def main(arguments: list[str]) -> int:
    """`[--check] WORD`: makes what `./run WORD` needs, or only says by the exit code whether it is there."""
    check = "--check" in arguments
    kinds = ["product", "test"] if "test" in arguments else ["product"]
    if is_fresh(kinds):
        return 0
    if check:
        return 1
    try:
        _make(kinds)
    except (BootstrapError, OSError) as error:
        print(f"./run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("./run: interrupted; ./run again goes on where this ended", file=sys.stderr)
        return 130
    return 0


def is_fresh(kinds: list[str]) -> bool:
    """Whether `.venv` was made from these lock files, for this folder."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(stamp, dict) and all(stamp.get(kind) == digest(kind) for kind in kinds)


def digest(kind: str) -> str:
    """What decides whether `.venv` must be made again. The folder counts: scripts in `.venv` hold its path."""
    said = hashlib.sha256(os.fsencode(ROOT))
    for name in ("pyproject.toml", LOCKS[kind]):
        said.update((ROOT / name).read_bytes())
    return said.hexdigest()


def _make(kinds: list[str]) -> None:
    from waybill.stack.locks import held

    with held(ROOT / ".waybill/bootstrap.lock", lambda: _say("waiting: another ./run is setting up .venv")):
        if is_fresh(kinds):
            return
        started_s = time.monotonic()
        _say(f"setting up {VENV.relative_to(ROOT)} with Python {sys.version.split()[0]} (once)")
        if not _venv_works():
            with _step("environment"):
                _make_venv()
        if not _runs("-m", "pip", "--version"):
            with _step("pip"):
                _install_pip()
        for kind in kinds:
            with _step(f"packages of {LOCKS[kind]}"):
                _install(kind)
        with _step("Waybill itself"):
            _pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        STAMP.write_text(json.dumps({kind: digest(kind) for kind in kinds}), encoding="utf-8")
        _say(f"set up in {time.monotonic() - started_s:.0f} s")


def _venv_works() -> bool:
    """Whether `.venv` is of this Python and of this folder."""
    script = VENV / "bin/activate"
    if not script.is_file() or str(VENV) not in script.read_text(encoding="utf-8", errors="replace"):
        return False
    return _runs("-c", f"import sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})")


def _make_venv() -> None:
    try:
        import venv
    except ImportError as error:
        raise BootstrapError(
            f"this Python has no standard library ({error}); Debian: apt-get install python3"
        ) from error
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=False).create(VENV)


def _install_pip() -> None:
    # Debian takes ensurepip out of its python3 (it is in python3-venv, which a user without root cannot install).
    if importlib.util.find_spec("ensurepip") is not None and _runs("-m", "ensurepip"):
        return
    from waybill.stack.apt import AptError
    from waybill.stack.apt_sources import NoMirrorError
    from waybill.stack.servers import ensure

    try:
        tree = ensure("pip", _say)
    except (AptError, NoMirrorError) as error:
        raise BootstrapError(
            f"no pip in this Python, and none from Debian: {error}; or install python3-venv"
        ) from error
    packages = Path(_venv_python("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    with zipfile.ZipFile(next((tree / "usr/share/python-wheels").glob("pip-*.whl"))) as wheel:
        wheel.extractall(packages)
    if not _HOST_CERTIFICATES.is_file():
        _give_certificates(packages / "pip/_vendor/certifi/core.py", tree / "usr/share/ca-certificates")


def _give_certificates(certifi: Path, certificates: Path) -> None:
    # Debian's pip takes the host's certificates from one fixed place and does not even start without; a minimal
    # Debian has none, and installing them takes root. It gets those of Debian's package, from the same download.
    bundle = ROOT / ".waybill/ca-certificates.crt"
    bundle.write_bytes(b"\n".join(path.read_bytes() for path in sorted(certificates.rglob("*.crt"))))
    text = certifi.read_text(encoding="utf-8")
    if str(_HOST_CERTIFICATES) not in text:
        raise BootstrapError(f"{_HOST_CERTIFICATES} is missing and Debian's pip has changed; install ca-certificates")
    certifi.write_text(text.replace(str(_HOST_CERTIFICATES), str(bundle)), encoding="utf-8")


def _install(kind: str) -> None:
    lock = ROOT / LOCKS[kind]
    count = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if re.match(r"^[A-Za-z0-9]", line))
    # Python compiles what it imports; compiling everything at once takes a third of the whole set-up.
    _pip(
        "install",
        "--no-deps",
        "--no-compile",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--requirement",
        str(lock),
        count=count,
    )


def _pip(*arguments: str, count: int = 0) -> None:
    command: list[str | Path] = [
        VENV / "bin/python",
        "-m",
        "pip",
        "--no-input",
        "--disable-pip-version-check",
        *arguments,
    ]
    lines: list[str] = []
    seen, told_at_s = 0, time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if match := _COLLECTED.match(line):
                seen += 1
                if count and time.monotonic() - told_at_s > _LINE_EVERY_S:
                    told_at_s = time.monotonic()
                    _say(f"  {seen} of {count}: {match[1]}")
    if process.returncode != 0:
        raise BootstrapError(
            f"pip {arguments[0]} failed: {_last_lines(''.join(lines))}\nIs there a network? With a company's index or "
            "proxy set PIP_INDEX_URL, PIP_CERT, HTTPS_PROXY; ./run again goes on where this ended"
        )


def _runs(*arguments: str) -> bool:
    try:
        return _venv_python(*arguments).returncode == 0
    except OSError:
        return False


def _venv_python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [VENV / "bin/python", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip


@contextmanager
def _step(what: str) -> Iterator[None]:
    started_s = time.monotonic()
    _say(f"- {what}")
    yield
    _say(f"  done in {time.monotonic() - started_s:.1f} s")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _last_lines(text: str, count: int = 6) -> str:
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
