"""Finds a Chromium for browser tests and readies playwright for it, without root or a screen. Opens no page."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from waybill.stack import elf
from waybill.stack.places import private_root
from waybill.stack.servers import ensure

Progress = Callable[[str], None]

_HOST_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    # Chromium's own sandbox needs rights that containers and root do not have; it opens only our own pages here.
    "--no-sandbox",
    "--disable-gpu",
    # The map needs WebGL; without a graphics card Chromium draws it in software only when it is told so.
    "--enable-unsafe-swiftshader",
    # Nothing of its own may go out: a test counts every request.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # /dev/shm is 64 MB in a container, less than one page with a map wants.
    "--disable-dev-shm-usage",
)
# The host may have no fonts and no fontconfig at all.
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


@dataclass(frozen=True, slots=True)
class Chromium:
    """For playwright: `chromium.launch(executable_path=…, args=[*…], env=…)`."""

    executable: Path
    arguments: tuple[str, ...]
    environ: dict[str, str]


def find(progress: Progress, environ: Mapping[str, str] | None = None) -> Chromium:
    """The host's Chromium when it is on PATH, else the private copy."""
    inherited = dict(os.environ if environ is None else environ)
    for name in _HOST_NAMES:
        if found := shutil.which(name, path=inherited.get("PATH", os.defpath)):
            return Chromium(Path(found), ARGUMENTS, inherited)
    tree = ensure("chromium", progress)
    return Chromium(tree / "usr/lib/chromium/chromium", ARGUMENTS, {**inherited, "FONTCONFIG_FILE": str(_fonts(tree))})


def ready_driver(progress: Progress) -> None:
    """Lets playwright start where its Node.js cannot: it wants libraries (libatomic) that a minimal Debian lacks."""
    import playwright

    node = Path(playwright.__file__).parent / "driver/node"
    if "PLAYWRIGHT_NODEJS_PATH" in os.environ or _starts(node):
        return
    patched = private_root() / "playwright-node"
    if not _starts(patched):
        tree = ensure("chromium", progress)
        shutil.copyfile(node, patched)
        patched.chmod(0o755)
        elf.patch_program(patched, tree)
        progress("playwright: a copy of its Node.js that takes the private libraries")
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(patched)


def _starts(node: Path) -> bool:
    try:
        return subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _fonts(tree: Path) -> Path:
    path = private_root() / "fonts.conf"
    text = _FONTS.format(fonts=tree / "usr/share/fonts", cache=private_root() / "fonts-cache")
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
