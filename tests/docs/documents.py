"""Reads the project's documents: their text, examples, tables and links. Judges none of them."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EXAMPLE = re.compile(r"<!-- run: (?P<name>[^>]+) -->\n```\w+\n(?P<text>.*?)\n```", re.DOTALL)
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)


@cache
def document(name: str) -> str:
    """The text of docs/<name>."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def examples(name: str) -> dict[str, str]:
    """The examples of docs/<name> that are marked to be run."""
    return {match["name"]: match["text"] for match in _EXAMPLE.finditer(document(name))}


def code_words(text: str) -> set[str]:
    """Everything that stands in `backticks` on one line."""
    return set(re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)))


def json_blocks(text: str) -> list[dict[str, object]]:
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


def rows(text: str, head: str) -> list[list[str]]:
    """The cells of the table whose first line starts with `head`, without its two head lines."""
    table = []
    for line in text[text.index("\n" + head) + 1 :].splitlines():
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table[2:]


def markdown_files() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".md"]


@cache
def tracked_files() -> list[Path]:
    """Every file that the repository holds or is about to hold, as git sees it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return sorted(path for path in paths if path.is_file())


def links(text: str) -> list[str]:
    return [match["target"] for match in _LINK.finditer(_COMMENT.sub("", _FENCE.sub("", text)))]


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes of headings: lower case, blanks as hyphens, punctuation gone."""
    headings = (match["text"].strip().lower() for match in _HEADING.finditer(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}
