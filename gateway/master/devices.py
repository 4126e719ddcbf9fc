"""Registers devices, gives and takes their credentials, fits them in vehicles, with audit events. Reads no fixes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
import psycopg

from contract.fix import DEVICE_NAME
from contract.foreign import Sender, by_broker
from contract.reasons import DerivationCause
from gateway.broker_roles import certificate_user
from gateway.device_ca import DeviceCertificate
from gateway.master.errors import MasterDataConflictError, MasterDataError
from storage import master
from storage.audit import Actor, AuditEvent, record
from storage.derivation_queue import queue_trips_of_device
from storage.enrolment import cancel_enrolments
from storage.master import Device, EndedInstall, Fitting, Vehicle
from storage.senders import foreign_senders, forget_unknown, revoke_tokens

KINDS = ("dedicated", "phone")
# The broker's own users (broker.acl): a device of that name would get their rights.
_TAKEN_NAMES = frozenset({"admin", "gateway"})


class CredentialStore(Protocol):
    """Where devices' passwords go: gateway.broker_admin.BrokerAdmin, and nothing else outside tests."""

    def put(self, passwords: dict[str, str], /) -> None: ...

    def allow(self, device: str, topics: Iterable[str], /) -> None: ...

    def remove(self, devices: Iterable[str], /) -> None: ...

    def admit(self, device: str, number: int, /) -> None: ...

    def shut(self, device: str, newest: int, /) -> None: ...


def new_password() -> str:
    """A password that nobody chose: 160 bits, typed without shift on most keyboards."""
    return secrets.token_hex(20)


def add_device(
    connection: psycopg.Connection,
    name: str,
    *,
    actor: Actor,
    at: datetime,
    kind: str = "dedicated",
    serial_no: str | None = None,
    credential_kind: str = "password",
) -> Device:
    """Registers a GPS unit; it can report when it has a credential and counts when it is fitted."""
    if not DEVICE_NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise MasterDataError(
            f"device name {name!r} must be 1 to 32 of a-z, 0-9 and -, not beginning with -, and not {_taken()}"
        )
    if kind not in KINDS:
        raise MasterDataError(f"device kind {kind!r} must be one of {', '.join(KINDS)}")
    try:
        with connection.transaction():
            device_id = master.put_device(
                connection, name, kind=kind, serial_no=serial_no, created_at=at, credential_kind=credential_kind
            )
    except psycopg.errors.UniqueViolation:
        raise MasterDataError(
            f"device {name} exists already; waybill device rotate {name} makes it a new credential"
        ) from None
    forget_unknown(connection, "waybill", name)
    after = {"name": name, "kind": kind, "serial_no": serial_no, "credential_kind": credential_kind}
    record(connection, [_event("device.added", name, None, actor, at, after)])
    return Device(device_id, name, kind, serial_no, at, credential_kind=credential_kind)


def issue_credentials(
    connection: psycopg.Connection, broker: CredentialStore, names: list[str], *, actor: Actor, at: datetime
) -> dict[str, str]:
    """New passwords for registered devices, told to the broker before the caller commits; old ones end."""
    passwords = {name: new_password() for name in names}
    master.issue_credential(connection, names, at)
    record(connection, [_event("device.credential_issued", name, None, actor, at, None) for name in names])
    # Last, and before the commit: when the broker refuses, nothing is recorded; a password that the broker has
    # and a failed commit forgot lets in a device that is not registered, whose fixes are rejected.
    broker.put(passwords)
    for name, topics in _topics_of_senders(connection, passwords).items():
        broker.allow(name, topics)
    return passwords


def issue_certificate(
    connection: psycopg.Connection,
    broker: CredentialStore,
    name: str,
    sign: Callable[[str], DeviceCertificate],
    *,
    actor: Actor,
    at: datetime,
) -> DeviceCertificate:
    """A certificate of the next number for a registered device, told to the broker; older ones end.

    `sign` makes it for the name that the broker will know it by.
    """
    number = master.issue_certificate(connection, name, at)
    certificate = sign(certificate_user(name, number))
    master.note_certificate(connection, name, certificate.expires_at)
    after = {"number": number, "expires_at": certificate.expires_at, "fingerprint": certificate.fingerprint}
    record(connection, [_event("device.certificate_issued", name, None, actor, at, after)])
    # Last, as above: a certificate that is lost on its way lets nobody in, because its key never left the unit.
    broker.admit(name, number)
    return certificate


def _topics_of_senders(connection: psycopg.Connection, names: Iterable[str]) -> dict[str, list[str]]:
    """The foreign topics that each of these devices writes."""
    topics: dict[str, list[str]] = {}
    for one in foreign_senders(connection):
        sender = Sender(one.protocol, one.address)
        if one.device_name in names and by_broker(sender):
            topics.setdefault(one.device_name, []).append(sender.topic)
    return topics


def revoke_credential(
    connection: psycopg.Connection,
    broker: CredentialStore,
    device: Device,
    *,
    actor: Actor,
    at: datetime,
    reason: str | None = None,
) -> bool:
    """Cuts the device off and lets it in no more, open codes included; whether it had a credential. Installs stay."""
    cancel_enrolments(connection, device.id, at)
    revoke_tokens(connection, device.id)
    had_one = master.revoke_credential(connection, device.id, at)
    event = _event("device.credential_revoked", device.name, None, actor, at, None)
    before = {"issued_at": device.credential_issued_at}
    record(connection, [msgspec.structs.replace(event, before=before, reason=reason)])
    # Always, whatever our record says: a broker that was restored from a backup may know a credential that we do not.
    broker.remove([device.name])
    broker.shut(device.name, device.certificate_no)
    return had_one


