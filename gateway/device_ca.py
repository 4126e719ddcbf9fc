"""The installation's certificate authority for devices: made once, signs what enrols. Tells no broker of anybody."""

from __future__ import annotations

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE, CA_KEY_FILE = "device-ca.pem", "device-ca.key"
SERVER_FILE, SERVER_KEY_FILE = "fullchain.pem", "privkey.pem"
# A van's unit is visited about once a year; who misses that has another year.
DEVICE_LIVES = timedelta(days=730)
SERVER_LIVES = timedelta(days=825)
CA_LIVES = timedelta(days=3652)
# Units have no battery-backed clock: one that wakes up a little in the past must still be let in.
_BACKDATED = timedelta(days=1)
_PRIVATE, _PUBLIC = 0o600, 0o644


class DeviceCaError(Exception):
    """The authority cannot be made or used; the message says what to do."""


class BadRequestError(ValueError):
    """What a device wants signed is no request that we sign."""


class DeviceCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A signed certificate, and what of it goes on record."""

    pem: str
    expires_at: datetime
    fingerprint: str  # SHA-256 of the certificate, hexadecimal: what `openssl x509 -fingerprint -sha256` shows


class DeviceCa(msgspec.Struct, frozen=True):
    """The authority, in memory."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign(self, request: x509.CertificateSigningRequest, user: str, at: datetime) -> DeviceCertificate:
        """A certificate for the key of a request. Nothing else of it counts: the name is ours to give."""
        expires_at = min(_second(at) + DEVICE_LIVES, self.certificate.not_valid_after_utc)
        signed = _sign(self, user, request.public_key(), at, expires_at, ExtendedKeyUsageOID.CLIENT_AUTH)
        fingerprint = signed.fingerprint(hashes.SHA256()).hex()
        return DeviceCertificate(pem=_pem(signed), expires_at=expires_at, fingerprint=fingerprint)


def read_request(pem: str) -> x509.CertificateSigningRequest:
    """A request whose sender has the key that it names. Raises BadRequestError."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        signed = request.is_signature_valid
        key = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadRequestError(f"it cannot be read: {error}") from error
    if not signed:
        raise BadRequestError("it is not signed with its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadRequestError("its key must be one of the curve P-256")
    return request


def load_ca(folder: Path) -> DeviceCa:
    """The authority that `make_ca` wrote."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
        key = serialization.load_pem_private_key((folder / CA_KEY_FILE).read_bytes(), password=None)
    except OSError as error:
        raise DeviceCaError(
            f"{error.filename}: {error.strerror}; waybill broker certificates {folder} makes it"
        ) from error
    except (ValueError, TypeError) as error:
        raise DeviceCaError(f"{folder} holds no certificate authority: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise DeviceCaError(f"{folder}: {CA_KEY_FILE} is not the key of {CA_FILE}")
    return DeviceCa(certificate, key)


def make_ca(folder: Path, at: datetime) -> bool:
    """Makes the authority unless it is there; whether it was made."""
    if _is_there(folder, CA_FILE, CA_KEY_FILE):
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Waybill devices")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key.public_key(), at, at + CA_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_pair(folder, CA_FILE, _pem(certificate), CA_KEY_FILE, key)
    return True


def make_server_certificate(ca: DeviceCa, folder: Path, hosts: list[str], at: datetime) -> bool:
    """Makes the broker's own certificate for its names unless there is one; whether it was made."""
    if _is_there(folder, SERVER_FILE, SERVER_KEY_FILE):
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    expires_at = min(at + SERVER_LIVES, ca.certificate.not_valid_after_utc)
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    signed = _sign(ca, hosts[0], key.public_key(), at, expires_at, ExtendedKeyUsageOID.SERVER_AUTH, names)
    _write_pair(folder, SERVER_FILE, _pem(signed) + _pem(ca.certificate), SERVER_KEY_FILE, key)
    return True


def _is_there(folder: Path, file: str, key_file: str) -> bool:
    """Whether both are; one alone is never overwritten."""
    found = [name for name in (file, key_file) if (folder / name).exists()]
    if len(found) == 1:
        raise DeviceCaError(f"{folder} holds {found[0]} without its other half; take another folder, or move it away")
    return bool(found)


def _sign(
    ca: DeviceCa,
    name: str,
    key: CertificatePublicKeyTypes,
    at: datetime,
    expires_at: datetime,
    usage: x509.ObjectIdentifier,
    names: x509.SubjectAlternativeName | None = None,
) -> x509.Certificate:
    builder = (
        _builder(_name(name), ca.certificate.subject, key, at, expires_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    return builder.sign(ca.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, at: datetime, expires_at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(expires_at)
    )


def _second(at: datetime) -> datetime:
    """Certificates know whole seconds."""
    return at.replace(microsecond=0)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _write_pair(folder: Path, file: str, pem: str, key_file: str, key: ec.EllipticCurvePrivateKey) -> None:
    """Certificate and key; the key readable by its owner alone."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / key_file, private, _PRIVATE)
        _write(folder / file, pem.encode(), _PUBLIC)
    except OSError as error:
        raise DeviceCaError(f"{folder} cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes, mode: int) -> None:
    half_done = path.with_name(f".{path.name}.half-done")
    descriptor = os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half_done.replace(path)
