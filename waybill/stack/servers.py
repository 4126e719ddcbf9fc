"""The private copy of server programs: fetched once, unpacked, made to run. Starts none of them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from waybill.stack import elf
from waybill.stack.apt import Package, PrivateApt, unpack
from waybill.stack.locks import held
from waybill.stack.places import private_root

Progress = Callable[[str], None]

STAMP = "waybill-packages.json"
# Raised when what is kept of a package changes, so that older unpacked copies are made again.
_LAYOUT = 2
_LEFT_OUT_FOLDERS = (
    "usr/share/man", "usr/share/doc", "usr/share/doc-base", "usr/share/locale", "usr/share/info", "usr/share/lintian",
    "usr/share/bug", "usr/share/i18n", "usr/share/perl", "usr/share/postgresql-common", "usr/include", "etc", "var",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is fetched together for one purpose."""

    packages: tuple[str, ...]
    # Beginnings of names of packages that the wanted programs never load: 60 of 98 MB for PostgreSQL.
    left_out: tuple[str, ...] = ()
    # Programs to be made independent of the host's libc.
    programs: tuple[str, ...] = ()


_MAINTAINER_SCRIPT_TOOLS = (
    "perl", "libperl", "liberror-perl", "libipc-run-perl", "libio-pty-perl", "libjson-perl", "libtext-", "debconf",
    "libdebconf", "passwd", "login.defs", "adduser", "procps", "ucf", "sensible-utils", "init-system-helpers",
    "sysvinit-utils", "ssl-cert", "netbase", "base-passwd", "libdb5.3", "libgdbm",
)  # fmt: skip

BUNDLES: dict[str, Bundle] = {
    "postgres": Bundle(
        ("postgresql-17-timescaledb",),
        # LLVM is only for just-in-time compilation, which is switched off; locales only for languages we do not set.
        (
            *_MAINTAINER_SCRIPT_TOOLS,
            "libllvm",
            "libz3",
            "locales",
            "libc-l10n",
            "postgresql-common",
            "postgresql-client-common",
        ),
        ("usr/lib/postgresql/17/bin/*",),
    ),
    "mosquitto": Bundle(
        ("mosquitto", "mosquitto-clients"),
        _MAINTAINER_SCRIPT_TOOLS,
        ("usr/sbin/mosquitto", "usr/bin/mosquitto*"),
    ),
    "gpsd": Bundle(
        ("gpsd", "gpsd-clients"),
        # Its graphical clients and those in Python are not used.
        (
            *_MAINTAINER_SCRIPT_TOOLS,
            "python3",
            "libpython",
            "gir1.2",
            "libgtk",
            "gtk",
            "adwaita",
            "hicolor",
            "fonts-",
            "systemd",
            "libsystemd-shared",
            "dbus",
            "libllvm",
            "libz3",
            "mesa-",
            "libgstreamer",
            "shared-mime-info",
            "dconf",
        ),
        ("usr/sbin/gpsd", "usr/bin/gps*"),
    ),
    "chromium": Bundle(
        # libatomic1 is for playwright's own Node.js, see chromium.py.
        ("chromium", "fonts-dejavu-core", "libatomic1"),
        # Headless it draws without a graphics card and without GTK: a third of the download.
        (
            *_MAINTAINER_SCRIPT_TOOLS,
            "libllvm",
            "libz3",
            "mesa-",
            "libgtk-3",
            "gtk-",
            "adwaita",
            "hicolor",
            "systemd",
            "libsystemd-shared",
            "libpam",
            "dbus",
            "xdg-",
            "x11-",
            "shared-mime-info",
            "libgdk-pixbuf",
            "dconf",
        ),
        ("usr/lib/chromium/chrom*",),
    ),
    # Two things of it are used, both plain files: pip's wheel, and the certificates where the host has none.
    "pip": Bundle(("python3-pip-whl", "ca-certificates"), (*_MAINTAINER_SCRIPT_TOOLS, "libc6", "libssl", "openssl")),
}


def ensure(bundle: str, progress: Progress) -> Path:
    """The folder with the programs of `bundle`, made first when it is not there or not whole."""
    root = private_root()
    target = root / "servers" / bundle
    if _is_whole(target, bundle):
        return target
    waiting = f"waiting: another start is preparing {bundle}"
    with held(root / "servers.lock", lambda: progress(waiting)):
        if not _is_whole(target, bundle):
            _make(bundle, root, target, progress)
    return target


def versions(bundle: str) -> dict[str, str]:
    """Package versions of the private copy of `bundle`; empty when there is none."""
    target = private_root() / "servers" / bundle
    if not _is_whole(target, bundle):
        return {}
    recorded = json.loads((target / STAMP).read_text(encoding="utf-8"))["packages"]
    return {str(name): str(version) for name, version in recorded.items()}


def _is_whole(target: Path, bundle: str) -> bool:
    try:
        stamp = json.loads((target / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    # Interpreter and search path are absolute, so a copy that was moved is not whole.
    return {name: stamp.get(name) for name in ("path", "wanted", "layout")} == _identity(target, bundle)


def _identity(target: Path, bundle: str) -> dict[str, object]:
    return {"path": str(target), "wanted": list(BUNDLES[bundle].packages), "layout": _LAYOUT}


def _make(name: str, root: Path, target: Path, progress: Progress) -> None:
    bundle = BUNDLES[name]
    apt = PrivateApt(root / "apt", progress)
    apt.refresh()
    packages = [package for package in apt.resolve(bundle.packages) if not package.name.startswith(bundle.left_out)]
    progress(f"{name}: {len(packages)} packages")
    archives = apt.download(packages, name)
    half_done = target.with_name(f"{name}.half-done")
    shutil.rmtree(half_done, ignore_errors=True)
    half_done.parent.mkdir(parents=True, exist_ok=True)
    unpack(archives, half_done, name, progress)
    for folder in _LEFT_OUT_FOLDERS:
        shutil.rmtree(half_done / folder, ignore_errors=True)
    _leave_only(half_done, bundle.programs)
    if bundle.programs:
        elf.patch(half_done, target, bundle.programs)
    _write_stamp(half_done, _identity(target, name), packages)
    _swap(half_done, target)
    progress(f"{name}: ready in {target}")


def _leave_only(tree: Path, programs: tuple[str, ...]) -> None:
    """Deletes programs that nobody asked for, and takes every right to become another user (mount, unix_chkpwd)."""
    wanted = {path for pattern in programs for path in tree.glob(pattern)}
    for path in (*tree.glob("usr/bin/*"), *tree.glob("usr/sbin/*")):
        if path not in wanted and not path.is_dir():
            path.unlink()
    for path in tree.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o777)


def _write_stamp(tree: Path, identity: dict[str, object], packages: list[Package]) -> None:
    recorded = {package.name: package.version for package in packages}
    path = tree / STAMP
    path.write_text(json.dumps({**identity, "packages": recorded}, indent=1), encoding="utf-8")


def _swap(new: Path, target: Path) -> None:
    # A running server keeps its open files; only the name moves.
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.replace(old)
    new.replace(target)
    shutil.rmtree(old, ignore_errors=True)
