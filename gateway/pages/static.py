"""Files that pages load beside themselves, each under a name that changes with its content. Serves none."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import msgspec

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class StaticFile(msgspec.Struct, frozen=True):
    """One file as it goes out."""

    name: str  # with its digest: page.3f2a….css
    media_type: str
    body: bytes


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file by the name that it goes out under."""
    found = (_read(path.name, path.read_bytes()) for path in files("gateway.pages").joinpath("static").iterdir())
    return {one.name: one for one in found}


@cache
def static_name(name: str) -> str:
    """The name that the file `name` goes out under now."""
    stem, _, ending = name.rpartition(".")
    beginning = f"{stem}."
    return next(one for one in static_files() if one.startswith(beginning) and one.endswith(f".{ending}"))


def _read(name: str, body: bytes) -> StaticFile:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(body).hexdigest()[:16]
    return StaticFile(f"{stem}.{digest}.{ending}", _TYPES[ending], body)
