"""`waybill notify`: what customers and staff are told. Holds no rules of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from waybill.connections import database, message_options
from waybill.invocation import CommandError, settings_of
from waybill.settings import Settings
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    import psycopg

    from storage.messages import MessageRow

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Message = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id, as waybill notify list shows it.")]
Channel = Literal["email", "sms"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Messages to customers and staff: what was said, and did it arrive.")
    for name, command in (
        ("test", test), ("list", list_messages), ("show", show), ("resend", resend), ("texts", texts),
        ("opt-out", opt_out), ("premises", premises),
    ):  # fmt: skip
        group.command(name=name)(command)
    app.add_typer(group, name="notify")


def test(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="E-mail address, or phone number.")],
) -> None:
    """Sends a test message at once and shows what mail server or SMS receiver answered."""
    from contract.clock import true_now
    from gateway.notify.contacts import spelled
    from gateway.outbox.trial import try_channel
    from gateway.outbox.verdicts import Verdict

    channel: Channel = "email" if "@" in address else "sms"
    spelling = spelled(channel, address)
    if spelling is None:
        raise CommandError(f"{address!r} is neither an e-mail address nor a phone number")
    options = message_options(settings_of(context))
    outcome = try_channel(options.ways, channel, spelling, true_now())
    if outcome is None:
        missing = "smtp_host and mail_from" if channel == "email" else "sms_url"
        raise CommandError(f"no way is set up to tell {address}: set {missing}")
    answer = f"{'' if outcome.status is None else f'{outcome.status} '}{outcome.said}".strip() or "nothing"
    if outcome.verdict is not Verdict.DELIVERED:
        raise CommandError(f"{address} was not told ({outcome.verdict}): the answer was: {answer}")
    say(f"{address} was told by {channel} in {outcome.took_s:.1f} s; the answer was: {answer}")


def list_messages(
    context: typer.Context,
    search: Annotated[str | None, typer.Argument(help="Part of recipient, kind or order number.")] = None,
    state: Annotated[
        Literal["waiting", "delivered", "dropped", "given_up"] | None, typer.Option(help="Only these.")
    ] = None,
    audience: Annotated[Literal["customer", "staff"] | None, typer.Option(help="Only to these.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 50,
    after: Annotated[str | None, typer.Option(help="Goes on where the page before ended.")] = None,
    as_json: Json = False,
) -> None:
    """What people were told, newest first."""
    from gateway.api.paging import read_place, write_place
    from storage.messages import MessageFilter, message_list

    wanted = MessageFilter(audience=audience, state=state, text=search)
    with database(settings_of(context)) as connection:
        found = message_list(connection, wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    if as_json:
        show_json(page)
    else:
        show_table(("message", "made (UTC)", "order", "kind", "by", "to", "state", "why"), [_row(one) for one in page])
    if not page:
        note("There is none." if search is None else f"No message holds {search!r}.")
    if len(found) > limit:
        note(f"There are more: --after {write_place(page[-1].created_at, page[-1].id)}")


def show(context: typer.Context, message: Message) -> None:
    """One message word for word, with every try and its answer."""
    with database(settings_of(context)) as connection:
        found = _found(connection, message)
    for name in ("id", "kind", "channel", "recipient", "language", "order_no", "created_at", "outcome", "because"):
        value = getattr(found, name)
        if value is not None:
            say(f"{name}: {value}")
    for one in found.tries:
        say(f"try at {one['at']}: {one['status'] or 'no answer'} {one['said']}")
    say("")
    if found.subject is not None:
        say(f"{found.subject}\n")
    say(found.body)


def resend(context: typer.Context, message: Message) -> None:
    """Sends a message that has ended once more: the same words, the same Message-ID."""
    from gateway.notify.saying import again
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        found = _found(connection, message)
        again(connection, found, terminal_actor(), settings.parsed_clock().now())
    say(f"{found.kind} to {found.recipient}: on its way again; the worker sends it")


def texts(
    context: typer.Context,
    write: Annotated[
        Path | None, typer.Option(help="Folder to put copies of our texts in, to begin with.", file_okay=False)
    ] = None,
) -> None:
    """Checks the operator's texts: which are used, and what is wrong with the others, by file and line."""
    from gateway.notify.templates import Texts, ours_into
    from gateway.outbox.kinds import Kind

    if write is not None:
        say(f"{write}: {ours_into(write)} texts written; the setting texts_dir says where they are read from")
        return
    settings = settings_of(context)
    found = Texts(settings.texts_dir)
    found.look_again()
    show_table(
        ("kind", "language", "text"),
        [(kind, language, "the operator's" if found.is_own(kind, language) else "ours")
         for kind in Kind for language in sorted({"en", "es", *found.languages})],
    )  # fmt: skip
    if found.problems:
        raise CommandError("not used, ours stand in: " + "; ".join(map(str, found.problems)))


def opt_out(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The customer's e-mail address or phone number.")],
    again: Annotated[bool, typer.Option("--again", help="They want to be told again.")] = False,
) -> None:
    """From now on a customer is told nothing; what waits is dropped."""
    from gateway.notify.contacts import contact_of, turn
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    with database(settings) as connection:
        contact = contact_of(connection, "email" if "@" in address else "sms", address)
        turn(connection, contact, wanted=again, actor=terminal_actor(), at=settings.parsed_clock().now())
    say(f"{contact.address} {'is told again' if again else 'is told nothing any more'}")


def premises(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(help="Short name of the premises; left out: shows them all.")] = None,
    language: Annotated[str | None, typer.Option(help="Of customers whose order names none, such as es.")] = None,
    quiet: Annotated[str | None, typer.Option(help="Quiet hours such as 22:00-07:00, or none.")] = None,
    digest: Annotated[str | None, typer.Option(help="When staff get the day's list, such as 21:30, or none.")] = None,
) -> None:
    """How premises speak to customers and staff; what is not given stays as it is."""
    from storage.telling import premises_telling

    settings = settings_of(context)
    with database(settings) as connection:
        if code is not None:
            _change(connection, settings, code, {"language": language, "quiet_hours": quiet, "digest_at": digest})
        known = premises_telling(connection)
    rows = [
        (one.code, one.tz, one.language or "en", _said(one.quiet_hours, settings.quiet_hours),
         _said(one.digest_at, settings.digest_at))
        for one in known if code in (None, one.code)
    ]  # fmt: skip
    show_table(("premises", "time zone", "language", "quiet hours", "day's list"), rows)


def _change(connection: psycopg.Connection, settings: Settings, code: str, wanted: dict[str, str | None]) -> None:
    from gateway.master.premises import find_premises
    from gateway.notify.premises import change_telling
    from waybill.commands.actor import terminal_actor

    found = find_premises(connection, code)
    given = {name: "" if value == "none" else value for name, value in wanted.items() if value is not None}
    change_telling(connection, found, given, actor=terminal_actor(), at=settings.parsed_clock().now())


def _said(own: str | None, setting: str) -> str:
    return (setting if own is None else own) or "none"


def _found(connection: psycopg.Connection, message: str) -> MessageRow:
    from uuid import UUID

    from storage.messages import MessageFilter, message_list

    try:
        found = message_list(connection, MessageFilter(message_id=UUID(message)), most=1)
    except ValueError:
        raise CommandError(f"{message!r} is no message's id: waybill notify list shows them") from None
    if not found:
        raise CommandError(f"there is no message {message}: waybill notify list shows them")
    return found[0]


def _row(one: MessageRow) -> tuple[object, ...]:
    return (one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.order_no, one.kind, one.channel, one.recipient,
            one.outcome or "waiting", one.because)  # fmt: skip
