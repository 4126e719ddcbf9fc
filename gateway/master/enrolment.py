"""Hands out enrolment codes and exchanges each once for a device's credential, with audit events. Limits no tries."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

import msgspec
import psycopg
from argon2.low_level import Type, hash_secret_raw

from gateway.device_ca import DeviceCertificate
from gateway.master.devices import CredentialStore, issue_certificate, issue_credentials
from storage import enrolment as rows
from storage.audit import Actor, AuditEvent, record
from storage.enrolment import Enrolment
from storage.master import Device

CODE_LIVES = timedelta(minutes=15)
# No 0, O, 1, I, L, U: read from a screen, said over a phone. 30 letters, 8 of them: 6.6e11 codes.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
# The same for every code, so that a code is found by its hash. Slow enough (20 ms, 19 MiB) that all 6.6e11 would take
# centuries, which a plain SHA-256 of so short a code is not.
_SALT = b"waybill.enrolment"
# 40 threads of the API hashing at once would take 760 MiB.
_ONE_AT_A_TIME = Lock()
_API = Actor("system", "api")


class EnrolmentCode(msgspec.Struct, frozen=True):
    """A code as people read it, once, and how long it is good."""

    code: str
    expires_at: datetime


class DeviceCredential(msgspec.Struct, frozen=True):
    """What a code was exchanged for: a password or a certificate."""

    device: str
    password: str | None = None
    certificate_pem: str | None = None


class CertificateWantedError(Exception):
    """The device identifies itself by a certificate, and no key to sign came with the code. The code stays good."""


def open_enrolment(connection: psycopg.Connection, device: Device, *, actor: Actor, at: datetime) -> EnrolmentCode:
    """A new code for the device; an older one that was not used is worth nothing any more."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    expires_at = at + CODE_LIVES
    rows.cancel_enrolments(connection, device.id, at)
    rows.put_enrolment(connection, device.id, _hash(letters), created_at=at, expires_at=expires_at)
    record(connection, [_event("device.enrolment_opened", device.name, actor, at, after={"expires_at": expires_at})])
    return EnrolmentCode(f"{letters[:4]}-{letters[4:]}", expires_at)


def hash_code(code: str) -> bytes | None:
    """What a code is kept as, whatever people put between its letters; None when it cannot be one.

    Slow on purpose, and one at a time: do it before a connection to the database is taken.
    """
    letters = code.upper().replace("-", "").replace(" ", "")
    return _hash(letters) if len(letters) == _LENGTH and set(letters) <= set(_LETTERS) else None


def redeem_enrolment(
    connection: psycopg.Connection,
    broker: CredentialStore,
    code_hash: bytes,
    *,
    at: datetime,
    sign: Callable[[str], DeviceCertificate] | None = None,
) -> DeviceCredential | None:
    """A new credential for the device of this code; None when it is wrong, expired, cancelled or used.

    `sign` makes the certificate of a device that identifies itself by one; without it CertificateWantedError is raised.
    In the caller's transaction, to be committed in both cases: a try of a code that is no good any more is on record.
    """
    found = rows.try_enrolment(connection, code_hash)
    if found is None:
        return None
    if why := _why_not(found, at):
        record(connection, [_event("device.enrolment_refused", found.device_name, _API, at, reason=why)])
        return None
    if found.credential_kind == "certificate" and sign is None:
        raise CertificateWantedError
    rows.use_enrolment(connection, found.id, at)
    actor = Actor("device", found.device_name)
    record(connection, [_event("device.enrolled", found.device_name, actor, at)])
    if found.credential_kind == "certificate":
        assert sign is not None
        made = issue_certificate(connection, broker, found.device_name, sign, actor=actor, at=at)
        return DeviceCredential(found.device_name, certificate_pem=made.pem)
    passwords = issue_credentials(connection, broker, [found.device_name], actor=actor, at=at)
    return DeviceCredential(found.device_name, password=passwords[found.device_name])


def _why_not(found: Enrolment, at: datetime) -> str | None:
    if found.used_at is not None:
        return "the code was used already"
    if found.cancelled_at is not None:
        return "the code was cancelled"
    return "the code has expired" if at >= found.expires_at else None


def _hash(letters: str) -> bytes:
    with _ONE_AT_A_TIME:
        return hash_secret_raw(
            letters.encode(), _SALT, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, type=Type.ID
        )


def _event(
    action: str,
    name: str,
    actor: Actor,
    at: datetime,
    *,
    after: dict[str, object] | None = None,
    reason: str | None = None,
) -> AuditEvent:
    return AuditEvent(
        at=at, actor=actor, action=action, object_kind="device", object_id=name, after=after, reason=reason
    )
