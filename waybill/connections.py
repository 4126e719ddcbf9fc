"""Opens the database and the broker's administration for commands, with errors that say which setting to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from waybill.configuration import PREFIX
from waybill.invocation import CommandError
from waybill.setting_rules import shown
from waybill.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from gateway.api.customer_pages import CustomerPages
    from gateway.api.enrolments import EnrolmentDesk
    from gateway.broker_admin import BrokerAdmin
    from gateway.people.oidc import Provider
    from gateway.places.places import Places
    from gateway.places.service import AddressService
    from gateway.worker.alerts import AlertOptions
    from gateway.worker.messages import MessageOptions

UrlName = Literal["database_url", "database_owner_url", "database_reader_url", "database_retention_url"]
_PATIENCE_S = 10


def needed(settings: Settings, name: str) -> str:
    """The value of a setting that a command cannot do without."""
    value = getattr(settings, name)
    if value is None:
        variable = PREFIX + name.upper()
        raise CommandError(f"{name} is not set: set {variable} or write it into waybill.toml; ./run demo makes its own")
    return str(value)


@contextmanager
def database(settings: Settings, name: UrlName = "database_url") -> Iterator[psycopg.Connection]:
    """A connection in one transaction, which is committed at the end, or rolled back by an error."""
    # transaction() beside the connection's own: what is called may open transactions of its own, and psycopg commits
    # the first one on an idle connection instead of making a savepoint.
    with _connected(settings, name) as connection, connection.transaction():
        yield connection


@contextmanager
def reader(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection as the reader, without a transaction: storage.reads begins one for each reading."""
    with _connected(settings, "database_reader_url") as connection:
        yield connection


@contextmanager
def _connected(settings: Settings, name: UrlName) -> Iterator[psycopg.Connection]:
    import psycopg

    url = needed(settings, name)
    try:
        connection = psycopg.connect(url, connect_timeout=_PATIENCE_S)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        place = shown("database", url)
        raise CommandError(f"no connection to {place} ({name}): {reason}") from error
    with connection:
        try:
            yield connection
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise CommandError(f"{shown('database', url)} has no Waybill schema: run waybill db migrate") from error


def broker_admin(settings: Settings) -> BrokerAdmin:
    """The door to the devices' credentials."""
    from gateway.broker_admin import BrokerAdmin

    password = needed(settings, "broker_admin_password")
    return BrokerAdmin(settings.broker_host, settings.broker_port, password)


def enrolment_desk(settings: Settings) -> EnrolmentDesk | None:
    """What enrolment codes are exchanged with; None when the broker's administration is not ours to use."""
    from gateway.api.enrolments import EnrolmentDesk
    from gateway.device_ca import load_ca

    if settings.broker_admin_password is None:
        return None
    ca = settings.device_broker_tls_ca or settings.broker_tls_ca
    try:
        pem = None if ca is None else ca.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        name = "broker_tls_ca" if settings.device_broker_tls_ca is None else "device_broker_tls_ca"
        raise CommandError(f"{name} = {ca}: {error}") from error
    return EnrolmentDesk(
        clock=settings.parsed_clock(),
        broker=broker_admin(settings),
        broker_host=settings.device_broker_host or settings.broker_host,
        broker_port=settings.device_broker_port or settings.broker_port,
        tls_ca_pem=pem,
        certificate_port=settings.device_broker_certificate_port,
        load_device_ca=None if settings.device_ca_dir is None else partial(load_ca, settings.device_ca_dir),
    )


def sign_in_provider(settings: Settings) -> Provider | None:
    """The OpenID Connect provider that people sign in through; None: it is not set up."""
    from gateway.people.oidc import Provider

    if settings.oidc_issuer is None:
        return None
    needed(settings, "public_url")
    return Provider(settings.oidc_issuer, needed(settings, "oidc_client_id"), needed(settings, "oidc_client_secret"))


def map_of(settings: Settings) -> Path:
    """Where the map is: the one that is set up, else where waybill map build puts it."""
    return settings.map_dir or settings.data_dir / "map"


def places_of(settings: Settings) -> Places:
    """What orders' addresses are looked up in."""
    from gateway.places.places import Places

    return Places(map_of(settings), asks_service=settings.geocoder_url is not None)


def customer_pages_of(settings: Settings) -> CustomerPages:
    """What customers' pages go by; their map is the one that the dashboard draws."""
    from gateway.api.customer_pages import CustomerPages
    from gateway.customer.ground import FILE
    from waybill.demo.map_data import map_folder

    built = settings.data_dir / "map"
    return CustomerPages(
        link_days=settings.tracking_link_days,
        frame_origins=settings.tracking_frame_origins,
        map_dir=settings.map_dir or (built if (built / FILE).is_file() else map_folder()),
    )


def address_service(settings: Settings) -> AddressService | None:
    """Who is asked for an address that nothing here knows; None: nobody, and no address leaves the installation."""
    from importlib.metadata import version

    from gateway.places.service import AddressService

    if settings.geocoder_url is None:
        return None
    agent = f"Waybill/{version('waybill')} ({settings.public_url or 'self-hosted'})"
    return AddressService(settings.geocoder, settings.geocoder_url, agent)


def message_options(settings: Settings) -> MessageOptions:
    """How people are told; a way that is not set up is none."""
    from datetime import timedelta

    from gateway.notify.saying import NotifyOptions
    from gateway.outbox.kinds import Kind
    from gateway.outbox.mail import MailOptions
    from gateway.outbox.ways import SmsOptions, WayOptions
    from gateway.worker.messages import MessageOptions

    mail = None
    if settings.smtp_host is not None:
        mail = MailOptions(
            host=settings.smtp_host, port=settings.smtp_port, sender=needed(settings, "mail_from"),
            security=settings.smtp_security, username=settings.smtp_username, password=settings.smtp_password,
            tls_ca=settings.smtp_tls_ca,
        )  # fmt: skip
    sms = None if settings.sms_url is None else SmsOptions(settings.sms_url, settings.sms_secret)
    first, second = ("sms", "email") if settings.notify_first == "sms" else ("email", "sms")
    set_up = {"email": mail is not None, "sms": sms is not None}
    wanted = [] if settings.notify_kinds == "none" else settings.notify_kinds.split(",")
    kinds = frozenset(Kind(word.strip()) for word in wanted)
    quiet_hours = "" if settings.quiet_hours == "none" else settings.quiet_hours
    return MessageOptions(
        ways=WayOptions(
            mail=mail, sms=sms, webhook_allow_private=settings.webhook_allow_private, public_url=settings.public_url
        ),
        notify=NotifyOptions(
            kinds=kinds, channels=tuple(channel for channel in (first, second) if set_up[channel]),
            every_channel=settings.notify_every_way, public_url=settings.public_url,
            soon=timedelta(minutes=settings.notify_soon_minutes),
            eta_change=timedelta(minutes=settings.notify_eta_minutes),
        ),
        texts_dir=settings.texts_dir, quiet_hours=quiet_hours, clock=settings.parsed_clock(),
    )  # fmt: skip


def alert_options(settings: Settings) -> AlertOptions:
    """What staff are warned of beside what the records show: the disk of the data folder, when there is one."""
    from datetime import timedelta

    from gateway.alerts.conditions import Watched
    from gateway.worker.alerts import AlertOptions

    disk = settings.data_dir if settings.data_dir.is_dir() else None
    digest_at = "" if settings.digest_at == "none" else settings.digest_at
    watched = Watched(disk=disk, backup_max_age=timedelta(hours=settings.backup_max_age_hours))
    return AlertOptions(watched=watched, digest_at=digest_at, clock=settings.parsed_clock())
