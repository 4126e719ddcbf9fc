"""Writes docs/wire/ from the contract; `--check` only compares. Edits no other document."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import yaml

from contract.schema import asyncapi, json_schemas

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "wire"
_HEAD = "# Made by scripts/make_wire_docs.py from contract/; do not edit.\n"


def wire_docs() -> dict[str, str]:
    """File name -> text of every generated file."""
    made = {
        f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in json_schemas().items()
    }
    document = yaml.safe_dump(asyncapi(version("waybill")), sort_keys=False, allow_unicode=True, width=120)
    return {**made, "asyncapi.yaml": _HEAD + document}


def stale() -> list[str]:
    """Files of docs/wire that are missing, wrong or left over."""
    wanted = wire_docs()
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
    return sorted(name for name in {*wanted, *present} if wanted.get(name) != present.get(name))


def main() -> int:
    if "--check" in sys.argv[1:]:
        names = stale()
        print(f"stale: {', '.join(names)}; run scripts/make_wire_docs.py" if names else "docs/wire is up to date")
        return 1 if names else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*"):
        path.unlink()
    for name, text in wire_docs().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
