"""Sign-in through a real OpenID Connect provider: whom it lets in, and what proves nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contract.clock import true_now
from gateway.people.oidc import Provider
from storage.ids import new_id
from storage.people import Account, Grant, put_account, set_disabled
from tests.fixtures.api import Api
from tests.fixtures.gateway import NOON
from tests.fixtures.sign_in_provider import CLIENT_ID, CLIENT_SECRET, SignInProvider

MIA = {"email": "Mia@Example.org", "email_verified": True}


class Browser:
    """Somebody's browser, and the account of Mia in the database."""

    def __init__(self, api: Api, provider: SignInProvider) -> None:
        self.api = api
        self.provider = provider
        self.cookies: dict[str, str] = {}
        self.mia = Account(
            new_id(NOON), "mia", None, "mia@example.org", NOON, None, False, (Grant("viewer", api.store),)
        )

    def start(self) -> str:
        """Where the browser is sent."""
        answer = self.api.ask(None, "GET", "/v1/session/oidc/start")
        assert answer.status_code == 303, answer.text
        self.cookies = dict(answer.cookies)
        return answer.headers["location"]

    def back(self, url: str, code: str, **more: str) -> httpx.Response:
        """The provider sends the browser back."""
        state = parse_qs(urlsplit(url).query)["state"][0]
        return self.api.ask(
            None, "GET", "/v1/session/oidc/callback", params={"code": code, "state": state, **more},
            headers={"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())},
        )  # fmt: skip

    def sign_in(self, key: Any = None, **claims: Any) -> httpx.Response:
        url = self.start()
        return self.back(url, self.provider.code_for(url, key, **claims))


@pytest.fixture
def browser(api: Api, sign_in_provider: SignInProvider) -> Browser:
    api.app.state.public_url = "http://api"
    api.app.state.oidc = Provider(sign_in_provider.issuer, CLIENT_ID, CLIENT_SECRET)
    made = Browser(api, sign_in_provider)
    with psycopg.connect(api.database.gateway_url) as connection:
        put_account(connection, made.mia, None)
    return made


def test_a_verified_address_links_the_account_once_and_the_subject_is_enough_then(browser: Browser) -> None:
    first = browser.sign_in(**MIA)
    again = browser.sign_in(email="other@example.org", email_verified=True)
    somebody = browser.sign_in(sub="u-2", **MIA)

    assert (first.status_code, first.headers["location"]) == (303, "/")
    token = first.cookies["waybill"]
    me = browser.api.ask(None, "GET", "/v1/session", headers={"cookie": f"waybill={token}"})
    assert me.json()["name"] == "mia"
    assert "httponly" in first.headers["set-cookie"].lower()
    assert (again.status_code, somebody.status_code) == (303, 401)
    subject = f"{browser.provider.issuer} u-1"
    assert browser.api.rows("SELECT name FROM waybill.account WHERE oidc_subject = %s", subject) == [("mia",)]
    told = browser.api.rows("SELECT actor, after ->> 'subject' FROM waybill.audit_event"
                            " WHERE action = 'account.oidc_linked'")  # fmt: skip
    assert told == [("mia", subject)]


@pytest.mark.parametrize(
    "claims",
    [
        {**MIA, "nonce": "another"}, {**MIA, "nonce": None}, {**MIA, "aud": "somebody-else"}, {**MIA, "aud": None},
        {**MIA, "aud": [CLIENT_ID, "x"], "azp": "x"}, {**MIA, "iss": "https://elsewhere.example"},
        {**MIA, "exp": 1_000_000_000}, {**MIA, "iat": 4_000_000_000}, {**MIA, "sub": None}, {**MIA, "exp": None},
        {"email": "mia@example.org"}, {"email": "mia@example.org", "email_verified": False},
        {"email": "mia@example.org", "email_verified": "true"}, {"email": "nobody@example.org", "email_verified": True},
        {},
    ],
)  # fmt: skip
def test_what_proves_nothing_lets_nobody_in(browser: Browser, claims: dict[str, Any]) -> None:
    answer = browser.sign_in(**claims)

    assert answer.status_code == 401
    assert "waybill" not in answer.cookies
    assert browser.api.rows("SELECT 1 FROM waybill.account WHERE oidc_subject IS NOT NULL") == []
    assert browser.api.rows("SELECT 1 FROM waybill.session s JOIN waybill.account a ON a.id = s.account_id"
                            " WHERE a.name = 'mia'") == []  # fmt: skip


@pytest.mark.parametrize("forged", ["another key", "the client's secret"])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(browser: Browser, forged: str) -> None:
    key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if forged == "the client's secret":
        key = CLIENT_SECRET.encode() + b" and more, for a key of 256 bits"

    assert browser.sign_in(key, **MIA).status_code == 401


def test_an_answer_to_another_browser_is_none(browser: Browser) -> None:
    url = browser.start()
    code = browser.provider.code_for(url, **MIA)
    asked = len(browser.provider.asked)
    browser.start()  # another attempt: another cookie

    assert browser.back(url, code).status_code == 401
    browser.cookies = {}
    assert browser.back(url, code).status_code == 401
    assert len(browser.provider.asked) == asked, "the provider is not asked for what did not begin here"


def test_a_code_is_good_once_and_only_from_this_provider(browser: Browser) -> None:
    url = browser.start()
    code = browser.provider.code_for(url, **MIA)

    assert browser.back(url, code, iss="https://elsewhere.example").status_code == 401
    assert browser.back(url, code, iss=browser.provider.issuer).status_code == 303
    assert browser.back(url, code).status_code == 401


def test_a_disabled_account_and_an_address_of_two_are_refused(browser: Browser) -> None:
    with psycopg.connect(browser.api.database.gateway_url) as connection:
        twin = Account(new_id(NOON), "mia2", None, "mia@example.org", NOON, None, False, ())
        put_account(connection, twin, None)
    two = browser.sign_in(**MIA)
    with psycopg.connect(browser.api.database.gateway_url) as connection:
        set_disabled(connection, twin.id, true_now())
    one = browser.sign_in(**MIA)
    with psycopg.connect(browser.api.database.gateway_url) as connection:
        set_disabled(connection, browser.mia.id, true_now())
    disabled = browser.sign_in(**MIA)

    assert (two.status_code, one.status_code, disabled.status_code) == (401, 303, 401)


def test_the_providers_keys_are_asked_for_again_but_not_at_every_guess(browser: Browser) -> None:
    assert browser.sign_in(**MIA).status_code == 303
    browser.provider.kid = "second"

    assert browser.sign_in(**MIA).status_code == 401
    assert browser.provider.asked.count("/keys") == 1
    browser.api.app.state.oidc._keys_at -= 60
    assert browser.sign_in(**MIA).status_code == 303
    assert browser.provider.asked.count("/.well-known/openid-configuration") == 1


def test_a_provider_that_is_away_or_calls_itself_otherwise_is_said_without_detail(browser: Browser) -> None:
    browser.api.app.state.oidc = Provider("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)
    away = browser.api.ask(None, "GET", "/v1/session/oidc/start")
    browser.api.app.state.oidc = Provider(f"{browser.provider.issuer}/", CLIENT_ID, CLIENT_SECRET)
    other = browser.api.ask(None, "GET", "/v1/session/oidc/start")
    browser.api.app.state.oidc = None
    unset = browser.api.ask(None, "GET", "/v1/session/oidc/callback?code=x&state=y")

    assert (away.status_code, other.status_code, unset.status_code) == (502, 502, 404)
    assert "127.0.0.1" not in away.text
    assert "oidc_issuer" in unset.json()["detail"]
