"""Signatures of webhooks as Standard Webhooks 1.0 has them (symmetric, v1). Sends nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"


def new_secret() -> str:
    """A secret of 256 bits, as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """Whether receivers' libraries take it: the prefix, and 24 to 64 bytes in Base64."""
    try:
        return text.startswith(PREFIX) and 24 <= len(base64.b64decode(text.removeprefix(PREFIX), validate=True)) <= 64
    except ValueError:
        return False


def signature(secret: str, message_id: str, timestamp_s: int, body: str) -> str:
    """`v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    said = f"{message_id}.{timestamp_s}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def signed_headers(secrets_: Iterable[str], message_id: str, timestamp_s: int, body: str) -> dict[str, str]:
    """The three headers; during a rotation with a signature of each secret, without any secret the first two."""
    signatures = [signature(secret, message_id, timestamp_s, body) for secret in secrets_]
    signed = {"webhook-signature": " ".join(signatures)} if signatures else {}
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s), **signed}
