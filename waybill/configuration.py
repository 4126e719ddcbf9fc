"""Puts the settings together: environment, then waybill.toml, then defaults. Wrong ones are refused by name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import CustomType, Field, Metadata, NoneType, StructType, Type, UnionType, type_info

from waybill.setting_rules import NotAllowedError, allowed, check, shown
from waybill.settings import Settings

PREFIX = "WAYBILL_"
FILE_NAME = "waybill.toml"
# Names with this prefix that are no settings: where the file is, and what the set-up reads before there are settings.
_OTHER_NAMES = frozenset({"WAYBILL_CONFIG", "WAYBILL_DEBIAN_MIRROR"})
# Whoever names a server in the environment does not mean the demo's.
_OWN_SERVERS = ("WAYBILL_DATABASE_", "WAYBILL_BROKER_")


class SettingsError(ValueError):
    """The settings do not say what Waybill can run with."""


class SettingsFile(msgspec.Struct, frozen=True):
    """A waybill.toml that was read."""

    path: Path
    values: dict[str, object]


class Setting(msgspec.Struct, frozen=True):
    """One setting as people see it: secrets are hidden."""

    name: str
    value: str
    origin: str
    meaning: str
    allowed: str


class Loaded(msgspec.Struct, frozen=True):
    """Settings, and where each value came from."""

    settings: Settings
    origins: dict[str, str]
    file: Path | None = None

    def listed(self) -> list[Setting]:
        """Every setting in the order in which they are declared."""
        return [
            Setting(
                name=about.name,
                value=shown(about.kind, getattr(self.settings, about.name)),
                origin=self.origins[about.name],
                meaning=about.meaning,
                allowed=allowed(about.kind, about.type),
            )
            for about in ABOUT.values()
        ]


class _About(msgspec.Struct, frozen=True):
    name: str
    meaning: str
    kind: str | None
    type: Type
    optional: bool


def _about(field: Field) -> _About:
    assert isinstance(field.type, Metadata)
    inner, schema, extra = field.type.type, field.type.extra_json_schema or {}, field.type.extra or {}
    optional = isinstance(inner, UnionType)
    if isinstance(inner, UnionType):
        inner = next(member for member in inner.types if not isinstance(member, NoneType))
    return _About(field.name, str(schema["description"]), extra.get("kind"), inner, optional)


def _all_about() -> dict[str, _About]:
    info = type_info(Settings)
    assert isinstance(info, StructType)
    return {field.name: _about(field) for field in info.fields}


ABOUT = _all_about()


def configure(environ: Mapping[str, str], *, data_dir: Path | None = None) -> Loaded:
    """The settings for this process. `data_dir` is what the command line named; it wins over all other places."""
    named = {} if data_dir is None else {"data_dir": str(data_dir)}
    return load(environ, find_file(environ, data_dir), named)


def find_file(environ: Mapping[str, str], data_dir: Path | None = None) -> SettingsFile | None:
    """The waybill.toml that counts: the data folder's when one was named on the command line, else WAYBILL_CONFIG's,
    else ./waybill.toml, else the data folder's.
    """
    config = environ.get("WAYBILL_CONFIG")
    if data_dir is None and config:
        if not Path(config).is_file():
            raise SettingsError(f"WAYBILL_CONFIG is {config!r}, which is no file")
        return read_file(Path(config))
    here = Path(FILE_NAME)
    if data_dir is None and here.is_file():
        return read_file(here)
    named = data_dir or environ.get("WAYBILL_DATA_DIR")
    if not named and any(name.startswith(_OWN_SERVERS) for name in environ):
        return None
    path = (Path(named) if named else Settings().data_dir) / FILE_NAME
    return read_file(path) if path.is_file() else None


def read_file(path: Path) -> SettingsFile:
    try:
        return SettingsFile(path.resolve(), tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error


def load(
    environ: Mapping[str, str], file: SettingsFile | None = None, named: Mapping[str, str] | None = None
) -> Loaded:
    """Settings from what is named on the command line, else the environment, else the file, else the defaults."""
    raw: dict[str, tuple[object, str]] = {}
    if file is not None:
        for name, value in file.values.items():
            if name not in ABOUT:
                raise SettingsError(f"{file.path}: {name} is no setting{_nearest(name)}")
            raw[name] = (_beside(file, name, value), str(file.path))
    known = {PREFIX + name.upper(): name for name in ABOUT}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in _OTHER_NAMES:
            continue
        if variable not in known:
            way_out = _nearest(variable.removeprefix(PREFIX), PREFIX)
            raise SettingsError(f"{variable} in the environment is no setting{way_out}")
        # docker compose passes a variable that nobody set as an empty one.
        if value:
            raw[known[variable]] = (value, f"environment {variable}")
    for name, value in (named or {}).items():
        raw[name] = (value, "command line")
    values: dict[str, Any] = {name: _convert(ABOUT[name], value, origin) for name, (value, origin) in raw.items()}
    origins = {name: raw[name][1] if name in raw else "default" for name in ABOUT}
    return Loaded(Settings(**values), origins, None if file is None else file.path)


def _beside(file: SettingsFile, name: str, value: object) -> object:
    """A path in a file counts from the file's own folder, wherever the command was typed."""
    return str(file.path.parent / value) if _is_path(name) and isinstance(value, str) and value else value


def _is_path(name: str) -> bool:
    of = ABOUT[name].type
    return isinstance(of, CustomType) and of.cls is Path


def _convert(about: _About, value: object, origin: str) -> object:
    try:
        converted: object = _as_type(about, value)
        if isinstance(converted, str):
            check(about.kind, converted)
    except (msgspec.ValidationError, NotAllowedError) as error:
        reason = f": {error}" if isinstance(error, NotAllowedError) else ""
        said = f"{about.name} = {shown(about.kind, value)!r} ({origin}) is refused{reason}"
        raise SettingsError(f"{said}; allowed: {allowed(about.kind, about.type)}") from None
    return converted


def _as_type(about: _About, value: object) -> object:
    if _is_path(about.name):
        return Path(msgspec.convert(value, str))
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == about.name)
    converted: object = msgspec.convert(value, field.type, strict=not isinstance(value, str))
    return converted


def _nearest(name: str, prefix: str = "") -> str:
    """The way out for a name that is no setting; the prefix that all share would make every name look near."""
    found = difflib.get_close_matches(name.lower(), ABOUT, n=1, cutoff=0.6)
    return f"; did you mean {prefix}{found[0].upper() if prefix else found[0]}?" if found else f"; known: {_KNOWN}"


_KNOWN = ", ".join(ABOUT)
