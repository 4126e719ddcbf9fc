"""Switches mosquitto.conf's commented TLS listeners on, with files and ports of this machine. Makes no certificate."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PASSWORD_PORT, CERTIFICATE_PORT = 8883, 8884
FOLDER = "device-ca"  # in the data folder: what `waybill broker certificates` makes there
_FILES = ("fullchain.pem", "privkey.pem", "device-ca.pem")
_COMMENTED = re.compile(r"#(listener|use_username_as_clientid|certfile|keyfile|cafile|require_certificate"
                        r"|use_identity_as_username|tls_version) (\S+)")  # fmt: skip


@dataclass(frozen=True)
class TlsListeners:
    """The ports that take the place of 8883 and 8884, and the folder with certificates and the broker's key."""

    password_port: int
    certificate_port: int
    folder: Path

    def bring(self, state: Path) -> dict[str, str]:
        """Copies the files to where the broker's user can read them; production's words -> ours."""
        ours = {str(PASSWORD_PORT): str(self.password_port), str(CERTIFICATE_PORT): str(self.certificate_port)}
        for name in _FILES:
            shutil.copyfile(self.folder / name, state / name)
            ours[f"/mosquitto/config/tls/{name}"] = str(state / name)
        return ours


def complete(folder: Path) -> bool:
    """Whether everything is there that the listeners need."""
    return all((folder / name).is_file() for name in _FILES)


def with_tls(text: str, ours: Mapping[str, str], host: str) -> str:
    """The configuration with its TLS lines uncommented; every other line stays as it is."""
    lines = []
    for line in text.splitlines():
        found = _COMMENTED.fullmatch(line)
        if found is None:
            lines.append(line)
            continue
        name, word = found[1], ours.get(found[2], found[2])
        lines.append(f"{name} {word} {host}" if name == "listener" else f"{name} {word}")
    return "\n".join(lines) + "\n"
