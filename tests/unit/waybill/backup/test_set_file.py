"""One set: what is locked is opened again, and whatever was changed, cut off or locked by somebody else is told."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyrage
import pytest

from waybill.backup.errors import BackupError
from waybill.backup.keys import Key, Lock, key_by_identity, lock_by_passphrase, lock_by_recipients
from waybill.backup.manifest import ABOUT, DATABASE, FORMAT, KEY, MANIFEST, About, Manifest, Part
from waybill.backup.restore import check_set
from waybill.backup.set_file import SetReader, SetWriter
from waybill.backup.streams import Sink

AT = datetime(2026, 11, 24, 20, tzinfo=UTC)
PASSPHRASE = "4xq-Rowan-71-tarn-Oleic"
CONTENT = bytes(range(256)) * 1024  # four chunks of age


def locked(path: Path) -> Key:
    """A set at `path` for a recipient; what opens it."""
    identity = pyrage.x25519.Identity.generate()
    write(path, lock_by_recipients([str(identity.to_public())]), "identity")
    return Key([identity])


def write(path: Path, lock: Lock, opened_by: str) -> None:
    writer = SetWriter(path, lock, lambda _more: None)
    writer.plain(ABOUT, msgspec.json.encode(About(format=FORMAT, made_at=AT, waybill="0.1.0", opened_by=opened_by)))
    if lock.key_file is not None:
        writer.plain(KEY, lock.key_file)
    part = writer.sealed(DATABASE, io.BytesIO(CONTENT))
    writer.sealed(MANIFEST, io.BytesIO(msgspec.json.encode(manifest([part]))))
    writer.finish()


def manifest(parts: list[Part]) -> Manifest:
    return Manifest(
        format=FORMAT, made_at=AT, waybill="0.1.0", postgresql="17.1", timescaledb="2.19.3", edition="apache",
        compressed_days=0, migrations={}, rows={"fix": 3}, broker=False, parts=parts,
    )  # fmt: skip


def check(path: Path, key: Key) -> Manifest:
    with SetReader(path) as one:
        return check_set(one, key, lambda _what, _more: None)


def test_a_set_is_opened_by_its_passphrase_with_waybill_or_any_age_and_by_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write(path, lock_by_passphrase(PASSPHRASE), "passphrase")

    with SetReader(path) as one:
        assert one.by_passphrase
        out = io.BytesIO()
        one.open(DATABASE, one.key(PASSPHRASE), Sink(out), lambda _more: None)
        assert out.getvalue() == CONTENT
        with pytest.raises(BackupError, match="passphrase does not open"):
            one.key(PASSPHRASE + " ")
    assert [found.name for found in tmp_path.iterdir()] == ["a.tar"]
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        members = {name: tar.extractfile(name) for name in tar.getnames()}
        contents = {name: member.read() for name, member in members.items() if member is not None}
    # As `age -d -i key.age` does: the key file is opened with the passphrase, and its key opens the part.
    secret = pyrage.passphrase.decrypt(contents[KEY], PASSPHRASE).decode().strip()
    assert pyrage.decrypt(contents[DATABASE], [pyrage.x25519.Identity.from_str(secret)]) == CONTENT
    assert secret.encode() not in path.read_bytes()
    assert CONTENT[:64] not in path.read_bytes()


def test_a_recipients_set_is_opened_with_the_secret_key_alone(tmp_path: Path) -> None:
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    write(tmp_path / "a.tar", lock_by_recipients([str(identity.to_public())]), "identity")
    (tmp_path / "key").write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    (tmp_path / "other").write_text(f"{other}\n")

    assert check(tmp_path / "a.tar", key_by_identity(tmp_path / "key")).rows == {"fix": 3}
    with pytest.raises(BackupError, match="key is another's"):
        check(tmp_path / "a.tar", key_by_identity(tmp_path / "other"))


def test_every_flipped_byte_of_what_is_locked_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    key = locked(path)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        places = [
            member.offset_data + place
            for member in tar.getmembers()
            if member.name.endswith(".age")
            for place in range(0, member.size, 1 + member.size // 20)
        ]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BackupError, match=r"a\.tar"):
            check(path, key)
    assert len(places) >= 40


def test_a_set_that_was_cut_off_anywhere_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    key = locked(path)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        end = max(member.offset_data + member.size for member in tar.getmembers())

    for length in (0, 1, 511, 512, 700, 2000, 70_000, len(whole) // 2, end - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(BackupError, match=r"a\.tar"):
            check(path, key)


def test_a_part_of_another_set_is_no_part_of_this_one(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    lock, path = lock_by_recipients([str(identity.to_public())]), tmp_path / "a.tar"
    writer = SetWriter(path, lock, lambda _more: None)
    writer.plain(ABOUT, msgspec.json.encode(About(format=FORMAT, made_at=AT, waybill="0.1.0", opened_by="identity")))
    real = writer.sealed(DATABASE, io.BytesIO(CONTENT))
    wrong = msgspec.structs.replace(real, sha256="0" * 64)
    writer.sealed(MANIFEST, io.BytesIO(msgspec.json.encode(manifest([wrong]))))
    writer.finish()

    with pytest.raises(BackupError, match=r"database\.dump\.age is not what the manifest says"):
        check(path, Key([identity]))


def test_a_set_of_a_newer_format_names_the_version_that_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        page = msgspec.json.encode(About(format=9, made_at=AT, waybill="7.0.0", opened_by="identity"))
        member = tarfile.TarInfo(ABOUT)
        member.size = len(page)
        tar.addfile(member, io.BytesIO(page))

    with pytest.raises(BackupError, match=r"format 9, this version reads 1: take Waybill 7\.0\.0"):
        SetReader(path)


def test_what_fails_while_it_is_read_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    class Torn(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    lock = lock_by_recipients([str(pyrage.x25519.Identity.generate().to_public())])
    writer = SetWriter(tmp_path / "a.tar", lock, lambda _more: None)
    with pytest.raises(OSError, match="Input/output error"):
        writer.sealed(DATABASE, Torn())  # type: ignore[arg-type]
    writer.abandon()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("passphrase", "says"),
    [("", "0 characters"), ("fifteen letters", "15 characters"), ("a" * 40, "fewer than 8"), ("1234" * 5, "fewer")],
)
def test_a_weak_passphrase_is_refused_and_never_repeated(passphrase: str, says: str) -> None:
    with pytest.raises(BackupError, match=says) as refused:
        lock_by_passphrase(passphrase)

    assert "openssl rand" in str(refused.value)
    assert not passphrase or passphrase not in str(refused.value)


def test_a_wrong_public_key_is_refused() -> None:
    with pytest.raises(BackupError, match="age1nonsense"):
        lock_by_recipients(["age1nonsense"])
