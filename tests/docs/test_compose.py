"""docker-compose.yml against the Compose schema, the code, the command line and the versions of the private copy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.core import TyperGroup

from tests.docs.command_tree import find_command
from tests.docs.deployment import HASH, PUBLIC_URL, compose, compose_text, make_env, read_env, variables
from tests.docs.documents import ROOT
from waybill.configuration import ABOUT, PREFIX, load
from waybill.stack.servers import ensure, versions

PROJECT = compose()
SERVICES: dict[str, Any] = PROJECT["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("waybill:")}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What deploy/make-env.sh puts into .env."""
    made = make_env(tmp_path)
    assert made.returncode == 0, made.stderr
    return read_env(tmp_path / ".env")


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """(source, target) of every volume of a service."""
    pairs = [volume.split(":") for volume in service.get("volumes", [])]
    return [(parts[0], parts[1]) for parts in pairs]


def test_the_project_follows_the_compose_specification() -> None:
    schema = json.loads((ROOT / "tests/docs/compose-spec.json").read_text(encoding="utf-8"))

    jsonschema.validate(PROJECT, schema)


def test_every_file_volume_network_and_service_named_is_there() -> None:
    for name, service in SERVICES.items():
        for source, _target in mounts(service):
            assert (ROOT / source).exists() if source.startswith(".") else source in PROJECT["volumes"], source
        assert set(service.get("networks", [])) <= set(PROJECT["networks"]), name
        assert ("networks" in service) != ("network_mode" in service), name
        for other in service.get("depends_on", {}):
            assert SERVICES[other]["profiles"] == service["profiles"], f"{name} needs {other}"
    used = {source for service in SERVICES.values() for source, _ in mounts(service)}
    assert set(PROJECT["volumes"]) <= used


def test_every_command_is_one_of_the_command_line() -> None:
    for name, service in OURS.items():
        command, words = find_command(service["command"])

        assert not isinstance(command, TyperGroup), f"{name}: {service['command']}"
        command.make_context("waybill", words)


def test_every_part_gets_settings_that_it_accepts(environ: dict[str, str]) -> None:
    for name, service in compose(environ)["services"].items():
        given = {key: value for key, value in service.get("environment", {}).items() if key.startswith(PREFIX)}
        assert {key.removeprefix(PREFIX).lower() for key in given} <= set(ABOUT), name
        load(given)


def test_every_part_gets_what_its_command_needs_and_no_password_more(environ: dict[str, str]) -> None:
    needs = {
        "migrate": {"database_owner_url", "database_url", "database_reader_url", "database_retention_url"},
        "broker-users": {"broker_password", "broker_admin_password"},
        "gateway": {"database_url", "broker_password", "broker_admin_password"},
        "worker": {"database_url", "database_retention_url"},
        "backup": {
            "database_owner_url",
            "database_url",
            "database_reader_url",
            "database_retention_url",
            "broker_password",
            "broker_admin_password",
            "backup_passphrase",
        },
        "api": {"database_url", "broker_admin_password"},
        "dashboard": {"database_reader_url"},
    }
    secret = {name for name, about in ABOUT.items() if about.kind in ("secret", "database")}
    for name, expected in needs.items():
        origins = load(compose(environ)["services"][name]["environment"]).origins
        assert {setting for setting in secret if origins[setting] != "default"} == expected, name


def test_addresses_lead_to_services_that_share_a_network(environ: dict[str, str]) -> None:
    hosts = {"production": {"database": "database", "broker": "broker"},
             "backup": {"database": "database", "broker": "broker"},
             "demo": {"database": "demo-database", "broker": "demo-broker"}}  # fmt: skip
    for name, service in compose(environ)["services"].items():
        text = json.dumps(service.get("environment", {}))
        for host in set(re.findall(r"@(\w+):5432/waybill", text)) | set(re.findall(r'BROKER_HOST": "(\w+)"', text)):
            if "networks" in service:
                other = SERVICES[hosts[service["profiles"][0]][host]]
                assert set(service["networks"]) & set(other["networks"]), f"{name} -> {host}"


def test_no_password_has_a_default_and_every_variable_is_explained() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)

    assert {name for name, _ in explained} == set(variables()) | {"COMPOSE_PROFILES"}
    preset = dict.fromkeys(
        ("COMPOSE_PROFILES", "BROKER_TLS_PORT", "BROKER_CERTIFICATE_PORT", "WAYBILL_TRACKING_LINK_DAYS",
         "WAYBILL_TRACKING_FRAME_ORIGINS"), "",
    )  # fmt: skip
    assert dict(explained) | preset == dict.fromkeys(dict(explained), "")
    for name, (operator, _) in variables().items():
        assert operator == (":-" if name in preset else ":?"), name
    for block in example.strip().split("\n\n")[1:]:
        assert block.startswith("# "), block
    assert not re.search(r"PASSWORD: [^$]", compose_text())


