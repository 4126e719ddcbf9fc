"""`waybill device`: registers devices, gives and takes passwords, fits them in vehicles. Holds no rules of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from contract.times import format_instant
from waybill.commands import device_senders, device_settings
from waybill.commands.device_senders import Wish, hand_over_senders, hand_over_token, register_device, senders_of
from waybill.commands.vehicle import Json
from waybill.connections import broker_admin, database
from waybill.invocation import CommandError, settings_of
from waybill.settings import Settings
from waybill.terminal import note, say, show_json, show_table

if TYPE_CHECKING:
    from gateway.master.enrolment import EnrolmentCode
    from storage.master import Device, Fitting

DeviceName = Annotated[str, typer.Argument(metavar="DEVICE", help="Name, such as gps-07.")]
Instant = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="From when on: 2026-11-23T09:00:00Z, or '2 hours ago'; else now."),
]
Into = Annotated[str | None, typer.Option("--vehicle", metavar="VEHICLE", help="Name, such as van-7.")]
Serial = Annotated[str | None, typer.Option("--serial", help="The maker's serial number, as read from the unit.")]
Affixed = Annotated[
    bool | None, typer.Option("--affixed/--loose", help="Is it fixed to the vehicle, or only lies in it?")
]
ConsentBy = Annotated[str | None, typer.Option("--consent-by", metavar="NAME", help="Owner who agreed to the unit.")]
ConsentOn = Annotated[
    datetime | None, typer.Option("--consent-on", formats=["%Y-%m-%d"], metavar="DAY", help="When the owner agreed.")
]
ConsentDocument = Annotated[
    str | None, typer.Option("--consent-document", metavar="REFERENCE", help="Where that is written.")
]
Save = Annotated[
    bool, typer.Option("--save", help="Keep the password in the data folder, for waybill bridge on this machine.")
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Devices: the GPS units that report.")
    group.command(name="list")(list_devices)
    group.command(name="add")(add)
    group.command(name="fit")(fit)
    group.command(name="unfit")(unfit)
    group.command(name="move")(move)
    group.command(name="enroll")(enroll)
    group.command(name="rotate")(rotate)
    group.command(name="revoke")(revoke)
    group.command(name="settings")(device_settings.settings)
    group.command(name="unknown")(device_senders.unknown)
    group.command(name="accept")(device_senders.accept)
    app.add_typer(group, name="device")


def list_devices(context: typer.Context, as_json: Json = False) -> None:
    """Every device: where it is fitted since when, whether the broker lets it in, its last fix."""
    from storage.master import devices

    with database(settings_of(context)) as connection:
        known = devices(connection)
    if as_json:
        show_json(known)
        return
    rows = [
        (one.name, one.kind, one.vehicle_name, one.premises_code, _second(one.fitted_at), _credential(one),
         _second(one.last_fix_at), one.serial_no)
        for one in known
    ]  # fmt: skip
    show_table(("device", "kind", "fitted in", "premises", "since", "credential", "last fix", "serial no"), rows)
    if not known:
        note("There are none yet: waybill device add gps-01 --fit van-1.")


def add(
    context: typer.Context,
    name: DeviceName,
    fit_in: Annotated[str | None, typer.Option("--fit", metavar="VEHICLE", help="Fit it in this vehicle.")] = None,
    at: Instant = None,
    kind: Annotated[str | None, typer.Option(help="dedicated, or phone for a driver's own.")] = None,
    serial_no: Annotated[str | None, typer.Option("--serial", help="The maker's serial number.")] = None,
    owntracks: Annotated[
        str | None, typer.Option(metavar="USER/DEVICE", help="An OwnTracks app, by its topic.")
    ] = None,
    osmand: Annotated[str | None, typer.Option(metavar="ID", help="A Traccar Client app, by its identifier.")] = None,
    flespi: Annotated[str | None, typer.Option(metavar="NUMBER", help="A device at flespi, by its number.")] = None,
    save: Save = False,
    code: Annotated[bool, typer.Option("--code", help="Print a code for waybill bridge enroll, no password.")] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="It identifies itself by a certificate, which it gets for a code.")
    ] = False,
) -> None:
    """Registers a device and prints the broker password made for it, or with --code an enrolment code, this once."""
    if tls and (owntracks or osmand or flespi):
        raise CommandError("--tls is for waybill bridge: an app has a password, or a token in its URL")
    if tls and save:
        raise CommandError("--save keeps a password, and a device with --tls has none: its key is made in the vehicle")
    settings = settings_of(context)
    senders = senders_of(owntracks, osmand, flespi)
    wish = Wish(
        name=name, senders=senders, fit_in=fit_in, from_at=_instant(settings, at), kind=kind, serial_no=serial_no,
        code=code, tls=tls,
    )  # fmt: skip
    with database(settings) as connection:
        made = register_device(connection, settings, wish)
    said = f"device {name} is registered, {made.where}."
    if made.opened is not None:
        note(said)
        _hand_over_code(settings, made.device, made.opened)
    elif made.password is not None:
        note(f"{said} Its broker user is {name}, its password is shown only now:")
        _hand_over(settings, name, made.password, save=save)
    else:
        note(said)
    hand_over_senders(settings, name, senders, made.token)


def fit(
    context: typer.Context,
    name: DeviceName,
    vehicle: Annotated[str | None, typer.Argument(metavar="VEHICLE", help="The same as --vehicle.")] = None,
    into_name: Into = None,
    at: Instant = None,
    serial_no: Serial = None,
    affixed: Affixed = None,
    consent_by: ConsentBy = None,
    consent_on: ConsentOn = None,
    consent_document: ConsentDocument = None,
) -> None:
    """From now on (or --at) the device's fixes are the vehicle's. Keeps which unit, how, and the owner's consent."""
    from gateway.master.devices import find_device, fit_device
    from gateway.master.vehicles import find_vehicle
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    from_at = _instant(settings, at)
    wanted = _one_of(vehicle, into_name)
    fitting = _fitting(serial_no, affixed, consent_by, consent_on, consent_document)
    with database(settings) as connection:
        device, into = find_device(connection, name), find_vehicle(connection, wanted)
        fit_device(connection, device, into, actor=terminal_actor(), at=from_at, fitting=fitting)
    say(f"device {name} is fitted in {into.name} from {format_instant(from_at)} on")
    _ask_for_consent(fitting)


