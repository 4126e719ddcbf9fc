"""Language files say the same things, and everybody gets the language that they can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from contract.milestones import Milestone
from gateway.customer.view import _TOLD_REASONS
from gateway.pages.words import LANGUAGES, choose_language, words_of

KINDS = sorted({path.name.partition(".")[0] for path in files("gateway.pages").joinpath("words").iterdir()})

# What templates and code ask for: say('x'), words("x", …), words("x" if … else "y"), texts["x"]; words.count("x", …).
CALLED = re.compile(r"""(?:say\(|words\(|texts\[)(?:["'](\w+)["'] if [^()]+ else )?["'](\w+)["']""")
COUNTED = re.compile(r"""\.count\(["'](\w+)["']""")


def placeholders(text: Any) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name} if isinstance(text, str) else set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_placeholders(kind: str, language: str) -> None:
    english, other = words_of(kind, "en").texts, words_of(kind, language).texts

    assert list(other) == list(english)
    assert {key: placeholders(text) for key, text in other.items()} == {
        key: placeholders(text) for key, text in english.items()
    }
    assert all(other.values())
    assert len(other["weekdays"]) == 7
    assert len(other["months"]) == 12


# Whose words each kind is, and some that must be found there, else nothing is looked at.
SPEAKERS = {
    "customer": ("gateway.pages/templates/[bcs]*.html", "gateway.customer/*.py", "gateway.api/customer_pages.py"),
    "driver": (
        "gateway.pages/templates/base.html",
        "gateway.pages/templates/driver*.html",
        "gateway.driver/*.py",
        "gateway.api/driver_*.py",
    ),
    "receipt": ("gateway.reports/receipt_words.py",),
    "handoff": ("gateway.pages/templates/base.html", "gateway.pages/templates/handoff*.html", "gateway.custody/*.py"),
}
FOUND = {
    "customer": {"title", "am", "pm", "months", "why_other", "note_write", "note_change"},
    "driver": {"am", "months", "title", "check_id", "progress", "sign_in"},
    "receipt": {"am", "months", "title", "delivered", "unsigned"},
    "handoff": {"am", "months", "document_title", "document_returned"},
}


def _speakers(kind: str) -> Iterator[Path]:
    for pattern in ("gateway.pages/*.py", *SPEAKERS[kind]):
        package, _, names = pattern.partition("/")
        yield from Path(str(files(package))).glob(names)


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_used_and_every_used_text_is_there(kind: str) -> None:
    """A key is named whole in a template or in code, or made of a beginning that stands there."""
    said = "\n".join(path.read_text("utf-8") for path in _speakers(kind))
    beginnings = set(re.findall(r"[\"'](\w+_)\{", said)) | {"first_", "goods_"}
    sorries = {
        f"{what}_" for what in ("gone", "away", "broken", "slow", "link_gone", "in_use", "not_signed_in", "foreign")
    }

    def is_used(key: str) -> bool:
        return f"'{key}'" in said or f'"{key}"' in said or any(key.startswith(one) for one in beginnings | sorries)

    texts = words_of(kind, "en").texts
    assert [key for key in texts if not is_used(key)] == []
    called = {key for keys in CALLED.findall(said) for key in keys if key}
    counted = {f"{key}_{number}" for key in COUNTED.findall(said) for number in ("one", "other")}
    assert called >= FOUND[kind]
    assert sorted((called | counted) - texts.keys()) == []


def test_every_milestone_and_every_told_reason_has_its_words() -> None:
    texts = words_of("customer", "en").texts

    assert {f"milestone_{milestone}" for milestone in Milestone} <= words_of("driver", "en").texts.keys()

    assert {f"step_{milestone}" for milestone in Milestone} <= texts.keys()
    assert {f"headline_{milestone}" for milestone in Milestone} <= texts.keys()
    assert {f"lead_{milestone}" for milestone in Milestone} <= texts.keys()
    assert {f"why_{reason}" for reason in _TOLD_REASONS} == {
        key for key in texts if key.startswith("why_") and key != "why_other"
    }


@pytest.mark.parametrize(
    ("asked", "accepted", "otherwise", "language"),
    [
        (None, None, None, "en"),
        ("es", "en", "en", "es"),
        ("fi", "es-MX,es;q=0.9,en;q=0.8", None, "es"),
        (None, "fi,en;q=0.3,es;q=0.7", None, "es"),
        (None, "es;q=0,en", None, "en"),
        (None, "fi", "es-ES", "es"),
        (None, "fi", "de", "en"),
        (None, "*;q=x,,;;=,es;q=1", None, "es"),
        (None, "x," * 1000 + "es", None, "en"),
    ],
)
def test_the_language_that_somebody_can_read(
    asked: str | None, accepted: str | None, otherwise: str | None, language: str
) -> None:
    assert choose_language(asked, accepted, otherwise) == language
