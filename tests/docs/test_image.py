"""Dockerfile and Caddyfile against the tree, the lock file and the services; the wheel against the packages."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

from tests.docs.deployment import compose
from tests.docs.documents import ROOT, tracked_files
from waybill.configuration import ABOUT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CADDYFILE = (ROOT / "deploy/Caddyfile").read_text(encoding="utf-8")
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
    "wheel"
]["packages"]


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    }

    assert {name for name in copied() if not (ROOT / name).exists()} == set()
    assert set(copied()) == allowed
    assert set(PACKAGES) <= set(copied())


def test_packages_are_locked_with_hashes_and_nobody_is_root() -> None:
    assert "--no-deps --require-hashes --only-binary :all: -r /src/requirements.lock" in DOCKERFILE
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for entry in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    # What builds our own wheel must be in the lock too, because nothing else is fetched.
    assert re.search(r"^hatchling==", lock, re.MULTILINE)
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["waybill"]
    assert {name.lower() for name in re.findall(r"WAYBILL_(\w+)=", DOCKERFILE)} <= set(ABOUT)
    python = re.findall(r"^FROM python:3\.(\d+)-slim-trixie", DOCKERFILE, re.MULTILINE)
    assert len(python) == 2
    assert len(set(python)) == 1
    assert int(python[0]) >= 11


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    of_packages = {
        str(path.relative_to(ROOT)) for path in tracked_files() if path.relative_to(ROOT).parts[0] in PACKAGES
    }

    assert of_packages - inside == set()


def test_caddy_leads_to_services_and_their_ports() -> None:
    services = compose()["services"]
    upstreams = dict(re.findall(r"reverse_proxy (\w+):(\d+)", CADDYFILE))

    assert upstreams == {
        "api": services["api"]["environment"]["WAYBILL_API_PORT"],
        "dashboard": services["dashboard"]["environment"]["WAYBILL_DASHBOARD_PORT"],
    }
    for name in upstreams:
        assert set(services[name]["networks"]) & set(services["caddy"]["networks"])
    assert set(re.findall(r"\{\$(\w+)\}", CADDYFILE)) == set(services["caddy"]["environment"])


def test_one_origin_serves_api_drivers_and_customers_and_hides_the_dashboard() -> None:
    assert "@api path /v1 /v1/* /driver /driver/* /t /t/* /o /o/*" in CADDYFILE
    behind_door = CADDYFILE[CADDYFILE.index("basic_auth") :]
    assert "reverse_proxy dashboard:8501" in behind_door
    assert "reverse_proxy api" not in behind_door
