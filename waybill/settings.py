"""Every setting of Waybill with its meaning, default and limits. Loads none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from contract.clock import Clock, parse_clock
from waybill.stack.places import checkout


def _about(description: str, kind: str | None = None, **limits: Any) -> Meta:
    """What a setting means, and the kind of text it is (waybill/setting_rules.py) when its type does not say it."""
    return Meta(description=description, extra=None if kind is None else {"kind": kind}, **limits)


def _default_data_dir() -> Path:
    return checkout() / ".waybill" / "demo"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One installation. None means not set; what needs the value then says so."""

    data_dir: Annotated[Path, _about("folder for spools, logs and what the one-machine stack keeps")] = msgspec.field(
        default_factory=_default_data_dir
    )
    clock: Annotated[str, _about("'system', or T0@WALL*RATE for demos and tests", "clock")] = "system"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _about("the least that a log line must matter to be written")
    ] = "info"

    log_format: Annotated[
        Literal["text", "json"], _about("how a log line is written: for people, or one JSON object for machines")
    ] = "text"

    database_url: Annotated[
        str | None, _about("the database as role waybill_gateway: what gateway, api and worker use", "database")
    ] = None
    database_owner_url: Annotated[
        str | None, _about("the database as role waybill_owner: only waybill db migrate uses it", "database")
    ] = None
    database_reader_url: Annotated[
        str | None, _about("the database as role waybill_reader: dashboard and history", "database")
    ] = None
    database_retention_url: Annotated[
        str | None, _about("the database as role waybill_retention: deletes what is too old", "database")
    ] = None

    broker_host: Annotated[str, _about("host of the MQTT broker", "host")] = "127.0.0.1"
    broker_port: Annotated[int, _about("port of the MQTT broker; 8883 is usual with TLS", ge=1, le=65535)] = 1883
    broker_tls_ca: Annotated[
        Path | None, _about("file of certificate authorities; when set, the broker is spoken to with TLS")
    ] = None
    broker_username: Annotated[str, _about("the gateway's broker user, as broker.acl names it", "word")] = "gateway"
    broker_password: Annotated[str | None, _about("password of broker_username", "secret")] = None
    broker_admin_password: Annotated[
        str | None, _about("password of the broker's user admin, who manages devices' credentials", "secret")
    ] = None
    device_broker_host: Annotated[
        str | None, _about("the broker's host as devices reach it, told to those that enrol; else broker_host", "host")
    ] = None
    device_broker_port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None, _about("the broker's port as devices reach it; else broker_port")
    ] = None
    device_broker_tls_ca: Annotated[
        Path | None, _about("file of certificate authorities that devices check the broker with; else broker_tls_ca")
    ] = None
    device_broker_certificate_port: Annotated[
        int, _about("the broker's port, as devices reach it, that asks for a certificate", ge=1, le=65535)
    ] = 8884
    device_ca_dir: Annotated[
        Path | None, _about("folder of waybill broker certificates; api signs the certificates of devices with it")
    ] = None
    device_certificate: Annotated[
        Path | None, _about("certificate of the device that waybill bridge speaks for, in place of a password")
    ] = None
    device_key: Annotated[Path | None, _about("key of device_certificate")] = None
    device_password: Annotated[
        str | None, _about("broker password of the device that waybill bridge speaks for", "secret")
    ] = None
    states_password: Annotated[
        str | None,
        _about(
            "password of the broker's user states; when set, worker publishes vehicles' states and milestones", "secret"
        ),
    ] = None
    gateway_client_id: Annotated[
        str, _about("the gateway's name; a second gateway of this name waits until the first is gone", "word")
    ] = "gateway"
    accept_simulated: Annotated[
        bool, _about("whether simulators' fixes count on map and trip; if not, they are stored refused")
    ] = False
    accept_replayed: Annotated[
        bool, _about("whether replayed captures' fixes count on map and trip; if not, they are stored refused")
    ] = False

    api_host: Annotated[str, _about("address on which the HTTP API listens", "host")] = "127.0.0.1"
    api_port: Annotated[int, _about("port on which the HTTP API listens", ge=1, le=65535)] = 8080
    dashboard_host: Annotated[str, _about("address on which the dashboard listens", "host")] = "127.0.0.1"
    dashboard_port: Annotated[int, _about("port on which the dashboard listens", ge=1, le=65535)] = 8501
    metrics_host: Annotated[
        str, _about("address on which gateway and worker answer monitors: /metrics, /healthz, /readyz", "host")
    ] = "127.0.0.1"
    gateway_metrics_port: Annotated[int, _about("the gateway's port for monitors; 0: none", ge=0, le=65535)] = 9301
    worker_metrics_port: Annotated[int, _about("the worker's port for monitors; 0: none", ge=0, le=65535)] = 9302
    public_url: Annotated[
        str | None, _about("where people reach this installation; the only source of links", "origin")
    ] = None
    tracking_link_days: Annotated[
        int, _about("days after the end of an order that its customer's link still works", ge=1, le=3650)
    ] = 30
    tracking_frame_origins: Annotated[
        str | None, _about("origins that may show customers' pages within their own, with blanks between", "origins")
    ] = None
    webhook_allow_private: Annotated[
        bool, _about("whether webhooks may go to private addresses and without https; for a network of one's own")
    ] = False
    oidc_issuer: Annotated[
        str | None,
        _about("issuer of the OpenID Connect provider that people sign in through, as it names itself", "url"),
    ] = None
    oidc_client_id: Annotated[str | None, _about("this installation's name at oidc_issuer", "token")] = None
    oidc_client_secret: Annotated[str | None, _about("what this installation proves itself with there", "secret")] = (
        None
    )

    smtp_host: Annotated[
        str | None,
        _about("mail server that customers and staff are told through; not set: nobody is, by e-mail", "host"),
    ] = None
    smtp_port: Annotated[int, _about("its port; 465 is usual with smtp_security = tls", ge=1, le=65535)] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        _about("TLS after the greeting, from the beginning, or none, for a server on this machine"),
    ] = "starttls"
    smtp_tls_ca: Annotated[
        Path | None, _about("file of certificate authorities, when the mail server's is our own")
    ] = None
    smtp_username: Annotated[str | None, _about("this installation's user at the mail server", "token")] = None
    smtp_password: Annotated[str | None, _about("password of smtp_username", "secret")] = None
    mail_from: Annotated[
        str | None, _about("address that mail comes from; the name beside it is the premises' own", "mail")
    ] = None
    sms_url: Annotated[
        str | None,
        _about("where text messages are handed to what sends them; not set: nobody is told by SMS", "sms"),
    ] = None
    sms_secret: Annotated[str | None, _about("signs what goes there, as webhooks are signed", "signing")] = None
    notify_kinds: Annotated[str, _about("what customers are told, with commas between; none: nothing", "kinds")] = (
        "out_for_delivery,arriving_soon,eta_changed,delivered,failed,cancelled,rescheduled,taken_back"
    )
    notify_first: Annotated[
        Literal["sms", "email"], _about("the way that is taken when an order has a phone and an e-mail address")
    ] = "sms"
    notify_every_way: Annotated[bool, _about("whether both ways are taken then")] = False
    notify_soon_minutes: Annotated[
        int, _about("arriving_soon is told when the drop is next and so many minutes away", ge=1, le=60)
    ] = 10
    notify_eta_minutes: Annotated[
        int, _about("a change of the expected time is told when it is so many minutes or more", ge=5, le=240)
    ] = 20
    quiet_hours: Annotated[
        str,
        _about("customers are told nothing then, by their premises' clock; none: always may be", "quiet_hours"),
    ] = "22:00-07:00"
    digest_at: Annotated[
        str,
        _about("when staff get the day's list of orders to call about, by the premises' clock; none: never", "time"),
    ] = "21:30"
    texts_dir: Annotated[Path | None, _about("folder with texts of messages in place of those that come with us")] = (
        None
    )

    document_warning_days: Annotated[
        int, _about("days ahead that a document is told to run out: in lists and waybill status", ge=0, le=3650)
    ] = 30
    map_dir: Annotated[
        Path | None,
        _about(
            "folder of waybill map build: drawn under the vans (else the demo's Helsinki); api and worker look "
            "addresses up in it"
        ),
    ] = None
    geocoder: Annotated[Literal["nominatim", "photon"], _about("what geocoder_url speaks")] = "nominatim"
    geocoder_url: Annotated[
        str | None,
        _about(
            "address service that is told addresses which the map does not know; not set: none leaves here", "service"
        ),
    ] = None

    backup_dir: Annotated[
        Path | None, _about("folder for waybill backup make; when not set, backups in the data folder")
    ] = None
    backup_passphrase: Annotated[
        str | None,
        _about("what backups are locked and opened with, 16 characters or more; keep it elsewhere too", "secret"),
    ] = None
    backup_recipient: Annotated[
        str | None, _about("public key of age that backups are made for instead; its owner alone opens them", "word")
    ] = None
    backup_max_age_hours: Annotated[int, _about("waybill status warns when the newest backup is older", ge=1)] = 48

    # The floor is California's: GPS records of deliveries are kept at least 90 days (4 CCR 15417).
    retention_on_trip_days: Annotated[int, _about("days that fixes of trips are kept", ge=90)] = 180
    retention_off_trip_days: Annotated[
        int, _about("days that fixes outside of trips are kept; 0: they go the day after", ge=0)
    ] = 7
    retention_reject_days: Annotated[int, _about("days that rejects are kept", ge=30)] = 180
    # 7 years: California's records (4 CCR 15037); the shortest period of a profile is 18 months (OAR 845-005-0424).
    retention_business_days: Annotated[int, _about("days that orders and trips are kept", ge=548)] = 2557

    def parsed_clock(self) -> Clock:
        """The one clock that every part of this installation takes its time from."""
        return parse_clock(self.clock)
