"""What settings say together that cannot work, or not as somebody will expect. Opens no connection."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from waybill.settings import Settings

_LOCAL = ("127.0.0.1", "::1", "localhost")


class Finding(msgspec.Struct, frozen=True):
    """wrong: it will not work; else it works, but somebody should know."""

    wrong: bool
    says: str
    remedy: str


def _wrong(says: str, remedy: str) -> Finding:
    return Finding(wrong=True, says=says, remedy=remedy)


def _note(says: str, remedy: str) -> Finding:
    return Finding(wrong=False, says=says, remedy=remedy)


def findings(settings: Settings) -> list[Finding]:
    """Everything that is to be said, what is wrong first."""
    found = [*_mail(settings), *_sms(settings), *_texts(settings), *_links(settings)]
    return sorted(found, key=lambda one: not one.wrong)


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_host is None:
        for name in ("mail_from", "smtp_username", "smtp_password", "smtp_tls_ca"):
            if getattr(settings, name) is not None:
                yield _wrong(f"{name} is set, but no smtp_host: no mail is sent", "set smtp_host")
        return
    if settings.mail_from is None:
        yield _wrong("smtp_host is set, but no mail_from: mail comes from nobody", "set mail_from")
    if (settings.smtp_username is None) != (settings.smtp_password is None):
        yield _wrong("smtp_username and smtp_password belong together", "set both, or neither")
    if settings.smtp_security == "none" and settings.smtp_host not in _LOCAL:
        secret = " with the password" if settings.smtp_password is not None else ""
        says = f"mail goes to {settings.smtp_host}{secret} in the clear"
        yield (_wrong if secret else _note)(says, "smtp_security = starttls")
    if settings.smtp_port == 465 and settings.smtp_security == "starttls":
        yield _wrong("port 465 speaks TLS from the beginning", "smtp_security = tls, or smtp_port = 587")
    if settings.smtp_tls_ca is not None and not settings.smtp_tls_ca.is_file():
        yield _wrong(f"smtp_tls_ca = {settings.smtp_tls_ca} is no file", "name the file, or leave it out")


def _sms(settings: Settings) -> Iterator[Finding]:
    if settings.sms_url is None:
        if settings.sms_secret is not None:
            yield _wrong("sms_secret is set, but no sms_url: no text message is sent", "set sms_url")
        return
    if settings.sms_secret is None:
        yield _note("what goes to sms_url is not signed: anybody there may pretend to be us", "set sms_secret")
    if urlsplit(settings.sms_url).scheme == "http" and urlsplit(settings.sms_url).hostname not in _LOCAL:
        yield _note("phone numbers go to sms_url in the clear", "an https address, or one of this machine")


def _texts(settings: Settings) -> Iterator[Finding]:
    from gateway.notify.templates import Texts

    texts = Texts(settings.texts_dir)
    texts.look_again()
    for problem in texts.problems:
        yield _wrong(f"text not used: {problem}", "mend it; until then ours stands in")


def _links(settings: Settings) -> Iterator[Finding]:
    told = settings.smtp_host is not None or settings.sms_url is not None
    if told and settings.public_url is None:
        yield _wrong(
            "customers are told, but no public_url is set: no link to their order, none to end the messages",
            "set public_url",
        )
    if not told:
        yield _note("customers are told nothing: neither smtp_host nor sms_url is set", "docs/notifications.md")
