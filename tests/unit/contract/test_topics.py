"""Topics of the wire protocol: made, read back, and everything else told apart."""

from __future__ import annotations

import pytest

from contract.topics import COMMAND, FIXES, REJECTED, STATUS, STORED, channel_filter, device_topic, parse_topic


@pytest.mark.parametrize("channel", [FIXES, STATUS, STORED, REJECTED, COMMAND])
def test_a_topic_is_read_back_as_device_and_channel(channel: str) -> None:
    assert device_topic("gps-07", channel) == f"waybill/v1/gps-07/{channel}"
    assert parse_topic(device_topic("gps-07", channel)) == ("gps-07", channel)
    assert channel_filter(channel) == f"waybill/v1/+/{channel}"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "waybill/v1/gps-07",
        "waybill/v1/gps-07/fixes/now",
        "waybill/v2/gps-07/fixes",
        "Waybill/v1/gps-07/fixes",
        "waybill/v1//fixes",
        "waybill/v1/GPS-07/fixes",
        "waybill/v1/-gps/fixes",
        "waybill/v1/gps 07/fixes",
        "waybill/v1/gps-07\n/fixes",
        f"waybill/v1/{'g' * 33}/fixes",
        "$SYS/broker/uptime",
    ],
)
def test_what_is_no_topic_of_ours_is_none(topic: str) -> None:
    assert parse_topic(topic) is None
