"""One POST to an address that somebody else chose: never into our own network, never redirected. Knows no webhook."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import msgspec

from gateway.outbox.deadline import shut_after

TIMEOUT_S = 15.0  # Standard Webhooks: 15 to 30 s; from byte to byte
MOST_S = 30.0  # for the whole answer
_MOST_ANSWER = 1000  # bytes of the answer that are kept for the log


class Answer(msgspec.Struct, frozen=True):
    """What came back; status None: nothing did, and `said` tells why."""

    status: int | None
    said: str
    took_s: float
    retry_after: str | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class RefusedAddressError(ValueError):
    """Nothing is sent there; the text says why and the way out."""


def check_url(url: str, *, allow_private: bool) -> SplitResult:
    """The parts of an address that may be sent to, as far as can be told without asking for its host."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise RefusedAddressError(f"{url!r} is no address such as https://shop.example.org/waybill")
    if parts.username is not None:
        raise RefusedAddressError("an address with a user name in it would stand in logs: use the signature instead")
    if parts.scheme == "http" and not allow_private:
        raise RefusedAddressError(f"{url!r} is not https: what is told would be read on the way")
    try:
        _ = parts.port
    except ValueError as error:
        raise RefusedAddressError(f"{url!r}: {error}") from error
    return parts


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
    """Sends `body`; whatever goes wrong is an answer without a status."""
    began_s = time.monotonic()
    try:
        parts = check_url(url, allow_private=allow_private)
        connection = _connect(parts, allow_private=allow_private)
    except (RefusedAddressError, OSError) as error:
        return Answer(None, _line(error), time.monotonic() - began_s)
    try:
        plain = connection.sock  # the connection forgets it when the answer ends with it
        with shut_after(MOST_S, lambda: plain):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            said = response.read(_MOST_ANSWER).decode(errors="replace")
        retry_after = response.getheader("Retry-After")
        return Answer(response.status, said, time.monotonic() - began_s, retry_after)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a status that is no number
        return Answer(None, _line(error), time.monotonic() - began_s)
    finally:
        connection.close()


def _connect(parts: SplitResult, *, allow_private: bool) -> http.client.HTTPConnection:
    """A connection to the very address that was checked: asked for again, a name could lead elsewhere."""
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not allow_private:
        for *_, address in found:
            if not ip_address(str(address[0]).partition("%")[0]).is_global:
                way_out = "WAYBILL_WEBHOOK_ALLOW_PRIVATE=true allows it"
                raise RefusedAddressError(f"{host} is {address[0]}, which is not a public address; {way_out}")
    plain = socket.create_connection((str(found[0][4][0]), port), TIMEOUT_S)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        else:
            connection.sock = plain
    except OSError:
        plain.close()
        raise
    return connection


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
