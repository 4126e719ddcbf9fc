"""The documents as a whole: fresh tables, links that lead somewhere, commands that exist, nothing private."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from typer.core import TyperGroup

from gateway.api.app import ROUTERS
from tests.docs.command_tree import commands, find_command
from tests.docs.documents import ROOT, anchors, document, links, markdown_files, rows, tracked_files
from waybill.configuration import ABOUT, PREFIX
from waybill.settings import Settings

DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
# Written so that they do not match themselves.
PRIVATE = {
    "a package registry or mirror": r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian\.org|/simple/\b",
    "a path of somebody's machine": r"(?<![\w./])/(?:work|root|home)/\w",
    "a number of an issue": r"\b[Ii]ssues? #?\d",
}


def test_what_documents_take_from_the_code_is_fresh() -> None:
    assert _script().stale() == [], "run .venv/bin/python scripts/make_docs.py"


def test_every_setting_command_and_endpoint_is_in_operations() -> None:
    page = document("operations.md")

    assert {row[0].strip("`") for row in rows(page, "| variable |")} == {PREFIX + name.upper() for name in ABOUT}
    listed = {row[0].strip("`").removeprefix("waybill ") for row in rows(page, "| command |")}
    shown = {words for words, command in commands().items() if not command.hidden}
    assert {words for words in shown if not any(line.startswith(words) for line in listed)} == set()
    endpoints = {route.path for router in ROUTERS for route in router.routes}  # type: ignore[attr-defined]
    assert {path for path in endpoints if f" {path}`" not in page} == set()


def test_the_table_of_ports_has_the_ports_of_the_settings() -> None:
    cells = " ".join(row[0] for row in rows(document("operations.md"), "| port |"))
    settings = Settings()

    assert {
        str(settings.api_port),
        str(settings.dashboard_port),
        str(settings.broker_port),
        str(settings.gateway_metrics_port),
        str(settings.worker_metrics_port),
        "8883",
        str(settings.device_broker_certificate_port),
        "443",
        "5432",
    } == set(re.findall(r"\d+", cells)) - {"80"}


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for target in links(path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{path.name}: {target}"


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_options_in_documents_exist(path: Path) -> None:
    for line in _calls(path.read_text(encoding="utf-8")):
        words = [word for word in shlex.split(line, comments=True) if word not in ("-T", "\\")]
        command, rest = find_command(words)
        # `waybill device` means the whole group; `waybill COMMAND` is a placeholder.
        first = rest[0].lstrip("[") if rest else "-"
        assert not isinstance(command, TyperGroup) or first.isupper() or first.startswith("-"), line
        known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
        used = {word.partition("=")[0] for word in rest if re.match(r"--\w", word)}
        assert used <= known, line


@pytest.mark.parametrize("what", PRIVATE)
def test_no_file_names_what_is_nobodys_business(what: str) -> None:
    pattern = re.compile(PRIVATE[what])
    found = []
    for path in tracked_files():
        if path.suffix in {".lock", ".gz", ".png", ".pbf"} or path.stat().st_size > 2_000_000:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_every_dependency_has_its_reason_in_a_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    names = {re.split(r"[\[>=<; ]", entry)[0] for entry in [*project["dependencies"], *extras["stack"], *extras["dev"]]}
    said = " ".join(path.read_text(encoding="utf-8") for path in DECISIONS).lower()

    assert {name for name in names if not name.startswith("types-") and name.lower() not in said} == set()


def test_every_decision_has_a_number_of_its_own_and_stands_in_the_list() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    numbers = [path.name[:4] for path in DECISIONS]

    assert len(set(numbers)) == len(numbers)
    assert [path.name for path in DECISIONS if f"]({path.name})" not in listed] == []
    for path in DECISIONS:
        assert path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]} "), path.name


def test_the_readme_fits_on_two_screens() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert len(readme.splitlines()) < 120
    assert "./run demo" in readme
    assert (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()[2].startswith("TL;DR: `./run test`")


def _calls(text: str) -> list[str]:
    """The words after `waybill` or `./run` in code, on a line or in backticks."""
    fences = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for fence in fences for line in fence.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    starts = re.compile(r"^(?:docker compose exec \w+ )?(?:\./run|(?:\.venv/bin/)?waybill)(?: (?P<words>.+))?$")
    return [match["words"] for line in lines if (match := starts.match(line)) and match["words"]]


def _script() -> ModuleType:
    spec = spec_from_file_location("make_docs", ROOT / "scripts/make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
