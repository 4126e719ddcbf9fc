"""Takes text messages from the outbox and passes them on to an SMS provider. Python 3.11, nothing to install.

    export SMS_SECRET=whsec_…             the same as sms_secret of the installation
    export SMS_PROVIDER_URL=https://…     where the provider takes To, From and Body as a form, with a user and password
    export SMS_PROVIDER_USER=… SMS_PROVIDER_PASSWORD=… SMS_FROM=+15550100
    python3 sms_receiver.py               listens on 127.0.0.1:8090 (SMS_PORT), remembers in sms.sqlite (SMS_STORE)

and in the installation: sms_url = http://127.0.0.1:8090/
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300  # an older signature may have been overheard


def is_ours(secret: str, headers, body: bytes, now_s: float) -> bool:
    """Standard Webhooks: HMAC-SHA256 over id.timestamp.body, as `v1,…`; several when a secret is being changed."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now_s - int(stamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest())
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(one, "v1," + wanted.decode()) for one in given)


class Store:
    """The ids of what the provider has taken: the outbox may send one again when our answer got lost."""

    def __init__(self, path: str) -> None:
        self._rows = sqlite3.connect(path)
        self._rows.execute("CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY, at REAL)")

    def has(self, message_id: str) -> bool:
        return self._rows.execute("SELECT 1 FROM taken WHERE id = ?", [message_id]).fetchone() is not None

    def keep(self, message_id: str, now_s: float) -> None:
        with self._rows:
            self._rows.execute("INSERT OR IGNORE INTO taken VALUES (?, ?)", [message_id, now_s])
            self._rows.execute("DELETE FROM taken WHERE at < ?", [now_s - 14 * 86_400])


def pass_on(to: str, text: str) -> tuple[int, str]:
    """The status for the outbox: 2xx told, 400 never, 503 try again."""
    form = urllib.parse.urlencode({"To": to, "From": os.environ["SMS_FROM"], "Body": text}).encode()
    request = urllib.request.Request(os.environ["SMS_PROVIDER_URL"], form)
    word = f"{os.environ['SMS_PROVIDER_USER']}:{os.environ['SMS_PROVIDER_PASSWORD']}"
    request.add_header("Authorization", "Basic " + base64.b64encode(word.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return 200, answer.read(500).decode(errors="replace")
    except urllib.error.HTTPError as error:
        said = error.read(500).decode(errors="replace")
        return (400, said) if error.code in (400, 422) else (503, said)  # 400: the provider calls it no number
    except OSError as error:
        return 503, str(error)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 100_000))
        if not is_ours(os.environ["SMS_SECRET"], self.headers, body, time.time()):
            return self._answer(401, "this signature is not ours")
        message_id, data = self.headers["webhook-id"], json.loads(body)["data"]
        if self.server.store.has(message_id):
            return self._answer(200, "taken before")
        status, said = pass_on(data["to"], data["text"])
        if status == 200:
            self.server.store.keep(message_id, time.time())
        return self._answer(status, said)

    def _answer(self, status: int, said: str) -> None:
        content = said.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form: str, *values: object) -> None:
        sys.stderr.write(form % values + "\n")  # no number and no text: they are the customer's


def main() -> None:
    server = HTTPServer(("127.0.0.1", int(os.environ.get("SMS_PORT", "8090"))), Receiver)
    server.store = Store(os.environ.get("SMS_STORE", "sms.sqlite"))
    sys.stderr.write(f"listening on 127.0.0.1:{server.server_port}\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