def test_the_env_file_is_made_once_with_a_new_password_for_everybody(tmp_path: Path) -> None:
    first = make_env(tmp_path)
    made = (tmp_path / ".env").read_text(encoding="utf-8")
    again = make_env(tmp_path)

    values = read_env(tmp_path / ".env")
    passwords = [value for name, value in values.items() if name.endswith("_PASSWORD")]
    assert len(set(passwords)) == len(passwords) == 6
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in passwords)
    assert (values["WAYBILL_PUBLIC_URL"], values["DASHBOARD_PASSWORD_HASH"]) == (PUBLIC_URL, HASH)
    assert values["DEVICE_BROKER_HOST"] == PUBLIC_URL.removeprefix("https://")
    assert set(values) == set(variables()) | {"COMPOSE_PROFILES"}
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert "shown only now: staff " in first.stdout
    assert again.returncode == 1
    assert (tmp_path / ".env").read_text(encoding="utf-8") == made


def test_only_caddy_and_the_brokers_tls_ports_are_open_to_the_world(environ: dict[str, str]) -> None:
    published = {name: service["ports"] for name, service in compose(environ)["services"].items() if "ports" in service}

    assert all(port.startswith("127.0.0.1:") for port in published.pop("demo"))
    assert published == {"broker": ["8883:8883", "8884:8884"], "caddy": ["80:80", "443:443", "443:443/udp"]}
    assert PROJECT["networks"]["inner"] == {"internal": True}


def test_servers_have_the_versions_that_the_tests_run_against() -> None:
    ensure("postgres", print)
    ensure("mosquitto", print)
    tested, broker = versions("postgres"), versions("mosquitto")["mosquitto"]
    timescaledb = tested["postgresql-17-timescaledb"].split("+")[0].split("-")[0]

    # The image has the Community edition, of a later version: the earliest one that compresses without harm.
    image = re.fullmatch(r"timescale/timescaledb:(\d+)\.(\d+)\.(\d+)-pg17", SERVICES["database"]["image"])
    assert image is not None
    assert tuple(map(int, image.groups())) >= max((2, 20, 1), tuple(map(int, timescaledb.split("."))))
    assert "postgresql-17" in tested
    assert SERVICES["broker"]["image"] == f"eclipse-mosquitto:{broker.split('-')[0]}"
    assert re.fullmatch(r"caddy:2\.\d+", SERVICES["caddy"]["image"])
    assert SERVICES["caddy"]["image"] in (ROOT / "deploy/make-env.sh").read_text(encoding="utf-8")


def test_our_image_carries_the_version_of_the_project() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)

    assert version is not None
    assert {service["image"] for service in OURS.values()} == {f"waybill:{version[1]}"}


@pytest.mark.parametrize("name", ["broker", "demo-broker"])
def test_the_brokers_configuration_finds_what_it_names(name: str) -> None:
    conf = (ROOT / "mosquitto.conf").read_text(encoding="utf-8")
    # The TLS lines are commented until a certificate is there; demo has none.
    lines = re.findall(
        r"^(#?)(?:acl_file|persistence_location|plugin_opt_config_file|certfile|keyfile|cafile) (\S+)$",
        conf,
        re.MULTILINE,
    )
    targets = [target for _, target in mounts(SERVICES[name])]

    assert ("./mosquitto.conf", "/mosquitto/config/mosquitto.conf") in mounts(SERVICES[name])
    assert len(lines) == 8
    for commented, path in lines:
        found = any(path.rstrip("/") == target or path.startswith(f"{target}/") for target in targets)
        assert found or (commented and name == "demo-broker"), path


def test_the_broker_is_prepared_before_it_starts_by_the_user_whose_file_it_is() -> None:
    store = SERVICES["broker-users"]["command"][-1]

    assert f"plugin_opt_config_file {store}\n" in (ROOT / "mosquitto.conf").read_text(encoding="utf-8")
    assert SERVICES["broker"]["depends_on"]["broker-users"] == {"condition": "service_completed_successfully"}
    uid = SERVICES["broker-users"]["user"].split(":")[0]
    assert f"install -d -o {uid} -g {uid} -m 0700 /mosquitto/data" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_whoever_looks_addresses_up_or_draws_a_map_has_the_folder_of_the_map(environ: dict[str, str]) -> None:
    services = compose(environ)["services"]

    for name in ("api", "worker", "dashboard", "backup"):
        folder = services[name]["environment"]["WAYBILL_MAP_DIR"]
        assert f"./deploy/map:{folder}:ro" in services[name]["volumes"], name
    ignored = (ROOT / "deploy/map/.gitignore").read_text(encoding="utf-8").splitlines()
    assert ignored == ["*", "!.gitignore", "!README.md"]


def test_every_service_that_runs_on_has_a_check_of_its_health() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    runs_on = {name for name, service in SERVICES.items() if service["restart"] != "no"} | {"demo"}

    for name in runs_on - set(OURS):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD", name
    assert 'CMD ["waybill", "alive"]' in dockerfile
    # The rest takes the image's, which asks for a sign of life: these three give one.
    assert {name for name in runs_on & set(OURS) if "healthcheck" not in SERVICES[name]} == {
        "gateway", "worker", "api", "demo",
    }  # fmt: skip
