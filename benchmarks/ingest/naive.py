"""The peer: a gateway as one writes it in an afternoon: aiomqtt, json, one INSERT and commit per position.

Acknowledges before it stores; kept only to be compared with.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiomqtt
import psycopg

_INSERT = (
    "INSERT INTO naive_fix (device, seq, fixed_at, lat_e7, lon_e7, speed_mps, course_deg)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


async def main(host: str, port: int, password: str, url: str, certificate: str | None = None) -> None:
    """Runs until it is killed."""
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        aiomqtt.Client(
            host, port, username="gateway", password=password, identifier="gateway",
            protocol=aiomqtt.ProtocolVersion.V5, clean_start=False,
            tls_params=None if certificate is None else aiomqtt.TLSParameters(ca_certs=certificate),
        ) as client,
    ):  # fmt: skip
        await client.subscribe("waybill/v1/+/fixes", qos=1)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        async for message in client.messages:
            if not str(message.topic).endswith("/fixes"):
                continue  # the broker's own counters, to which our gateway subscribed in the same session
            device = str(message.topic).split("/")[2]
            for fix in json.loads(message.payload)["fixes"]:
                await connection.execute(
                    _INSERT,
                    [device, fix["seq"], fix["fixed_at"], fix["lat_e7"], fix["lon_e7"], fix["speed_mps"],
                     fix["course_deg"]],
                )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
