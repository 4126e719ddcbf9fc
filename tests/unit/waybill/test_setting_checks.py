"""Settings that cannot work together are told, each with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from waybill.configuration import SettingsError, load
from waybill.setting_checks import findings

GOOD = {
    "WAYBILL_SMTP_HOST": "mail.shop.example", "WAYBILL_MAIL_FROM": "orders@shop.example",
    "WAYBILL_PUBLIC_URL": "https://delivery.shop.example",
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"WAYBILL_SMTP_HOST": ""}, "mail_from is set, but no smtp_host"),
        ({"WAYBILL_MAIL_FROM": ""}, "mail comes from nobody"),
        ({"WAYBILL_SMTP_USERNAME": "shop"}, "smtp_username and smtp_password belong together"),
        ({"WAYBILL_SMTP_PORT": "465"}, "port 465 speaks TLS from the beginning"),
        ({"WAYBILL_SMTP_TLS_CA": "/nowhere/ca.pem"}, "smtp_tls_ca = /nowhere/ca.pem is no file"),
        ({"WAYBILL_PUBLIC_URL": ""}, "no link to their order"),
        ({"WAYBILL_SMS_SECRET": "whsec_" + "QUJD" * 8}, "no sms_url"),
        ({"WAYBILL_TEXTS_DIR": "/nowhere"}, "/nowhere, line 0: there is no such folder"),
    ],
)
def test_what_cannot_work_is_wrong(more: dict[str, str], says: str) -> None:
    found = findings(load({**GOOD, **more}).settings)

    assert any(one.wrong and says in one.says and one.remedy for one in found), found


def test_mail_in_the_clear_is_wrong_only_with_a_password_and_not_on_this_machine() -> None:
    clear = {**GOOD, "WAYBILL_SMTP_SECURITY": "none"}
    secret = {**clear, "WAYBILL_SMTP_USERNAME": "u", "WAYBILL_SMTP_PASSWORD": "password-1"}

    assert [one.wrong for one in findings(load(clear).settings)] == [False]
    assert [one.wrong for one in findings(load(secret).settings)] == [True]
    assert findings(load({**secret, "WAYBILL_SMTP_HOST": "localhost"}).settings) == []


def test_what_goes_together_is_told_nothing(tmp_path: Path) -> None:
    assert findings(load({**GOOD, "WAYBILL_TEXTS_DIR": str(tmp_path)}).settings) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("QUIET_HOURS", "22-7", "write 22:00-07:00"),
        ("DIGEST_AT", "9pm", "no time of day such as 21:30"),
        ("NOTIFY_KINDS", "delivered,arrived", "'arrived' is none; there are: out_for_delivery"),
        ("MAIL_FROM", "Shop <orders@shop.example>", "one bare address"),
        ("SMS_SECRET", "whsec_short", "24 random bytes"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=name.lower()) as caught:
        load({f"WAYBILL_{name}": value})

    assert says in str(caught.value)
