"""Locks and opens the parts of a set in the age format (age-encryption.org/v1). Reads and writes no set.

A passphrase does not lock the parts themselves: it locks a key made for this one set, `key.age`, as `age` itself keeps
identities, so that a part of any length is a stream.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyrage

from waybill.backup.errors import BackupError

# Whoever has a set can try passphrases for years without asking us. scrypt makes each try cost a second; 16 characters
# that nobody chose because they are easy are out of reach then, 12 with a word in them are not.
LEAST_CHARACTERS = 16
LEAST_DIFFERENT = 8
_MAKE_ONE = "make one: openssl rand -base64 24"


class Lock:
    """What a new set is locked with; `key_file` is what goes into the set so that a passphrase opens it."""

    def __init__(self, recipients: list[Any], key_file: bytes | None) -> None:
        self._recipients = recipients
        self.key_file = key_file

    def seal(self, source: io.RawIOBase, sink: io.RawIOBase) -> None:
        """Reads `source` to its end and writes it encrypted and authenticated, 64 KiB at a time."""
        pyrage.encrypt_io(source, sink, self._recipients)


class Key:
    """What opens a set."""

    def __init__(self, identities: list[Any]) -> None:
        self._identities = identities

    def open(self, source: io.RawIOBase, sink: io.RawIOBase) -> None:
        """Writes what `source` holds in plain; nothing reaches `sink` that was not authenticated."""
        pyrage.decrypt_io(source, sink, self._identities)


def lock_by_passphrase(passphrase: str) -> Lock:
    refuse_weak(passphrase)
    identity = pyrage.x25519.Identity.generate()
    key_file = pyrage.passphrase.encrypt(f"{identity}\n".encode(), passphrase)
    return Lock([identity.to_public()], key_file)


def lock_by_recipients(recipients: list[str]) -> Lock:
    """A set that only the owners of these public keys can open; nothing on this machine can."""
    try:
        return Lock([pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients], None)
    except pyrage.RecipientError as error:
        shown = ", ".join(recipients)
        raise BackupError(f"{shown}: no public key of age; age-keygen prints one, age1 and 58 characters") from error


def key_by_passphrase(key_file: bytes, passphrase: str) -> Key:
    try:
        text = pyrage.passphrase.decrypt(key_file, passphrase).decode("ascii")
    except pyrage.DecryptError as error:
        raise BackupError(f"the passphrase does not open this set, or its key.age was changed ({error})") from error
    return Key([pyrage.x25519.Identity.from_str(text.strip())])


def key_by_identity(path: Path) -> Key:
    """The secret keys in a file as `age-keygen` writes it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [pyrage.x25519.Identity.from_str(line.strip()) for line in lines if line.startswith("AGE-SECRET-KEY-")]
    except OSError as error:
        raise BackupError(f"--identity {path}: {error.strerror}") from error
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BackupError(f"--identity {path}: no secret key of age in it") from error
    if not found:
        raise BackupError(f"--identity {path}: no line in it begins with AGE-SECRET-KEY-")
    return Key(found)


def refuse_weak(passphrase: str) -> None:
    if len(passphrase) < LEAST_CHARACTERS:
        raise BackupError(
            f"the passphrase has {len(passphrase)} characters, {LEAST_CHARACTERS} are needed; {_MAKE_ONE}"
        )
    if len(set(passphrase)) < LEAST_DIFFERENT:
        raise BackupError(f"the passphrase repeats fewer than {LEAST_DIFFERENT} characters; {_MAKE_ONE}")
