"""Writes what documents take from the code: docs/wire and marked tables; `--check` only compares. Writes no prose."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

import typer
import yaml
from fastapi.routing import APIRoute
from typer.core import TyperGroup

from contract.milestones import FOLLOWERS, Milestone
from contract.schema import asyncapi, json_schemas
from gateway.api.app import ROUTERS
from gateway.dispatch.estimate import EstimatePolicy
from gateway.dispatch.guards import GUARDS
from gateway.dispatch.profile import meanings, shipped
from gateway.eta.policy import EtaPolicy
from gateway.tracking.policy import thresholds
from waybill.cli import command_line
from waybill.configuration import ABOUT, PREFIX
from waybill.setting_rules import allowed
from waybill.settings import Settings
from waybill.stack.places import checkout

ROOT = Path(__file__).resolve().parents[1]
_HEAD = "# Made by scripts/make_docs.py from contract/; do not edit.\n"
_BLOCK = re.compile(r"(<!-- made by scripts/make_docs.py: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PAGES_WITH_TABLES = ("docs/operations.md", "docs/http-api.md", "docs/tracking.md", "docs/dispatch.md", "docs/eta.md")


def made() -> dict[Path, str]:
    """Path -> text of every file that is generated, wholly or in part."""
    return {
        **_wire_files(),
        **{ROOT / name: _with_tables((ROOT / name).read_text("utf-8")) for name in _PAGES_WITH_TABLES},
    }


def stale() -> list[str]:
    """Files that are not what the code makes, and files of docs/wire that it does not make."""
    wanted = made()
    left_over = [path for path in (ROOT / "docs/wire").glob("*") if path not in wanted]
    wrong = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    return sorted(str(path.relative_to(ROOT)) for path in left_over + wrong)


def _wire_files() -> dict[Path, str]:
    folder = ROOT / "docs/wire"
    files = {
        folder / f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in json_schemas().items()
    }
    document = yaml.safe_dump(asyncapi(version("waybill")), sort_keys=False, allow_unicode=True, width=120)
    return {**files, folder / "asyncapi.yaml": _HEAD + document}


def _with_tables(text: str) -> str:
    tables = {
        "settings": _settings,
        "policy": _policy,
        "commands": _commands,
        "endpoints": _endpoints,
        "milestones": _milestones,
        "guards": _guards,
        "estimates": _estimates,
        "forecasts": _forecasts,
        "profiles": _profiles,
    }
    return _BLOCK.sub(lambda match: f"{match[1]}{tables[match['name']]()}{match[3]}", text)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _milestones() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for milestone, followers in FOLLOWERS.items():
            after = ", ".join(one for one in Milestone if one in followers)
            yield "(new)" if milestone is None else milestone.value, after or "nothing more"

    return _table(("milestone", "may be followed by"), rows())


def _policy() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for threshold in thresholds():
            default = (
                str(threshold.default).lower() if isinstance(threshold.default, bool) else f"{threshold.default:g}"
            )
            yield f"`{threshold.name}`", default, threshold.unit, threshold.why

    return _table(("threshold", "default", "unit", "why"), rows())


def _guards() -> str:
    rows = ((f"`{guard}`", weight.value, when, way_out) for guard, (weight, when, way_out) in GUARDS.items())
    return _table(("guard", "weight", "when", "the way out"), rows)


def _estimates() -> str:
    return _reasons(EstimatePolicy)


def _forecasts() -> str:
    return _reasons(EtaPolicy)


def _reasons(values: type) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, hint in get_type_hints(values, include_extras=True).items():
            (meta,) = hint.__metadata__
            yield f"`{name}`", str(getattr(values(), name)), meta.extra["unit"], meta.description

    return _table(("value", "is", "unit", "why"), rows())


def _profiles() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for setting, meaning in meanings().items():
            for name, profile in shipped().items():
                if (one := profile.settings.get(setting)) is not None:
                    value = ", ".join(one.value) if isinstance(one.value, list) else str(one.value).lower()
                    value = one.value if isinstance(one.value, str) else value
                    yield f"`{setting}`", meaning, name, value, "on" if one.on else "off", one.mark, one.source

    return _table(("setting", "what", "profile", "value", "", "mark", "source"), rows())


def _settings() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, about in ABOUT.items():
            value = getattr(Settings(), name)
            shown = (
                ""
                if value is None
                else f"`{value.relative_to(checkout())}`"
                if isinstance(value, Path)
                else f"`{value}`"
            )
            shown = shown.lower() if isinstance(value, bool) else shown
            yield f"`{PREFIX}{name.upper()}`", shown, allowed(about.kind, about.type), about.meaning

    return _table(("variable", "default", "allowed", "meaning"), rows())


def _commands() -> str:
    def rows(words: str, command: Any) -> Iterator[tuple[str, ...]]:
        if not isinstance(command, TyperGroup) or (words != "waybill" and command.invoke_without_command):
            said = " ".join((command.help or "").split("\n\n")[0].split())
            yield f"`{' '.join([words, *map(_parameter, command.params)])}`", said
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                if not inner.hidden:
                    yield from rows(f"{words} {name}", inner)

    return _table(("command", "what it does"), rows("waybill", typer.main.get_command(command_line())))


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return str(name) if parameter.required else f"[{name}]"
    option = parameter.opts[0]
    return f"[{option}]" if not parameter.required else str(option)


def _endpoints() -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for router in ROUTERS:
            for route in router.routes:
                assert isinstance(route, APIRoute)
                for method in sorted(route.methods):
                    yield f"`{method} {route.path}`", route.summary or ""
        yield "`GET /v1/openapi.json`", "OpenAPI of all this"

    return _table(("endpoint", "what it gives"), rows())


def main() -> int:
    names = stale()
    if "--check" in sys.argv[1:]:
        print(f"stale: {', '.join(names)}; run scripts/make_docs.py" if names else "up to date")
        return 1 if names else 0
    for path in (ROOT / "docs/wire").glob("*"):
        path.unlink()
    for path, text in made().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"wrote {', '.join(names) or 'nothing new'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
