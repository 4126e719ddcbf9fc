"""Texts of messages: those that come with us, and the operator's own in their place. A broken one is never used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template

import msgspec

from gateway.outbox.kinds import Kind

# What a text may name; docs/notifications.md tells what each becomes.
NAMES = frozenset({
    "shop", "customer", "order_no", "window", "time", "told_time", "eta", "at_eta", "id_line", "reason_line",
    "track_line", "receipt_line", "track_url", "opt_out_line", "opt_out_url", "stop",
})  # fmt: skip
_SUBJECT = "Subject:"
_SMS = "=== sms"
_FILE = re.compile(r"(?P<kind>[a-z_]+)\.(?P<language>[a-z]{2,3})\.txt")
_MOST_BYTES = 20_000


class Text(msgspec.Struct, frozen=True):
    """How one kind is said in one language."""

    subject: str
    body: str
    sms: str


class Problem(msgspec.Struct, frozen=True):
    """Why a file of the operator is not used; ours stands in."""

    file: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.says}"


class BrokenTextError(ValueError):
    """This is no text of a message; `line` is where."""

    def __init__(self, line: int, says: str) -> None:
        super().__init__(says)
        self.line = line


class Texts:
    """Every text there is. Files that the operator changes count from the next look on."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, int]] | None = None
        self._own: dict[tuple[Kind, str], Text] = {}
        self.problems: list[Problem] = []

    def look_again(self) -> bool:
        """Reads the operator's files when they are others than before; whether they are."""
        found = {} if self._folder is None else {path: _state(path) for path in sorted(self._folder.glob("*.txt"))}
        if found == self._seen:
            return False
        self._seen, self._own, self.problems = found, {}, []
        for path in found:
            try:
                key, text = _read(path)
            except BrokenTextError as error:
                self.problems.append(Problem(path.name, error.line, str(error)))
            else:
                self._own[key] = text
        if self._folder is not None and not self._folder.is_dir():
            self.problems.append(Problem(str(self._folder), 0, "there is no such folder"))
        return True

    @property
    def languages(self) -> set[str]:
        """Those that the operator wrote texts in."""
        return {language for _, language in self._own}

    def is_own(self, kind: Kind, language: str) -> bool:
        """Whether the operator's text counts here."""
        return (kind, language) in self._own

    def of(self, kind: Kind, *languages: str | None) -> tuple[str, Text]:
        """The text in the first of the languages that has one, else in English; and the language it is in."""
        for language in (*languages, "en"):
            short = (language or "").lower().partition("-")[0]
            found = self._own.get((kind, short)) or shipped().get((kind, short))
            if found is not None:
                return short, found
        raise AssertionError(f"{kind} comes in English")


def parse_text(content: str) -> Text:
    """A text from its file: the subject, an empty line, the mail, then `=== sms` and the text message."""
    lines = content.replace("\r\n", "\n").rstrip("\n").split("\n")
    for number, line in enumerate(lines, 1):
        _check_names(number, line)
    if not lines or not lines[0].startswith(_SUBJECT) or not lines[0].removeprefix(_SUBJECT).strip():
        raise BrokenTextError(1, f"the first line must be '{_SUBJECT} …'")
    if _SMS not in lines:
        raise BrokenTextError(len(lines), f"no line {_SMS!r} with the text message after it")
    place = lines.index(_SMS)
    body, sms = "\n".join(lines[1:place]).strip(), " ".join(" ".join(lines[place + 1 :]).split())
    if not body:
        raise BrokenTextError(2, "the mail says nothing")
    if not sms:
        raise BrokenTextError(place + 1, "the text message says nothing")
    return Text(lines[0].removeprefix(_SUBJECT).strip(), body, sms)


def _check_names(number: int, line: str) -> None:
    template = Template(line)
    if not template.is_valid():
        raise BrokenTextError(number, f"a $ that begins no name in {line.strip()!r}; $$ is a dollar sign")
    for name in template.get_identifiers():
        if name not in NAMES:
            raise BrokenTextError(number, f"${name} is no name; there are: {', '.join(sorted(NAMES))}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its values; what stood around an empty one is drawn together."""
    # Every name was checked when the text was read, so that nothing can be missing here.
    # A line break in somebody's name must not begin a line of ours.
    filled = Template(template).substitute({name: re.sub(r"\s+", " ", values.get(name, "")) for name in NAMES})
    lines = [" ".join(line.split()) for line in filled.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


@cache
def shipped() -> dict[tuple[Kind, str], Text]:
    """The texts in the package."""
    folder = files("gateway.notify").joinpath("texts")
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        kind, language = entry.name.split(".")[:2]
        found[Kind(kind), language] = parse_text(entry.read_text("utf-8"))
    return found


def ours_into(folder: Path) -> int:
    """Puts copies of our texts where there are none yet; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for entry in files("gateway.notify").joinpath("texts").iterdir():
        if not (folder / entry.name).exists():
            (folder / entry.name).write_text(entry.read_text("utf-8"), encoding="utf-8")
            written += 1
    return written


def _state(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0  # it went away between the listing and now
    return stat.st_mtime_ns, stat.st_size


def _read(path: Path) -> tuple[tuple[Kind, str], Text]:
    named = _FILE.fullmatch(path.name)
    if named is None or named["kind"] not in list(Kind):
        raise BrokenTextError(0, f"a text's file is named like {Kind.DELIVERED}.en.txt; kinds: {', '.join(Kind)}")
    try:
        raw = path.read_bytes()
        content = raw.decode("utf-8")
    except OSError as error:
        raise BrokenTextError(0, f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BrokenTextError(raw[: error.start].count(b"\n") + 1, "it is not UTF-8") from error
    if len(raw) > _MOST_BYTES:
        raise BrokenTextError(0, f"it is longer than {_MOST_BYTES} bytes")
    return (Kind(named["kind"]), named["language"]), parse_text(content)