def move(
    context: typer.Context,
    name: DeviceName,
    into_name: Annotated[str, typer.Option("--vehicle", metavar="VEHICLE", help="Name, such as van-8.")],
    at: Instant = None,
    serial_no: Serial = None,
    affixed: Affixed = None,
    consent_by: ConsentBy = None,
    consent_on: ConsentOn = None,
    consent_document: ConsentDocument = None,
) -> None:
    """Unfit and fit in one: from now on (or --at) the device's fixes are another vehicle's."""
    from gateway.master.devices import find_device, move_device
    from gateway.master.vehicles import find_vehicle
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    at_instant = _instant(settings, at)
    fitting = _fitting(serial_no, affixed, consent_by, consent_on, consent_document)
    with database(settings) as connection:
        device, into = find_device(connection, name), find_vehicle(connection, into_name)
        left = move_device(connection, device, into, actor=terminal_actor(), at=at_instant, fitting=fitting)
    say(f"device {name} moved from {left.vehicle_name} to {into.name} at {format_instant(at_instant)}")
    _ask_for_consent(fitting)


def unfit(context: typer.Context, name: DeviceName, at: Instant = None) -> None:
    """From now on (or --at) the device's fixes are no vehicle's."""
    from gateway.master.devices import find_device, unfit_device
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    to_at = _instant(settings, at)
    with database(settings) as connection:
        ended = unfit_device(connection, find_device(connection, name), actor=terminal_actor(), at=to_at)
    say(f"device {name} left {ended.vehicle_name} at {format_instant(to_at)}")


def rotate(context: typer.Context, name: DeviceName, save: Save = False) -> None:
    """Makes a new broker password for the device and prints it, this once; the old one ends at once.

    A device with a certificate gets a code instead; its old certificate ends when the code is exchanged for a new one.
    A phone that reports by HTTP gets a new token.
    """
    from gateway.master.devices import find_device, issue_credentials
    from gateway.master.enrolment import open_enrolment
    from gateway.master.senders import change_token
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    actor, now = terminal_actor(), settings.parsed_clock().now()
    with database(settings) as connection:
        device = find_device(connection, name)
        by_http = change_token(connection, device, actor=actor, at=now)
        opened, passwords = None, {}
        if device.has_certificate:
            if save:
                raise CommandError(f"--save keeps a password, and {name} has none: its key is made in the vehicle")
            opened = open_enrolment(connection, device, actor=actor, at=now)
        elif by_http is None or device.credential_issued_at is not None:
            passwords = issue_credentials(connection, broker_admin(settings), [name], actor=actor, at=now)
    if opened is not None:
        _hand_over_code(settings, device, opened)
    for password in passwords.values():
        note(f"The new password of {name}, shown only now:")
        _hand_over(settings, name, password, save=save)
    if by_http is not None:
        hand_over_token(settings, *by_http)


