"""Where the passphrase of a backup comes from, and the lock or key that follows. Keeps none and shows none."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from waybill.backup.errors import BackupError
from waybill.backup.keys import Key, Lock, key_by_identity, lock_by_passphrase, lock_by_recipients
from waybill.backup.set_file import SetReader
from waybill.settings import Settings
from waybill.terminal import password_asked

_WAYS = "--passphrase-file FILE, or --recipient age1… (settings backup_passphrase, backup_recipient)"


def lock_for(settings: Settings, passphrase_file: Path | None, recipients: list[str]) -> Lock:
    """What a new set is locked with: what the options say, else the settings, else what is typed at the terminal."""
    if passphrase_file is not None and recipients:
        raise BackupError("--passphrase-file and --recipient exclude each other: a set is opened in one way")
    if passphrase_file is not None:
        return lock_by_passphrase(read_passphrase(passphrase_file))
    if recipients:
        return lock_by_recipients(recipients)
    if settings.backup_recipient is not None:
        return lock_by_recipients([settings.backup_recipient])
    if settings.backup_passphrase is not None:
        return lock_by_passphrase(settings.backup_passphrase)
    if not sys.stdin.isatty():
        raise BackupError(f"a backup is never written without encryption: {_WAYS}")
    return lock_by_passphrase(password_asked("Passphrase of the set"))


def key_for(one: SetReader, settings: Settings, passphrase_file: Path | None, identity: Path | None) -> Key:
    """What opens a set that is there."""
    if not one.by_passphrase:
        if identity is None:
            raise BackupError(f"{one.path} was made for a recipient: --identity FILE with the recipient's secret key")
        return key_by_identity(identity)
    if passphrase_file is not None:
        return one.key(read_passphrase(passphrase_file))
    if settings.backup_passphrase is not None:
        return one.key(settings.backup_passphrase)
    if not sys.stdin.isatty():
        raise BackupError(f"{one.path} is opened by a passphrase: --passphrase-file FILE")
    return one.key(getpass.getpass("Passphrase of the set: "))


def read_passphrase(file: Path) -> str:
    """The first line of a file; of standard input for `-`."""
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"passphrase file {file} cannot be read: {error}") from error
    passphrase = text.split("\n", 1)[0].rstrip("\r")
    if not passphrase:
        raise BackupError(f"passphrase file {file}: its first line is empty")
    return passphrase
