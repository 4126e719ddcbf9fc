"""Builds the bridge as one wheel without the gateway's dependencies. Downloads and installs nothing.

    .venv/bin/python scripts/build_bridge.py [FOLDER]

writes FOLDER/waybill_bridge-VERSION-py3-none-any.whl (default: dist).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("contract", "firmware_bridge")
# Of the project's own dependencies, those that a vehicle needs; their bounds are taken from pyproject.toml.
NEEDED = ("aiomqtt", "msgspec", "paho-mqtt", "pynmea2", "pyserial")
# To make the key of a unit that identifies itself by a certificate, when it enrols; running needs none of it.
FOR_CERTIFICATES = ("cryptography",)

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "waybill-bridge"
version = "{version}"
description = "From a GPS receiver to Waybill over MQTT, losing no fix."
license = "Apache-2.0"
requires-python = "{python}"
dependencies = {dependencies}

[project.optional-dependencies]
certificate = {certificate}

[project.scripts]
waybill-bridge = "firmware_bridge.main:main"

[tool.hatch.build.targets.wheel]
packages = {packages}
"""


def build(folder: Path) -> Path:
    """The wheel, made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="waybill-bridge-") as scratch:
        tree = Path(scratch)
        for package in PACKAGES:
            shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
        (tree / "pyproject.toml").write_text(_pyproject(), encoding="utf-8")
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tree / "out")]
        subprocess.run(command, cwd=tree, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (made,) = (tree / "out").glob("*.whl")
        return Path(shutil.copy(made, folder / made.name))


def _pyproject() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = {text.partition(">")[0]: text for text in project["dependencies"]}
    return _PYPROJECT.format(
        version=project["version"],
        python=project["requires-python"],
        dependencies=_list([bounds[name] for name in NEEDED]),
        certificate=_list([bounds[name] for name in FOR_CERTIFICATES]),
        packages=_list(PACKAGES),
    )


def _list(texts: list[str] | tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
