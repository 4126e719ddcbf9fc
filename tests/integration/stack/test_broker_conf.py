"""One mosquitto.conf for demo, tests and production, shown line by line; tries no connection."""

import re
from pathlib import Path

import pytest

from waybill.stack.broker import Broker, BrokerError, local_conf
from waybill.stack.broker_tls import with_tls
from waybill.stack.places import checkout

LOCAL = {"listener", "plugin", "plugin_opt_config_file", "acl_file", "persistence_location"}


def test_running_copy_differs_from_production_in_the_marked_lines_only(broker: Broker) -> None:
    production = (checkout() / "mosquitto.conf").read_text().splitlines()
    running = (broker.data_dir / "state/mosquitto.conf").read_text().splitlines()

    differing = [(before, after) for before, after in zip(production, running, strict=True) if before != after]

    assert {before.split()[0] for before, _ in differing} == LOCAL
    assert all(before.split()[0] == after.split()[0] for before, after in differing)


def test_each_setting_is_explained_and_the_local_ones_are_marked() -> None:
    lines = (checkout() / "mosquitto.conf").read_text().splitlines()
    explained, marked = False, set()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            above = "\n".join(lines[:number]).rsplit("\n\n", 1)[-1]
            explained = "# " in above
            assert explained, f"line {number + 1} has no word of explanation above it: {line}"
            if re.search(r"\[local\]$", lines[number - 1]):
                marked.add(line.split()[0])

    assert marked == LOCAL


def test_every_path_of_production_lies_where_the_image_has_it() -> None:
    text = (checkout() / "mosquitto.conf").read_text()
    settings = [line for line in text.splitlines() if not line.startswith("#")]
    paths = [Path(word) for line in settings for word in line.split() if "/" in word]

    assert {str(path.parents[-2]) for path in paths if path.is_absolute()} == {"/mosquitto", "/usr"}


def test_acl_in_use_is_the_one_in_the_repository(broker: Broker) -> None:
    assert (broker.data_dir / "state/broker.acl").read_bytes() == (checkout() / "broker.acl").read_bytes()


def test_missing_line_is_an_error_and_not_a_silent_default() -> None:
    with pytest.raises(BrokerError, match="acl_file"):
        local_conf("listener 1883\n", {"listener": "1", "acl_file": "x"})


def test_on_every_listener_also_those_switched_on_later_the_user_name_is_the_client_id() -> None:
    """In Mosquitto 2.0 the setting counts for the listener above it and for no other."""
    text = with_tls((checkout() / "mosquitto.conf").read_text(), {}, "0.0.0.0")
    settings = [line for line in text.splitlines() if line and not line.startswith("#")]
    listeners = [number for number, line in enumerate(settings) if line.startswith("listener ")]

    assert [settings[number].split()[1] for number in listeners] == ["1883", "8883", "8884"]
    for number in listeners:
        assert settings[number + 1] == "use_username_as_clientid true"
