"""Settings: where they come from, and each way in which one is refused. Reads no real environment."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from waybill.configuration import ABOUT, SettingsError, SettingsFile, configure, find_file, load, read_file
from waybill.settings import Settings

FILE = Path("/etc/waybill/waybill.toml")


def test_defaults_bind_to_the_loopback_and_refuse_simulators() -> None:
    settings = load({}).settings

    assert {settings.api_host, settings.dashboard_host, settings.broker_host} == {"127.0.0.1"}
    assert not settings.accept_simulated
    assert not settings.accept_replayed


def test_command_line_wins_over_environment_over_file_over_default() -> None:
    file = SettingsFile(FILE, {"data_dir": "/from/file", "api_port": 1000, "dashboard_port": 2000})
    environ = {"WAYBILL_DATA_DIR": "/from/environment", "WAYBILL_API_PORT": "1001"}

    loaded = load(environ, file, {"data_dir": "/from/command"})

    settings = loaded.settings
    assert settings.data_dir == Path("/from/command")
    assert (settings.api_port, settings.dashboard_port, settings.broker_port) == (1001, 2000, 1883)
    assert loaded.origins["data_dir"] == "command line"
    assert loaded.origins["api_port"] == "environment WAYBILL_API_PORT"
    assert loaded.origins["dashboard_port"] == str(FILE)
    assert loaded.origins["broker_port"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WAYBILL_API_PORT", "http", "a whole number from 1 to 65535"),
        ("WAYBILL_API_PORT", "0", "a whole number from 1 to 65535"),
        ("WAYBILL_ACCEPT_SIMULATED", "yes", "true or false"),
        ("WAYBILL_LOG_LEVEL", "loud", "one of debug, error, info, warning"),
        ("WAYBILL_RETENTION_ON_TRIP_DAYS", "30", "a whole number from 90"),
        ("WAYBILL_CLOCK", "tomorrow", "'system' or T0@WALL*RATE"),
        ("WAYBILL_PUBLIC_URL", "waybill.example.org", "an origin such as https://waybill.example.org"),
        ("WAYBILL_PUBLIC_URL", "https://example.org/waybill", "an origin such as https://waybill.example.org"),
        ("WAYBILL_BROKER_HOST", "mqtt://broker", "a host name or an address, without scheme or port"),
        ("WAYBILL_BROKER_USERNAME", "the gateway", "one word without blanks, /, + or #"),
        ("WAYBILL_DATABASE_URL", "mysql://u:p@h/d", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
    ],
)
def test_a_wrong_value_is_refused_with_name_value_origin_and_what_is_allowed(
    name: str, value: str, allowed: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value})

    text = str(caught.value)
    assert text.startswith(f"{name.removeprefix('WAYBILL_').lower()} = ")
    assert name in text
    assert allowed in text
    assert value in text or "DATABASE" in name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2@host:port/db",
        "postgresql://user:hunter2@host",
        "postgresql://user:hun/ter2@host/db",
        "user:hunter2@host/db",
        "mysql://user:hunter2@host/db?password=hunter2",
    ],
)
def test_a_refused_address_does_not_show_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"WAYBILL_DATABASE_URL": url})

    assert "hun" not in str(caught.value)


def test_a_refused_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError, match=r"broker_password = '\(hidden\)'.*at least 8 characters") as caught:
        load({"WAYBILL_BROKER_PASSWORD": "hunter2"})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "values", "said"),
    [
        (
            {"WAYBILL_API_PRT": "1"},
            {},
            "WAYBILL_API_PRT in the environment is no setting; did you mean WAYBILL_API_PORT?",
        ),
        ({"WAYBILL_XYZZY": "1"}, {}, "WAYBILL_XYZZY in the environment is no setting; known: data_dir, clock,"),
        ({}, {"api-port": 1}, f"{FILE}: api-port is no setting; did you mean api_port?"),
        ({}, {"database": {"url": "x"}}, f"{FILE}: database is no setting; did you mean"),
        ({}, {"api_port": True}, "api_port = 'true'"),
        ({}, {"data_dir": 3}, "data_dir = '3'"),
    ],
)
def test_what_is_no_setting_is_refused_with_the_nearest_name(
    environ: dict[str, str], values: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ, SettingsFile(FILE, values))

    assert said in str(caught.value)


def test_other_variables_and_empty_ones_are_let_be() -> None:
    environ = {"WAYBILL_CONFIG": "", "WAYBILL_DEBIAN_MIRROR": "x", "WAYBILL_PUBLIC_URL": "", "PATH": "/bin"}

    assert load(environ).settings == Settings()


def test_a_path_in_the_file_counts_from_the_files_folder() -> None:
    settings = load({}, SettingsFile(FILE, {"data_dir": ".", "map_dir": "/elsewhere"})).settings

    assert settings.data_dir == Path("/etc/waybill")
    assert settings.map_dir == Path("/elsewhere")


def test_passwords_are_hidden_when_settings_are_listed() -> None:
    environ = {
        "WAYBILL_DATABASE_URL": "postgresql://waybill_gateway:hunter22@db:5432/waybill?password=hunter22",
        "WAYBILL_BROKER_PASSWORD": "hunter22",
    }

    listed = {setting.name: setting for setting in load(environ).listed()}

    assert listed["database_url"].value == "postgresql://waybill_gateway:***@db:5432/waybill"
    assert listed["broker_password"].value == "(hidden)"
    assert listed["broker_admin_password"].value == "(not set)"
    assert "hunter22" not in str(listed)


def test_every_setting_has_a_meaning_and_says_what_is_allowed() -> None:
    assert list(ABOUT) == [field.name for field in msgspec.structs.fields(Settings)]
    for setting in load({}).listed():
        assert setting.meaning
        assert setting.allowed
        assert setting.origin == "default"


def _write(folder: Path, port: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "waybill.toml").write_text(f"api_port = {port}\n", encoding="utf-8")
    return folder / "waybill.toml"


def test_the_file_is_looked_for_in_a_fixed_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named, config, data = tmp_path / "named", tmp_path / "config", tmp_path / "data"
    for port, folder in ((1, named), (2, config), (3, tmp_path), (4, data)):
        _write(folder, port)
    environ = {"WAYBILL_CONFIG": str(config / "waybill.toml"), "WAYBILL_DATA_DIR": str(data)}

    ports = [configure(environ, data_dir=named).settings.api_port, configure(environ).settings.api_port]
    del environ["WAYBILL_CONFIG"]
    ports.append(configure(environ).settings.api_port)
    (tmp_path / "waybill.toml").unlink()
    ports.append(configure(environ).settings.api_port)

    assert ports == [1, 2, 3, 4]


def test_the_demos_file_is_not_mixed_with_servers_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("waybill.settings.checkout", lambda: tmp_path)
    path = _write(tmp_path / ".waybill" / "demo", 5)

    alone = find_file({"WAYBILL_LOG_LEVEL": "debug"})
    beside = find_file({"WAYBILL_DATABASE_URL": "postgresql://u:p@h/d"})

    assert alone is not None
    assert alone.path == path
    assert beside is None


@pytest.mark.parametrize(
    ("content", "said"), [(b"api_port = ", "is not TOML"), (b"\xff", "is not TOML"), (None, "which is no file")]
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "waybill.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match=said):
        find_file({"WAYBILL_CONFIG": str(path)})


def test_a_folder_in_place_of_the_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_file(tmp_path)
