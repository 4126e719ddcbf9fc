"""The ways on which people are told: mail server, SMS webhook, staff's webhooks. Decides about no message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

import msgspec

from contract.clock import true_now
from gateway.outbox.mail import Mail, MailOptions, send_mail
from gateway.outbox.sending import Answer, post
from gateway.outbox.signing import signed_headers
from gateway.outbox.verdicts import Outcome, Verdict
from storage.messages import DueMessage

Way = Callable[[DueMessage], Outcome]
# The receiver is not set up as we were told: whatever else goes there fares no better.
_NOT_OURS = frozenset({
    HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
})  # fmt: skip
_FOR_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class SmsOptions(msgspec.Struct, frozen=True):
    """The operator's own address that passes text messages on, and what signs them."""

    url: str
    secret: str | None = None


class WayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is set up; None: that way is none."""

    mail: MailOptions | None = None
    sms: SmsOptions | None = None
    webhook_allow_private: bool = False
    public_url: str | None = None


def ways_of(options: WayOptions) -> dict[str, Way]:
    """Channel -> how it is told. Staff's webhooks are always a way: each carries its own address."""
    ways: dict[str, Way] = {"webhook": lambda due: _to_webhook(options, due)}
    if (mail := options.mail) is not None:
        ways["email"] = lambda due: send_mail(mail, _mail(options, due), true_now())
    if (sms := options.sms) is not None:
        ways["sms"] = lambda due: _to_sms(sms, due)
    return ways


def opt_out_url(public_url: str | None, token: str | None) -> str | None:
    return None if public_url is None or token is None else f"{public_url.rstrip('/')}/o/{token}"


def _mail(options: WayOptions, due: DueMessage) -> Mail:
    return Mail(
        id=due.id, recipient=due.recipient, sender_name=due.sender, subject=due.subject or "", body=due.body,
        language=due.language, unsubscribe_url=opt_out_url(options.public_url, due.contact_token),
    )  # fmt: skip


def _to_sms(options: SmsOptions, due: DueMessage) -> Outcome:
    data = {"to": due.recipient, "text": due.body, "kind": due.kind, "language": due.language}
    # Whose address it is stands in the settings, not in the hands of somebody else: it may be in our own network.
    return verdict_of(_post(options.url, "message.sms", data, due, options.secret, allow_private=True))


def _to_webhook(options: WayOptions, due: DueMessage) -> Outcome:
    data = {"kind": due.kind, "subject": due.subject, "text": due.body, "alert_id": due.alert_id, "at": due.at}
    allow = options.webhook_allow_private
    outcome = verdict_of(_post(due.recipient, "message.staff", data, due, due.secret, allow_private=allow))
    if outcome.verdict is Verdict.DOWN:  # this address, not the others'
        return msgspec.structs.replace(outcome, verdict=Verdict.LATER)
    return outcome


def _post(
    url: str, kind: str, data: Mapping[str, object], due: DueMessage, secret: str | None, *, allow_private: bool
) -> Answer:
    at: datetime = true_now()
    body = msgspec.json.encode({"type": kind, "timestamp": at, "data": {"message_id": due.id, **data}}).decode()
    secrets = [] if secret is None else [secret]
    headers = signed_headers(secrets, str(due.id), int(at.timestamp()), body)
    return post(url, body.encode(), headers, allow_private=allow_private)


def verdict_of(answer: Answer) -> Outcome:
    """What an answer over HTTP means for the message, and for the others that go the same way."""
    return Outcome(
        _judged(answer), answer.status, answer.said.replace("\x00", "\\0"), answer.took_s, answer.retry_after
    )


def _judged(answer: Answer) -> Verdict:
    status = answer.status
    if answer.is_success:
        return Verdict.DELIVERED
    if status is None or status < 400 or status in _NOT_OURS:
        return Verdict.DOWN
    if status >= 500 or status in _FOR_NOW:
        return Verdict.LATER
    return Verdict.REFUSED
