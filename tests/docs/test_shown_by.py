"""The tests that docs/operations.md names as proof of what a failure can cost are there. Runs none of them."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.documents import ROOT, document, rows

TABLES = ("| what fails | bridge", "| what fails | OwnTracks", "| what | what happens")
FOLDERS = ("", "integration/", "integration/gateway/")
_NAMED = re.compile(r"`(?P<path>[\w/]+\.py)::(?P<name>\w+)(?P<begins>…?)`")


def named_in(cell: str) -> list[tuple[str, str, bool]]:
    return [(match["path"], match["name"], bool(match["begins"])) for match in _NAMED.finditer(cell)]


ROWS = [pytest.param(row[-1], id=row[0]) for table in TABLES for row in rows(document("operations.md"), table)]


@pytest.mark.parametrize("shown_by", ROWS)
def test_every_row_names_tests_that_exist(shown_by: str) -> None:
    named = named_in(shown_by)
    assert named, "no test is named"
    assert len(named) == shown_by.count(".py"), "a file without a test in it"
    for path, name, begins in named:
        files = [file for folder in FOLDERS if (file := ROOT / "tests" / folder / path).is_file()]
        assert len(files) == 1, path
        tree = ast.parse(files[0].read_text(encoding="utf-8"))
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        found = [one for one in functions if (one.startswith(name) if begins else one == name)]
        assert len(found) == 1, (path, name, found)
