"""Reads which Debian mirror this host uses from its apt sources. Downloads nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MIRROR_SETTING = "WAYBILL_DEBIAN_MIRROR"
# Archive-wide names that a Debian sources list may use in place of the release's own.
_SUITE_ALIASES = {"stable", "oldstable", "oldoldstable", "testing", "unstable", "sid"}
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>.*)$")

WITHOUT_APT = (
    "use Docker (docker compose --profile demo up), or give addresses of servers that run already "
    "(WAYBILL_DATABASE_URL, WAYBILL_BROKER_HOST)"
)
OTHER_WAYS = f"set {MIRROR_SETTING} to a Debian mirror, or {WITHOUT_APT}"


class NoMirrorError(Exception):
    """This host's apt sources name no Debian mirror."""


@dataclass(frozen=True, slots=True)
class Source:
    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str


def mirrors(environ: Mapping[str, str], root: Path = Path("/")) -> list[str]:
    """Debian mirrors to try, best first: the setting alone when given, else those of the host's own apt sources.

    `root` is the root of the file system; tests give another.
    """
    if given := environ.get(MIRROR_SETTING, "").strip():
        return [given.rstrip("/")]
    release = _os_release(root / "etc/os-release")
    if release.get("ID") != "debian":
        host = release.get("PRETTY_NAME", "not Debian")
        raise NoMirrorError(f"this host is {host}, its apt sources are not Debian's: {OTHER_WAYS}")
    suites = _SUITE_ALIASES | {release.get("VERSION_CODENAME", "trixie"), "trixie"}
    found = [source for source in sources(root / "etc/apt") if source.suite in suites and "main" in source.components]
    # A vendor's archive may use Debian's suite names too; Debian's own path or keyring goes first, and apt's
    # signature check decides.
    found.sort(key=lambda source: not (source.uri.rstrip("/").endswith("/debian") or "debian-" in source.signed_by))
    uris = list(dict.fromkeys(source.uri.rstrip("/") for source in found))
    if not uris:
        raise NoMirrorError(f"no Debian mirror in {root / 'etc/apt'}/sources.list or sources.list.d: {OTHER_WAYS}")
    return uris


def sources(etc_apt: Path) -> Iterator[Source]:
    """Every enabled binary source of the host, in both of apt's file formats."""
    folder = etc_apt / "sources.list.d"
    for path in (etc_apt / "sources.list", *sorted(folder.glob("*.list"))):
        if path.is_file():
            yield from _one_line_sources(path.read_text(encoding="utf-8", errors="replace"))
    for path in sorted(folder.glob("*.sources")):
        yield from _deb822_sources(path.read_text(encoding="utf-8", errors="replace"))


def _one_line_sources(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match and not match["uri"].startswith("cdrom:"):
            options = dict(part.split("=", 1) for part in (match["options"] or "").split() if "=" in part)
            yield Source(match["uri"], match["suite"], tuple(match["components"].split()), options.get("signed-by", ""))


def _deb822_sources(text: str) -> Iterator[Source]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() in {"no", "false", "0"} or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield Source(uri, suite, components, fields.get("signed-by", ""))


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and name:
            fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _os_release(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
