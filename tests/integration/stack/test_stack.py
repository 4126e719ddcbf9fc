"""A data folder's servers: found again, kept apart, named by the environment; makes no table."""

import socket
import ssl
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest

from contract.clock import true_now
from gateway.device_ca import load_ca, make_ca, make_server_certificate
from waybill.configuration import configure
from waybill.stack import broker_tls
from waybill.stack.installation import read_values
from waybill.stack.postgres import HOST, OWNER
from waybill.stack.process_state import read_state
from waybill.stack.stack import Stack, StackError, in_use, remove_server_data


def test_second_start_finds_the_same_data_with_the_same_secrets(server_folder: Path) -> None:
    folder = server_folder / "again"
    with Stack(folder, print, {}) as stack:
        first = stack.start_servers(print)
        assert first.postgres is not None
        assert in_use(folder)
        with psycopg.connect(first.database_owner_url) as connection:
            connection.execute("CREATE TABLE kept ()")
    before = read_values(folder)
    with Stack(folder, print, {}) as stack:
        second = stack.start_servers(print)
        assert second.postgres is not None
        with psycopg.connect(second.database_owner_url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

    assert not in_use(folder)
    assert read_values(folder) == before
    assert stat.S_IMODE((folder / "waybill.toml").stat().st_mode) == 0o600
    loaded = configure({}, data_dir=folder).settings
    assert loaded.database_owner_url == second.database_owner_url
    assert loaded.broker_port == second.broker_port
    remove_server_data(folder)
    assert not (folder / "pg").exists()


def test_two_folders_run_side_by_side_and_one_folder_only_once(server_folder: Path) -> None:
    with Stack(server_folder / "one", print, {}) as one, Stack(server_folder / "two", print, {}) as two:
        first, second = one.start_servers(print), two.start_servers(print)
        assert first.broker_port != second.broker_port
        assert first.database_owner_url.split("@")[1] != second.database_owner_url.split("@")[1]
        assert one.port("api_port") != two.port("api_port")

        with pytest.raises(StackError, match="in use by another waybill"), Stack(server_folder / "one", print, {}):
            pass
        with pytest.raises(StackError, match="in use"):
            remove_server_data(server_folder / "one")


def test_named_servers_are_taken_and_none_is_started(server_folder: Path) -> None:
    address = f"postgresql://{OWNER}:x@db.example/waybill"
    roles = ("DATABASE_OWNER_URL", "DATABASE_URL", "DATABASE_READER_URL", "DATABASE_RETENTION_URL")
    environ = {f"WAYBILL_{role}": address for role in roles} | {
        "WAYBILL_BROKER_HOST": "broker.example",
        "WAYBILL_BROKER_PASSWORD": "x",
        "WAYBILL_BROKER_ADMIN_PASSWORD": "y",
    }

    with Stack(server_folder / "named", print, environ) as stack:
        servers = stack.start_servers(print)

        assert (servers.postgres, servers.broker) == (None, None)
        assert (servers.database_owner_url, servers.broker_host) == (address, "broker.example")
        assert stack.supervisor.states() == ()
    assert set(read_values(server_folder / "named")) == {"data_dir"}


def test_half_named_database_is_refused_with_what_is_missing(server_folder: Path) -> None:
    with (
        Stack(server_folder / "half", print, {"WAYBILL_DATABASE_URL": "postgresql://x"}) as stack,
        pytest.raises(StackError, match="WAYBILL_DATABASE_OWNER_URL"),
    ):
        stack.start_servers(print)


def test_servers_go_with_a_parent_that_was_killed_and_come_back_with_the_next(server_folder: Path) -> None:
    folder = server_folder / "killed-parent"
    code = f"""
        import signal
        from pathlib import Path
        from waybill.stack.stack import Stack
        with Stack(Path({str(folder)!r}), print, {{}}) as stack:
            stack.start_servers(print)
            print("started", flush=True)
            signal.pause()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        while (line := parent.stdout.readline()) != "started\n":
            assert line, "the stack did not start"
        state = read_state(folder / "run/processes.json")
        assert state is not None
        assert {one.name: one.runs() for one in state.processes} == {"database": True, "broker": True}
        parent.kill()
        parent.wait()

    give_up_s = time.monotonic() + 10
    while any(one.runs() for one in state.processes):
        assert time.monotonic() < give_up_s, "servers outlived their parent by 10 s"
        time.sleep(0.05)
    with Stack(folder, print, {}) as stack:
        assert stack.start_servers(print).postgres is not None


def test_certificates_of_the_folder_open_the_tls_ports(server_folder: Path) -> None:
    folder = server_folder / "tls-stack"
    authority = folder / broker_tls.FOLDER
    make_ca(authority, true_now())
    make_server_certificate(load_ca(authority), authority, [HOST], true_now())
    roles = ("DATABASE_OWNER_URL", "DATABASE_URL", "DATABASE_READER_URL", "DATABASE_RETENTION_URL")
    named = {f"WAYBILL_{role}": f"postgresql://{OWNER}:x@db.example/waybill" for role in roles}

    with Stack(folder, print, named) as stack:
        stack.start_servers(print)
        settings = configure({}, data_dir=folder).settings
        assert settings.device_ca_dir == authority
        context = ssl.create_default_context(cafile=str(settings.device_broker_tls_ca))
        with (
            socket.create_connection((HOST, settings.device_broker_certificate_port), timeout=10) as line,
            context.wrap_socket(line, server_hostname=HOST) as tls,
        ):
            assert tls.version() == "TLSv1.3"
    remove_server_data(folder)
