"""Exchanges an enrolment code for a unit's settings file, and reads such a file. Connects to no broker."""

from __future__ import annotations

import http
import http.client
import json
import os
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from contract.fix import DEVICE_NAME
from firmware_bridge.broker_link import BrokerAddress, ClientCertificate

ANSWER_S = 20.0
_MAX_ANSWER_BYTES = 1_000_000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class EnrolmentError(ValueError):
    """A unit could not be enrolled, or its settings file cannot be read; the message says what to do."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a unit needs to speak to its broker: the server's answer, and the content of the settings file."""

    device: str
    broker_host: str
    broker_port: int
    password: str | None = None
    certificate_pem: str | None = None
    key_pem: str | None = None
    tls_ca_pem: str | None = None

    def address(self) -> BrokerAddress:
        certificate = None
        if self.certificate_pem is not None and self.key_pem is not None:
            certificate = ClientCertificate(self.certificate_pem, self.key_pem)
        return BrokerAddress(
            host=self.broker_host,
            port=self.broker_port,
            password=self.password,
            certificate=certificate,
            ca_pem=self.tls_ca_pem,
        )


class KeyWantedError(EnrolmentError):
    """The server gives this device a certificate, and wants a key to sign. The code is unused."""


def enroll(url: str, code: str, file: Path) -> Enrolment:
    """1. makes sure that the file can be written, because the code counts once; 2. exchanges it; 3. writes the file."""
    if file.exists():
        raise EnrolmentError(f"{file} exists already; move it away, or name another one with --out")
    half_done = file.with_name(f".{file.name}.half-done")
    try:
        half_done.unlink(missing_ok=True)
        descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise EnrolmentError(
            f"{file}: {error.strerror}; name a writable place with --out. The code is unused"
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            enrolment = _exchange(url, code)
            handle.write(_toml(enrolment))
            handle.flush()
            os.fsync(handle.fileno())
        half_done.replace(file)
    except BaseException:
        half_done.unlink(missing_ok=True)
        raise
    return enrolment


def is_in_the_clear(url: str) -> bool:
    """Whether code and password would cross a network unencrypted: right on a network that is trusted, nowhere else."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def _exchange(url: str, code: str) -> Enrolment:
    """A password, or where the server wants it so a certificate for a key that is made here and goes nowhere else."""
    try:
        return redeem(url, code)
    except KeyWantedError:
        key_pem, csr_pem = make_key()
        return msgspec.structs.replace(redeem(url, code, csr_pem), key_pem=key_pem)


def make_key() -> tuple[str, str]:
    """A new key, and a request to sign it, as PEM."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise EnrolmentError(
            "this device is to get a certificate, and making a key needs a package more: pip install cryptography. "
            "The code is unused"
        ) from error
    key = ec.generate_private_key(ec.SECP256R1())
    # No name: the server gives it one.
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), request.public_bytes(pem).decode()


def redeem(url: str, code: str, csr_pem: str | None = None) -> Enrolment:
    """The server's answer to a code; every refusal in words that a technician can use."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EnrolmentError(f"{url!r} must be the server's address, such as https://waybill.example.com")
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
        f"{url.rstrip('/')}/v1/enrolments/redeem",
        data=msgspec.json.encode({"code": code} if csr_pem is None else {"code": code, "csr_pem": csr_pem}),
        headers={"Content-Type": "application/json", "Accept": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310 - the same
            body = answer.read(_MAX_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.HTTPStatus.CONFLICT and csr_pem is None:
                raise KeyWantedError(f"{url}: {_refusal(error)}") from error
            raise EnrolmentError(f"{url}: {_refusal(error)}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise EnrolmentError(f"{url} does not answer: {reason}; check the address and the link") from error
    return _checked(body, f"{url}: the answer")


def read_enrolment(file: Path) -> Enrolment:
    """The settings file that `enroll` wrote."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EnrolmentError(f"{file}: {error.strerror}; waybill bridge enroll writes it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EnrolmentError(f"{file} is not TOML: {error}") from error
    return _checked(msgspec.json.encode(content), str(file))


def _checked(body: bytes, where: str) -> Enrolment:
    try:
        enrolment = msgspec.json.decode(body, type=Enrolment)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnrolmentError(f"{where} is no enrolment: {error}") from error
    if enrolment.password is None and enrolment.certificate_pem is None:
        raise EnrolmentError(f"{where} is no enrolment: it holds neither a password nor a certificate")
    if not DEVICE_NAME.fullmatch(enrolment.device) or not 1 <= enrolment.broker_port <= 65535:
        raise EnrolmentError(f"{where} is no enrolment: device {enrolment.device!r}, port {enrolment.broker_port}")
    return enrolment


def _refusal(error: urllib.error.HTTPError) -> str:
    """The problem document's detail, with the way out where we know one."""
    try:
        said = json.loads(error.read(_MAX_ANSWER_BYTES)).get("detail")
    except (ValueError, AttributeError, OSError):
        said = None
    if error.code == 404 and not said:
        return "nothing takes codes there: is it the address of a Waybill server?"
    detail = said if isinstance(said, str) else error.reason
    wait = error.headers.get("Retry-After")
    return f"{detail}{f' ({wait} s)' if wait else ''}"


def _toml(enrolment: Enrolment) -> str:
    """JSON's strings and numbers are TOML's too, except for the DEL byte, which JSON leaves bare."""
    lines = ["# The credential of one GPS unit, made by enrolling it. Keep it secret: chmod 600."]
    for name, value in msgspec.to_builtins(enrolment).items():
        lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007F"))
    return "\n".join(lines) + "\n"
