"""The worked example for text messages, run as its reader runs it: signed by the outbox, passed on once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from uuid import uuid4

import pytest

from contract.clock import true_now
from gateway.outbox.sending import post
from gateway.outbox.signing import signed_headers
from waybill.stack.ports import Ports

SCRIPT = Path(__file__).parents[2] / "docs/examples/sms_receiver.py"
SECRET = "whsec_" + "QUJD" * 8


class Provider:
    """An SMS provider that answers as `status` says."""

    def __init__(self) -> None:
        self.texts: list[dict[str, list[str]]] = []
        self.status = 201
        self.port = 0


@pytest.fixture
def provider() -> Iterator[Provider]:
    kept = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.texts.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kept.port = server.server_port
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def receiver(provider: Provider, server_ports: Ports, tmp_path: Path) -> Iterator[str]:
    port = server_ports.claim(0)
    environ = {
        **os.environ, "SMS_SECRET": SECRET, "SMS_PROVIDER_URL": f"http://127.0.0.1:{provider.port}/messages",
        "SMS_PROVIDER_USER": "user", "SMS_PROVIDER_PASSWORD": "password", "SMS_FROM": "+15550100",
        "SMS_PORT": str(port), "SMS_STORE": str(tmp_path / "sms.sqlite"),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, SCRIPT], env=environ, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "listening on" in process.stderr.readline()
    yield f"http://127.0.0.1:{port}/"
    process.kill()
    process.wait()
    process.stderr.close()


def send(url: str, message_id: str, secret: str = SECRET) -> int | None:
    body = '{"type":"message.sms","data":{"to":"+358405550147","text":"on its way"}}'
    headers = signed_headers([secret], message_id, int(true_now().timestamp()), body)
    return post(url, body.encode(), headers, allow_private=True).status


def test_a_message_is_passed_on_once_and_a_strangers_never(receiver: str, provider: Provider) -> None:
    message_id = str(uuid4())

    assert send(receiver, str(uuid4()), "whsec_" + "eHh4" * 8) == 401
    provider.status = 500
    assert send(receiver, message_id) == 503
    provider.status = 201
    assert send(receiver, message_id) == 200
    assert send(receiver, message_id) == 200
    provider.status = 400
    assert send(receiver, str(uuid4())) == 400

    assert [one["Body"] for one in provider.texts] == [["on its way"]] * 3
    assert provider.texts[1] == {"To": ["+358405550147"], "From": ["+15550100"], "Body": ["on its way"]}
