"""`waybill device unknown|accept`, and the registration that `device add` shares with them. Holds no rules."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from contract.foreign import OWN, Sender, by_broker
from waybill.commands.vehicle import Json
from waybill.connections import broker_admin, database
from waybill.invocation import CommandError, settings_of
from waybill.settings import Settings
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    import psycopg

    from gateway.master.enrolment import EnrolmentCode
    from storage.master import Device
    from storage.senders import UnknownSender

_OTHERS = "(others)"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be registered, and how its credential is to be handed out."""

    name: str
    senders: tuple[Sender, ...] = ()
    fit_in: str | None = None
    from_at: datetime
    kind: str | None = None
    serial_no: str | None = None
    save: bool = False
    code: bool = False
    tls: bool = False


class Made(msgspec.Struct, frozen=True):
    """What was made, to be shown once."""

    device: Device
    where: str
    opened: EnrolmentCode | None
    password: str | None
    token: str | None


def senders_of(owntracks: str | None, osmand: str | None, flespi: str | None) -> tuple[Sender, ...]:
    """The senders that the options of `device add` name."""
    said = {"owntracks": owntracks, "osmand": osmand, "flespi": flespi}
    return tuple(Sender(protocol, address) for protocol, address in said.items() if address is not None)


def register_device(connection: psycopg.Connection, settings: Settings, wish: Wish) -> Made:
    """Registers, fits and gives credentials, in the caller's transaction."""
    from gateway.master.devices import add_device, fit_device, issue_credentials
    from gateway.master.enrolment import open_enrolment
    from gateway.master.senders import add_sender, kind_of
    from gateway.master.vehicles import find_vehicle
    from waybill.commands.actor import terminal_actor

    actor, now = terminal_actor(), settings.parsed_clock().now()
    kind = kind_of(list(wish.senders), wish.kind)
    vehicle = None if wish.fit_in is None else find_vehicle(connection, wish.fit_in)
    shown_by = "certificate" if wish.tls else "password"
    device = add_device(
        connection, wish.name, actor=actor, at=now, kind=kind, serial_no=wish.serial_no, credential_kind=shown_by
    )
    tokens = [add_sender(connection, device, sender, actor=actor, at=now) for sender in wish.senders]
    if vehicle is not None:
        fit_device(connection, device, vehicle, actor=actor, at=wish.from_at)
    where = "fitted nowhere yet: waybill device fit" if vehicle is None else f"fitted in {vehicle.name}"
    token = next((one for one in tokens if one is not None), None)
    if wish.code or wish.tls:
        return Made(device, where, open_enrolment(connection, device, actor=actor, at=now), None, token)
    if wish.senders and not any(by_broker(sender) for sender in wish.senders):
        return Made(device, where, None, None, token)  # it never comes to the broker
    passwords = issue_credentials(connection, broker_admin(settings), [wish.name], actor=actor, at=now)
    return Made(device, where, None, passwords[wish.name], token)


def hand_over_senders(settings: Settings, name: str, senders: tuple[Sender, ...], token: str | None) -> None:
    """What has to be set in the apps."""
    for sender in senders:
        if by_broker(sender):
            note(f"It publishes on {sender.topic}, with the broker user {name}.")
        elif token is not None:
            hand_over_token(settings, sender.address, token)


def hand_over_token(settings: Settings, address: str, token: str) -> None:
    url = settings.public_url or f"http://{settings.api_host}:{settings.api_port}"
    note(f"In Traccar Client: identifier {address}, and as server URL, which is the secret and is shown only now:")
    say(f"{url}/v1/osmand/{token}")


def unknown(
    context: typer.Context,
    search: Annotated[str, typer.Argument(metavar="[SEARCH]", help="Only names with this in them.")] = "",
    as_json: Json = False,
) -> None:
    """Who reported and is not registered: how it came, how much, when, where. Accept it with device accept."""
    from contract.geo import from_e7
    from storage.senders import unknown_senders

    with database(settings_of(context)) as connection:
        found = [one for one in unknown_senders(connection) if search.lower() in _who(one).lower()]
    if as_json:
        show_json(found)
        return
    rows = [
        (_who(one), one.protocol, one.reports, f"{one.kept_bytes} B", _second(one.first_seen_at),
         _second(one.last_seen_at),
         None if one.lat_e7 is None or one.lon_e7 is None else
         f"{from_e7(one.lat_e7):.5f},{from_e7(one.lon_e7):.5f}")
        for one in found
    ]  # fmt: skip
    show_table(("who", "protocol", "reports", "kept", "first", "last", "last place"), rows)
    if not found:
        note("Nobody that is not registered has reported" + (f" with {search!r} in the name." if search else "."))
    elif any(one.address for one in found):
        first = next(one for one in found if one.address)
        note(f"Register one with: waybill device accept {_who(first)} --fit van-1")


def accept(
    context: typer.Context,
    who: Annotated[str, typer.Argument(metavar="WHO", help="As waybill device unknown shows it.")],
    name: Annotated[str | None, typer.Option("--as", metavar="DEVICE", help="The device's name, if another.")] = None,
    fit_in: Annotated[str | None, typer.Option("--fit", metavar="VEHICLE", help="Fit it in this vehicle.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Fitted from when on; else now.")] = None,
) -> None:
    """Registers an unknown sender as a device in one step and prints what it must be set to, this once."""
    from storage.senders import unknown_senders
    from waybill.instants import instant

    settings = settings_of(context)
    from_at = instant(at or "now", settings.parsed_clock().now(), "--at")
    with database(settings) as connection:
        known = {_who(one): one for one in unknown_senders(connection) if one.address}
        one = known.get(who)
        if one is None:
            listed = ", ".join(list(known)[:20]) or "none"
            raise CommandError(f"nobody unknown is called {who!r}; there are: {listed} (waybill device unknown)")
        sender = Sender(one.protocol, one.address)
        senders = () if one.protocol == OWN else (sender,)
        called = name or one.address
        made = register_device(connection, settings, Wish(name=called, senders=senders, fit_in=fit_in, from_at=from_at))
    note(f"{who} is the device {called} now, kind {made.device.kind}, {made.where}.")
    if made.password is not None:
        note(f"Its broker user is {called}, its password is shown only now:")
        say(made.password)
    hand_over_senders(settings, called, senders, made.token)
    if one.kept_bytes:
        note(f"What it sent before was kept: waybill rejects replay --device {who} --reason unknown_device")


def _who(one: UnknownSender) -> str:
    if not one.address:
        return _OTHERS
    return one.address if one.protocol == OWN else Sender(one.protocol, one.address).label


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
