"""What the page of a door says and knows: steps by the profile, reasons, cards for the customer. Asks nobody.

The page works out of reach: everything that it may have to say is in it from the beginning.
"""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from contract.currencies import decimals_of
from contract.reasons import Disposition, FailureReason
from gateway.custody import ink
from gateway.custody.handoffs import PaidBy
from gateway.custody.needs import Needs
from gateway.custody.proofs import IdClass
from gateway.pages.times import amount
from gateway.pages.words import LANGUAGES, Words, words_of

AFFIRMATION_VERSION = "1"  # goes up with every change of the affirm_ texts

# What a check that fails means, by what the check is called.
REASON_OF = {
    "unexpired": FailureReason.NO_VALID_ID, "photo_matches": FailureReason.ID_SUSPECTED_FALSE,
    "name_matches": FailureReason.ID_NAME_MISMATCH, "over_age": FailureReason.UNDERAGE,
    "not_intoxicated": FailureReason.RECIPIENT_INTOXICATED, "id_valid": FailureReason.NO_VALID_ID,
    "age_ok": FailureReason.UNDERAGE,
}  # fmt: skip
# One tap away; the others are behind "Other reasons".
USUAL = (
    FailureReason.RECIPIENT_ABSENT, FailureReason.NO_VALID_ID, FailureReason.UNDERAGE,
    FailureReason.RECIPIENT_INTOXICATED, FailureReason.ID_NAME_MISMATCH, FailureReason.ID_SUSPECTED_FALSE,
    FailureReason.REFUSED_BY_RECIPIENT, FailureReason.SIGNATURE_REFUSED, FailureReason.PAYMENT_FAILED,
    FailureReason.UNABLE_TO_LOCATE, FailureReason.SAFETY_RISK, FailureReason.OTHER,
)  # fmt: skip
_CARDS = ("NO_VALID_ID", "UNDERAGE", "ID_NAME_MISMATCH", "ID_SUSPECTED_FALSE", "RECIPIENT_INTOXICATED", "OTHER")
_SAID = (
    "step", "next", "done_send", "bag_wrong", "id_check", "id_incomplete", "id_old_page", "help_unexpired",
    "help_over_age", "help_photo_matches", "help_name_matches", "help_affirmation", "goods_unclear",
    "photo_none", "pay_unclear", "fail_note_first", "told_sending", "told_delivered", "told_failed",
    "told_kept", "told_memory", "told_conflict",
)  # fmt: skip
_SIGNING = ("sign_headline", "sign_name", "sign_here", "sign_clear", "sign_short", "sign_no_name")
_WAITING = ("told_waiting", "told_refused", "told_sign_in", "told_drop")


def waiting_texts(language: str) -> dict[str, str]:
    """What a page says of handoffs that wait to be sent."""
    return _texts(words_of("handoff", language), _WAITING)


def template_values(needs: Needs, words: Words) -> dict[str, Any]:
    """What stands in the page."""
    limit = needs.limits[0].born_by
    decimals = decimals_of(needs.currency)
    due = needs.due_minor or 0
    reasons = [*USUAL, *(one for one in FailureReason if one not in USUAL)]
    return {
        "address": needs.address, "customer_name": needs.customer_name, "usual": len(USUAL),
        "id_classes": [(one, words(f"class_{one}")) for one in get_args(IdClass)],
        "born_by": None if limit is None else _day(limit, words), "due": amount(due, needs.currency),
        "due_plain": f"{due / 10**decimals:.{decimals}f}",
        "paid_by": [(one, words(f"pay_{one}")) for one in get_args(PaidBy)],
        "reasons": [(one.value, words(f"reason_{one}")) for one in reasons],
        "dispositions": [(one.value, words(f"disposition_{one}")) for one in Disposition],
    }  # fmt: skip


def script_values(needs: Needs, words: Words) -> dict[str, Any]:
    """What the page's script goes by, besides the needs themselves."""
    language = (needs.customer_language or "").lower()[:2]
    return {
        "language": words.language, "customer_language": language if language in LANGUAGES else words.language,
        "customer_name": needs.customer_name, "tz": needs.tz, "text_version": AFFIRMATION_VERSION,
        "decimals": decimals_of(needs.currency), "least_length": ink.LEAST_LENGTH, "reason_of": REASON_OF,
        "reasons": {one.value: words(f"reason_{one}") for one in FailureReason}, "texts": _texts(words, _SAID),
        "sign": {one: _texts(words_of("handoff", one), _SIGNING) for one in LANGUAGES},
        "cards": {one: _cards(needs, words_of("handoff", one)) for one in LANGUAGES},
    }  # fmt: skip


def _cards(needs: Needs, words: Words) -> dict[str, str]:
    return {one: words(f"card_{one}", age=needs.age_threshold, name=needs.customer_name) for one in _CARDS}


def _texts(words: Words, names: tuple[str, ...]) -> dict[str, str]:
    """Texts whose placeholders the script fills."""
    return {name: str(words.texts[name]) for name in names}


def _day(day: date, words: Words) -> str:
    month, weekday = words.texts["months"][day.month - 1], words.texts["weekdays"][day.weekday()]
    return words("date", day=words("day", weekday=weekday, month=month, day=day.day), year=day.year)
