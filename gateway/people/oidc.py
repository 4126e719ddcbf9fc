"""Sign-in through an OpenID Connect provider: the way there, and what its ID token proves. Knows no account.

Authorization code with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import msgspec

_PATIENCE_S = 5.0
_MOST_BYTES = 256_000
_KNOWN_FOR_S = 3600.0
_ASK_AGAIN_S = 60.0  # keys are asked for again when a token names an unknown one, but not at a stranger's pace
_LEEWAY_S = 60  # by which the provider's clock may differ from ours
# Signatures that nobody can make who can only check them: HS… would make the client's secret a signing key.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


class ProviderError(Exception):
    """The provider cannot be asked, or does not say what it must; the text is for the log."""


class ProofError(Exception):
    """What came back proves nothing; the text is for the log."""


class Identity(msgspec.Struct, frozen=True):
    """Who signed in there: `subject` is issuer and subject; `email` only when the provider has verified it."""

    subject: str
    email: str | None


class Attempt(msgspec.Struct, frozen=True):
    """One sign-in on its way. All of it follows from a secret in the browser's cookie, so that nothing is kept here."""

    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def attempt_of(secret: str) -> Attempt:
    """The attempt of a browser: state and nonce go to the provider and tell nothing of secret and verifier."""

    def derived(what: str) -> str:
        return _text(hmac.digest(secret.encode(), what.encode(), "sha256"))

    return Attempt(derived("state"), derived("nonce"), derived("verifier"))


class Provider:
    """One provider and this installation as its client. What it publishes of itself is asked for once an hour."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_at = -_KNOWN_FOR_S
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._keys_at = -_ASK_AGAIN_S

    def sign_in_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser has to go. Raises ProviderError."""
        wanted = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": redirect_uri,
            "scope": "openid email profile", "state": attempt.state, "nonce": attempt.nonce,
            "code_challenge": attempt.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        place = self._endpoint("authorization_endpoint")
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(wanted)}"

    def identity(self, attempt: Attempt, code: str, redirect_uri: str) -> Identity:
        """Who the code stands for. Raises ProviderError or ProofError."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if "client_secret_basic" in self._known().get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            both = f"{quote(self.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self._secret}
        answer = _ask(self._endpoint("token_endpoint"), urlencode(form).encode(), headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProofError(f"no ID token came for the code: {answer.get('error', 'no error either')}")
        return self._checked(token, attempt)

    def _checked(self, token: str, attempt: Attempt) -> Identity:
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token, key.key, algorithms=_ALGORITHMS, audience=self.client_id, issuer=self.issuer, leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )  # fmt: skip
        except (jwt.PyJWTError, TypeError) as error:
            raise ProofError(f"the ID token is not good: {error}") from error
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
            raise ProofError("the ID token was made for another sign-in: its nonce is another one")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.client_id:
            raise ProofError(f"the ID token was made for {claims.get('azp')}")
        email = claims.get("email")
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(f"{self.issuer} {claims['sub']}", email if verified else None)

    def _key(self, kid: str | None) -> jwt.PyJWK:
        with self._lock:
            if kid not in self._keys and time.monotonic() - self._keys_at >= _ASK_AGAIN_S:
                published = _ask(self._endpoint("jwks_uri", locked=True))
                try:
                    found = jwt.PyJWKSet.from_dict(published).keys
                except jwt.PyJWTError as error:
                    raise ProviderError(f"{self.issuer} publishes no keys that can be read: {error}") from error
                self._keys = {key.key_id: key for key in found}
                if len(found) == 1:
                    self._keys[None] = found[0]
                self._keys_at = time.monotonic()
            if kid not in self._keys:
                raise ProofError(f"the ID token names a key {kid!r} that the provider does not publish")
            return self._keys[kid]

    def _endpoint(self, name: str, *, locked: bool = False) -> str:
        place = (self._metadata if locked else self._known()).get(name)
        if not isinstance(place, str):
            raise ProviderError(f"{self.issuer} publishes no {name}")
        return place

    def _known(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() - self._metadata_at >= _KNOWN_FOR_S:
                found = _ask(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.issuer:
                    raise ProviderError(f"oidc_issuer is {self.issuer}, but it calls itself {found.get('issuer')}")
                self._metadata, self._metadata_at = found, time.monotonic()
            return self._metadata


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A code and a secret go where the provider published, and nowhere else."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _ask(url: str, form: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at `url`; an answer with an error is one too."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ProviderError(f"{url} is not https")
    request = urllib.request.Request(url, form, {"Accept": "application/json", **(headers or {})})  # noqa: S310
    try:
        try:
            with _OPENER.open(request, timeout=_PATIENCE_S) as answer:
                body = answer.read(_MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                body = error.read(_MOST_BYTES)
        found = json.loads(body)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ProviderError(f"{parts.scheme}://{parts.netloc}{parts.path} gives no answer: {error}") from error
    if not isinstance(found, dict):
        raise ProviderError(f"{parts.netloc}{parts.path} gives no JSON object")
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
