"""One e-mail to one address over SMTP. Knows no order, and tries once."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from gateway.outbox.deadline import shut_after
from gateway.outbox.verdicts import Outcome, Verdict

TIMEOUT_S = 15.0  # from byte to byte
MOST_S = 45.0  # for the whole conversation
_MOST_SAID = 1000
# One address and nothing beside it: what could name a second one, or another header, is none.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@,;:<>()\[\]\\\"]+\.?[^\s@,;:<>()\[\]\\\".]")
# Headers are not folded: readers take the blank at a fold for a part of the subject. A line may have 998 letters.
_UNFOLDED = SMTP.clone(max_line_length=900)
_TLS_REFUSED = "the server offers no TLS; smtp_security = none would send everything in the clear"

Security = Literal["starttls", "tls", "none"]


class MailOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server, who we are to it, and the address that mail comes from."""

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    tls_ca: Path | None = None
    timeout_s: float = TIMEOUT_S
    most_s: float = MOST_S


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """What one e-mail says. Its id is the Message-ID: the same whenever it is sent again."""

    id: UUID
    recipient: str
    sender_name: str | None
    subject: str
    body: str
    language: str
    unsubscribe_url: str | None = None


def is_mail_address(text: str) -> bool:
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def compose(mail: Mail, sender: str, at: datetime) -> EmailMessage:
    """The message with its headers; nothing in it names the program that made it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((_line(mail.sender_name or ""), sender))
    message["To"] = mail.recipient
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail.id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in return
    if mail.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(mail.body, cte="quoted-printable")
    message["Content-Language"] = mail.language  # after the content, which takes the headers about itself away
    return message


def send_mail(options: MailOptions, mail: Mail, at: datetime) -> Outcome:
    """Hands the mail over; whatever goes wrong is an outcome."""
    began_s = time.monotonic()

    def ended(verdict: Verdict, status: int | None, said: bytes | str) -> Outcome:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        known = status if status is not None and status > 0 else None
        return Outcome(verdict, known, " ".join(text.split())[:_MOST_SAID], time.monotonic() - began_s)

    if not is_mail_address(mail.recipient):
        return ended(Verdict.REFUSED, None, f"{mail.recipient!r} is no e-mail address")
    server = _Server(options)
    try:
        with shut_after(options.most_s, lambda: server.sock):
            server.begin()
            verdict, status, said = _hand_over(server, options, mail, at)
    except smtplib.SMTPResponseException as error:
        return ended(Verdict.DOWN, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return ended(Verdict.DOWN, None, str(error) or type(error).__name__)
    finally:
        server.close()
    return ended(verdict, status, said)


class _Server(smtplib.SMTP):
    """A connection that says our sender's domain as its name, never this machine's."""

    def __init__(self, options: MailOptions) -> None:
        super().__init__(local_hostname=_domain(options.sender), timeout=options.timeout_s)
        self._options = options

    def begin(self) -> None:
        """Connects, changes to TLS where that is asked for, and signs in."""
        options = self._options
        context = ssl.create_default_context(cafile=options.tls_ca) if options.security != "none" else None
        self._host = options.host  # starttls checks the certificate for this name
        self.sock = socket.create_connection((options.host, options.port), options.timeout_s)
        if context is not None and options.security == "tls":
            self.sock = context.wrap_socket(self.sock, server_hostname=options.host, do_handshake_on_connect=False)
            self.sock.do_handshake()
        code, said = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, said)
        if context is not None and options.security == "starttls":
            self.ehlo_or_helo_if_needed()
            if not self.has_extn("starttls"):
                raise smtplib.SMTPNotSupportedError(_TLS_REFUSED)
            self.starttls(context=context)
        self.ehlo_or_helo_if_needed()
        if options.username is not None:
            self.login(options.username, options.password or "")


def _hand_over(server: _Server, options: MailOptions, mail: Mail, at: datetime) -> tuple[Verdict, int, bytes]:
    """The three steps of SMTP; only the last answer makes it the server's mail."""
    message, policy, extensions = compose(mail, options.sender, at), _UNFOLDED, []
    if not mail.recipient.isascii():
        if not server.has_extn("smtputf8"):
            return Verdict.REFUSED, 0, b"the mail server takes no address with letters beyond ASCII"
        policy, extensions = _UNFOLDED.clone(utf8=True), ["SMTPUTF8", "BODY=8BITMIME"]
    code, said = server.mail(options.sender, extensions)
    if code != 250:
        return Verdict.DOWN, code, said  # our sender is not wanted: no other mail would be
    code, said = server.rcpt(mail.recipient)
    if code not in (250, 251):
        return _of(code), code, said
    try:
        code, said = server.data(message.as_bytes(policy=policy))
    except smtplib.SMTPDataError as error:
        return _of(error.smtp_code), error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
    if code == 250:
        # It is the server's now, whatever becomes of the line.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        return Verdict.DELIVERED, code, said
    return _of(code), code, said


def _of(code: int) -> Verdict:
    """What a refusal of one recipient or one text means (RFC 5321, 4.2.1)."""
    if code == 421:  # the server closes
        return Verdict.DOWN
    return Verdict.REFUSED if 500 <= code < 600 else Verdict.LATER if 400 <= code < 500 else Verdict.DOWN


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _line(text: str) -> str:
    return " ".join(text.split())
