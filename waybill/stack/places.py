"""Where the one-machine stack keeps its copy of the servers, and as whom they run. Creates nothing but folders."""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

# PostgreSQL refuses to run as root, and a broker that speaks to the network has no business being root. `nobody`
# is the one unprivileged user that every Debian system has without installing anything.
UNPRIVILEGED_USER = "nobody"


class PlaceError(Exception):
    """A folder of the stack cannot be used."""


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user that servers run as; None means: as we are."""

    uid: int
    gid: int
    name: str


def run_as() -> RunAs | None:
    """Whom servers run as: an unprivileged user when we are root, otherwise ourselves."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    return RunAs(entry.pw_uid, entry.pw_gid, entry.pw_name)


def checkout() -> Path:
    """The folder that holds the checkout, or the working folder when Waybill was installed from a wheel."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() else Path.cwd()


def reachable(path: Path, user: RunAs | None) -> bool:
    """Whether `user` can walk to `path`, which need not exist yet."""
    if user is None:
        return True
    return all(_may_enter(folder, user) for folder in (path, *path.parents) if folder.is_dir())


def _may_enter(folder: Path, user: RunAs) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def private_root() -> Path:
    """Where servers and apt's state lie: `.waybill` in the checkout, else a place that the servers' user reaches."""
    return stand_in(checkout() / ".waybill", run_as())


def stand_in(wanted: Path, user: RunAs | None) -> Path:
    """`wanted` itself, or a folder in /var/tmp that stands for it when `user` cannot reach it (below /root, say)."""
    wanted = wanted.resolve()
    if reachable(wanted, user):
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted)).hexdigest()[:12]
    # /var/tmp and not /tmp: the database lies here and must outlive a reboot. Whoever made the folder owns what we
    # execute from it, so a folder that somebody else put there first is refused below.
    place = Path("/var/tmp") / f"waybill-{digest}"  # noqa: S108
    place.mkdir(mode=0o755, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != os.geteuid():
        raise PlaceError(f"{place} belongs to somebody else; remove it, or put the checkout where others can enter")
    return place


def make_folder(path: Path, *, mode: int = 0o755, owner: RunAs | None = None) -> Path:
    """Makes `path` (and its parents) with `mode`, given to `owner` when there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=mode, exist_ok=True)
    path.chmod(mode)
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)
    return path