def enroll(context: typer.Context, name: DeviceName) -> None:
    """Prints a code that the device is set up with once, within 15 minutes: waybill bridge enroll URL CODE."""
    from gateway.master.devices import find_device
    from gateway.master.enrolment import open_enrolment
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    now = settings.parsed_clock().now()
    with database(settings) as connection:
        device = find_device(connection, name)
        opened = open_enrolment(connection, device, actor=terminal_actor(), at=now)
    _hand_over_code(settings, device, opened)


def revoke(
    context: typer.Context,
    name: DeviceName,
    reason: Annotated[str | None, typer.Option(help="Why, for the record: lost, sold, broken …")] = None,
) -> None:
    """Takes the device's credential away and cuts it off at once. Where it was fitted stays on record."""
    from gateway.master.devices import find_device, revoke_credential
    from waybill.commands.actor import terminal_actor

    settings = settings_of(context)
    now = settings.parsed_clock().now()
    with database(settings) as connection:
        device = find_device(connection, name)
        broker = broker_admin(settings)
        had_one = revoke_credential(connection, broker, device, actor=terminal_actor(), at=now, reason=reason)
    say(f"the broker lets {name} in no more" + ("" if had_one else "; it had no credential on record"))
    if device.vehicle_name is not None:
        note(f"It is still fitted in {device.vehicle_name}: waybill device unfit {name} when it is taken out.")


def _hand_over(settings: Settings, name: str, password: str, *, save: bool) -> None:
    from waybill.device_passwords import keep_password

    say(password)
    if save:
        note(f"kept in {keep_password(settings.data_dir, name, password)}")


def _hand_over_code(settings: Settings, device: Device, opened: EnrolmentCode) -> None:
    name = device.name
    say(opened.code)
    url = settings.public_url or f"http://{settings.api_host}:{settings.api_port}"
    note(f"The code of {name}, shown only now, good once and until {_second(opened.expires_at)}. On the device:")
    note(f"waybill bridge enroll {url} {opened.code}")
    note(f"or, where only the bridge is installed: waybill-bridge enroll {url} {opened.code}")
    if settings.broker_admin_password is None:
        note("WAYBILL_BROKER_ADMIN_PASSWORD is not set here: unless the api has it, it will refuse the code.")
    if device.has_certificate and settings.device_ca_dir is None:
        note("WAYBILL_DEVICE_CA_DIR is not set here: unless the api has it, it will refuse the code.")


def _one_of(argument: str | None, option: str | None) -> str:
    if (argument is None) == (option is None):
        raise CommandError("which vehicle? Say it once: --vehicle van-7")
    return str(argument or option)


def _fitting(
    serial_no: str | None, affixed: bool | None, by: str | None, on: datetime | None, document: str | None
) -> Fitting:
    from storage.master import Fitting

    day = None if on is None else on.date()
    return Fitting(serial_no=serial_no, affixed=affixed, consent_by=by, consent_on=day, consent_document=document)


def _ask_for_consent(fitting: Fitting) -> None:
    if fitting.consent_by is None:
        note("No consent of the vehicle's owner was recorded; where the law wants it: --consent-by, --consent-on.")


def _credential(device: Device) -> str:
    if device.credential_revoked_at is not None:
        return f"revoked {_second(device.credential_revoked_at)}"
    if device.credential_issued_at is None:
        return "none"
    until = "" if not device.has_certificate else f", certificate until {device.certificate_expires_at:%Y-%m-%d}"
    return f"since {_second(device.credential_issued_at)}{until}"


def _second(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _instant(settings: Settings, text: str | None) -> datetime:
    from waybill.instants import instant

    return instant(text or "now", settings.parsed_clock().now(), "--at")
