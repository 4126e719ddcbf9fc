"""Texts of messages: ours are whole, a broken one of the operator is told by its line and not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.notify.templates import NAMES, BrokenTextError, Texts, fill, parse_text, shipped
from gateway.outbox.kinds import Kind

GOOD = "Subject: $shop\n\nHello $customer\n\n=== sms\n$shop: $order_no\n"


def test_every_kind_comes_in_english_and_spanish_without_our_name() -> None:
    assert set(shipped()) == {(kind, language) for kind in Kind for language in ("en", "es")}
    for text in shipped().values():
        assert "waybill" not in (text.subject + text.body + text.sms).lower()
    for kind in (Kind.OUT_FOR_DELIVERY, Kind.ARRIVING_SOON):
        for language in ("en", "es"):
            text = shipped()[kind, language]
            assert "$id_line" in text.body
            assert "$id_line" in text.sms


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("Hello\n", 1, "the first line must be 'Subject: …'"),
        ("Subject: \n\nHello\n=== sms\nx", 1, "the first line must be"),
        ("Subject: $shop\n\nHello $nobody\n=== sms\nx", 3, "$nobody is no name; there are: at_eta, customer"),
        ("Subject: $shop\n\n\nThat is 5 $\n=== sms\nx", 4, "a $ that begins no name in 'That is 5 $'"),
        ("Subject: $shop\n\nHello ${customer\n=== sms\nx", 3, "a $ that begins no name"),
        ("Subject: $shop\n\nHello\n", 3, "no line '=== sms'"),
        ("Subject: $shop\n\n\n=== sms\nx", 2, "the mail says nothing"),
        ("Subject: $shop\n\nHello\n=== sms\n\n", 4, "the text message says nothing"),
        ("", 1, "the first line must be"),
    ],
)
def test_a_broken_text_is_told_by_its_line(content: str, line: int, says: str) -> None:
    with pytest.raises(BrokenTextError) as caught:
        parse_text(content)

    assert says in str(caught.value)
    assert caught.value.line == line


def test_the_operators_text_counts_and_ours_stands_in_for_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "delivered.en.txt").write_text(GOOD, encoding="utf-8")
    (tmp_path / "delivered.fi.txt").write_text(GOOD.replace("Hello", "Hei"), encoding="utf-8")
    (tmp_path / "failed.en.txt").write_text(GOOD.replace("$customer", "$costumer"), encoding="utf-8")
    (tmp_path / "failed.es.txt").write_bytes(b"Subject: x\n\n\xff\n")
    (tmp_path / "whatever.en.txt").write_text(GOOD, encoding="utf-8")
    texts = Texts(tmp_path)
    texts.look_again()

    assert texts.of(Kind.DELIVERED, "en")[1].body == "Hello $customer"
    assert texts.of(Kind.DELIVERED, "fi-FI", "es")[0] == "fi"
    assert texts.of(Kind.DELIVERED, "sv", "es") == ("es", shipped()[Kind.DELIVERED, "es"])
    assert texts.of(Kind.FAILED, "en") == ("en", shipped()[Kind.FAILED, "en"])
    assert [(one.file, one.line) for one in texts.problems] == [
        ("failed.en.txt", 3), ("failed.es.txt", 3), ("whatever.en.txt", 0),
    ]  # fmt: skip


def test_a_text_that_is_mended_counts_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "delivered.en.txt"
    path.write_text("broken", encoding="utf-8")
    texts = Texts(tmp_path)

    assert (texts.look_again(), texts.look_again()) == (True, False)
    path.write_text(GOOD, encoding="utf-8")
    assert texts.look_again()
    assert texts.problems == []
    assert texts.of(Kind.DELIVERED, "en")[1].subject == "$shop"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    texts = Texts(tmp_path / "nowhere")
    texts.look_again()

    assert "there is no such folder" in str(texts.problems[0])


def test_every_text_can_be_filled_with_nothing_known() -> None:
    for text in shipped().values():
        for template in (text.subject, text.body, text.sms):
            filled = fill(template, {})
            assert "$" not in filled
            assert "\n\n\n" not in filled
    assert fill("$$5, $customer", {"customer": "$shop"}) == "$5, $shop"
    assert "shop" in NAMES
