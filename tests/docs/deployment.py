"""Reads docker-compose.yml as Docker would, with an .env made by deploy/make-env.sh. Starts no container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.docs.documents import ROOT

Json = dict[str, Any]
# What `caddy hash-password` prints: Docker is not there when tests run.
HASH = "$2a$14$8Y0FZ74cbM3Pc3VSlsMf4u1OZA3Lwi5vrKaVyc5pIto3Zg0yuTx06"
PUBLIC_URL = "https://waybill.example.org"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<operator>:[?-])(?P<word>[^}]*))?\}")


def compose_text() -> str:
    return (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def compose(environ: dict[str, str] | None = None) -> Json:
    """The project, with the variables of `environ` filled in when it is given."""
    made: Json = yaml.safe_load(compose_text())
    filled = made if environ is None else _filled(made, environ)
    assert isinstance(filled, dict)
    return filled


def variables() -> dict[str, tuple[str | None, str]]:
    """Name -> (operator, word) of every variable that the project takes from .env."""
    uncommented = "\n".join(line.split("#", 1)[0] for line in compose_text().splitlines())
    return {match["name"]: (match["operator"], match["word"]) for match in _VARIABLE.finditer(uncommented)}


def make_env(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs deploy/make-env.sh on a copy in `folder`, with a `docker` on the path that only knows Caddy's hash."""
    (folder / "deploy").mkdir(exist_ok=True)
    shutil.copy(ROOT / ".env.example", folder)
    shutil.copy(ROOT / "deploy/make-env.sh", folder / "deploy")
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    docker = programs / "docker"
    docker.write_text(f"#!/bin/sh\nread -r password && test -n \"$password\" && echo '{HASH}'\n", encoding="utf-8")
    docker.chmod(0o755)
    environ = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    command = ["sh", str(folder / "deploy/make-env.sh"), PUBLIC_URL, "staff"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def read_env(path: Path) -> dict[str, str]:
    """Docker's reading of an .env file: what stands in single quotes is taken as it is."""
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    return {name: value.strip("'") for name, _, value in pairs}


def _filled(node: Any, environ: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, environ) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, environ) for value in node]
    return _VARIABLE.sub(lambda match: _value(match, environ), node) if isinstance(node, str) else node


def _value(match: re.Match[str], environ: dict[str, str]) -> str:
    value = environ.get(match["name"], "")
    if not value and match["operator"] == ":-":
        return match["word"]
    assert value or match["operator"] != ":?", f"{match['name']} is missing"
    return value