def fit_device(
    connection: psycopg.Connection,
    device: Device,
    vehicle: Vehicle,
    *,
    actor: Actor,
    at: datetime,
    fitting: Fitting | None = None,
) -> None:
    """From `at` on the device's fixes are the vehicle's."""
    if vehicle.retired_at is not None:
        raise MasterDataConflictError(f"vehicle {vehicle.name} is retired")
    said = _checked(device, fitting or Fitting())
    dedicated = device.kind == "dedicated"
    try:
        with connection.transaction():
            master.put_install(connection, device.id, vehicle, at, dedicated=dedicated, fitting=said)
    except psycopg.errors.ExclusionViolation:
        raise MasterDataConflictError(_why_taken(device, vehicle, at)) from None
    after = {"vehicle": vehicle.name, "from_at": at, "dedicated": dedicated, **_known(said)}
    record(connection, [_event("device.fitted", device.name, vehicle, actor, at, after)])
    queue_trips_of_device(connection, device.id, at, DerivationCause.INSTALL_CORRECTED)


def unfit_device(connection: psycopg.Connection, device: Device, *, actor: Actor, at: datetime) -> EndedInstall:
    """From `at` on the device's fixes are no vehicle's."""
    ended = master.end_install(connection, device.id, at)
    if ended is None:
        where = "is fitted in no vehicle" if device.fitted_at is None else f"was fitted only at {device.fitted_at}"
        raise MasterDataError(f"{device.name} {where}")
    event = AuditEvent(
        at=at, actor=actor, action="device.unfitted", object_kind="device", object_id=device.name,
        premises_id=ended.premises_id, before={"vehicle": ended.vehicle_name, "from_at": ended.from_at},
    )  # fmt: skip
    record(connection, [event])
    queue_trips_of_device(connection, device.id, at, DerivationCause.INSTALL_CORRECTED)
    return ended


def move_device(
    connection: psycopg.Connection,
    device: Device,
    vehicle: Vehicle,
    *,
    actor: Actor,
    at: datetime,
    fitting: Fitting | None = None,
) -> EndedInstall:
    """From `at` on the device's fixes are the vehicle's and no longer the other's; both or nothing."""
    if device.vehicle_name == vehicle.name and device.premises_code == vehicle.premises_code:
        raise MasterDataError(f"{device.name} is fitted in {vehicle.name} already")
    if device.fitted_at is None:
        raise MasterDataError(f"{device.name} is fitted in no vehicle: waybill device fit it")
    with connection.transaction():
        ended = unfit_device(connection, device, actor=actor, at=at)
        loose = msgspec.structs.replace(device, vehicle_name=None, fitted_at=None)
        fit_device(connection, loose, vehicle, actor=actor, at=at, fitting=fitting)
    return ended


def find_device(connection: psycopg.Connection, name: str) -> Device:
    known = master.devices(connection)
    found = next((device for device in known if device.name == name), None)
    if found is None:
        names = ", ".join(device.name for device in known[:40]) or "none; add one with waybill device add"
        raise MasterDataError(f"there is no device {name!r}; known: {names}" + (" …" if len(known) > 40 else ""))
    return found


def _why_taken(device: Device, vehicle: Vehicle, at: datetime) -> str:
    if device.vehicle_name is not None:
        return f"{device.name} is fitted in {device.vehicle_name}: waybill device unfit {device.name} first"
    if vehicle.device_name is not None:
        return f"{vehicle.device_name} is fitted in {vehicle.name}: waybill device unfit {vehicle.device_name} first"
    return f"{device.name} or {vehicle.name} has another install that reaches beyond {at}: choose a later time"


def _checked(device: Device, fitting: Fitting) -> Fitting:
    """What is put on record: the serial number is the device's own unless said, and consent has a name and a day."""
    if None not in (fitting.serial_no, device.serial_no) and fitting.serial_no != device.serial_no:
        raise MasterDataError(
            f"{device.name} has the serial number {device.serial_no}, not {fitting.serial_no}: "
            "another unit is another device, waybill device add"
        )
    if (fitting.consent_by is None) != (fitting.consent_on is None):
        raise MasterDataError("consent needs both who gave it and on which day")
    if fitting.consent_document is not None and fitting.consent_by is None:
        raise MasterDataError(f"consent document {fitting.consent_document!r} without who gave the consent")
    return msgspec.structs.replace(fitting, serial_no=fitting.serial_no or device.serial_no)


def _known(fitting: Fitting) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(fitting).items() if value is not None}


def _taken() -> str:
    return " or ".join(sorted(_TAKEN_NAMES))


def _event(
    action: str,
    name: str,
    vehicle: Vehicle | None,
    actor: Actor,
    at: datetime,
    after: Mapping[str, object] | None,
) -> AuditEvent:
    return AuditEvent(
        at=at, actor=actor, action=action, object_kind="device", object_id=name,
        premises_id=None if vehicle is None else vehicle.premises_id, after=after,
    )  # fmt: skip
