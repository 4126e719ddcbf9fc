"""Signing in and out, accounts, roles and keys over HTTP, on the real database."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from contract.clock import true_now
from gateway.api.tries import PER_ADDRESS
from tests.fixtures.api import Api

PASSWORD = "correct horse battery staple"
DISPATCHER = {"role": "dispatcher", "premises": "store"}


def open_account(api: Api, name: str = "mia", **more: object) -> None:
    wanted = {"name": name, "password": PASSWORD, "roles": [DISPATCHER], **more}
    answer = api.ask("chief", "POST", "/v1/accounts", wanted)
    assert answer.status_code == 201, answer.text


def sign_in(api: Api, name: str = "mia", password: str = PASSWORD) -> dict[str, str]:
    """The headers of a browser that has just signed in."""
    answer = api.ask(None, "POST", "/v1/session", {"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"cookie": f"waybill={answer.cookies['waybill']}"}


def test_a_person_signs_in_is_known_and_signs_out(api: Api) -> None:
    open_account(api, full_name="Mia Salo")

    answer = api.ask(None, "POST", "/v1/session", {"name": "mia", "password": PASSWORD})
    cookie = {"cookie": f"waybill={answer.cookies['waybill']}"}
    who = api.ask(None, "GET", "/v1/session", headers=cookie)
    out = api.ask(None, "DELETE", "/v1/session", headers=cookie)
    afterwards = api.ask(None, "GET", "/v1/session", headers=cookie)

    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert who.json()["name"] == "mia"
    assert who.json()["roles"][0]["premises"] == "store"
    assert "orders:write" in who.json()["roles"][0]["may"]
    assert out.status_code == 204
    assert afterwards.status_code == 401


def test_with_https_the_cookie_is_for_this_host_and_https_alone(api: Api) -> None:
    open_account(api)
    api.app.state.public_url = "https://waybill.example.org"

    answer = api.ask(None, "POST", "/v1/session", {"name": "mia", "password": PASSWORD})

    assert answer.headers["set-cookie"].startswith("__Host-waybill=")
    assert "Secure" in answer.headers["set-cookie"]


def test_no_token_and_no_password_stands_in_the_database(api: Api) -> None:
    open_account(api)
    token = sign_in(api)["cookie"].removeprefix("waybill=")

    rows = [api.rows(f"SELECT * FROM waybill.{table}") for table in ("session", "account", "audit_event")]

    assert PASSWORD not in str(rows)
    assert token not in str(rows)


@pytest.mark.parametrize(("name", "password"), [("mia", "wrong horse battery"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_look_alike(api: Api, name: str, password: str) -> None:
    open_account(api)

    answer = api.ask(None, "POST", "/v1/session", {"name": name, "password": password})

    assert answer.status_code == 401
    assert answer.json()["detail"] == "name or password is wrong, or the account is disabled"
    assert api.rows("SELECT actor FROM waybill.audit_event WHERE action = 'session.refused'") == [(name,)]


def test_wrong_tries_are_slowed_down(api: Api) -> None:
    open_account(api)
    for _ in range(PER_ADDRESS):
        api.ask(None, "POST", "/v1/session", {"name": "mia", "password": "wrong horse battery"})

    answer = api.ask(None, "POST", "/v1/session", {"name": "mia", "password": PASSWORD})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}]
)
def test_a_page_of_another_origin_cannot_act_with_the_cookie(api: Api, headers: dict[str, str]) -> None:
    answer = api.ask("chief", "POST", "/v1/accounts", {"name": "x", "roles": []}, headers=headers)

    assert answer.status_code == 403
    assert api.rows("SELECT 1 FROM waybill.account WHERE name = 'x'") == []


def test_a_session_ends_when_nobody_used_it_for_half_a_day(api: Api) -> None:
    open_account(api)
    cookie = sign_in(api)
    long_ago = true_now() - timedelta(hours=13)
    with psycopg.connect(api.database.owner_url) as owner:
        owner.execute("UPDATE waybill.session SET seen_at = %s", [long_ago])

    assert api.ask(None, "GET", "/v1/session", headers=cookie).status_code == 401


def test_a_new_password_ends_every_session(api: Api) -> None:
    open_account(api)
    cookie = sign_in(api)

    wrong = api.ask(None, "PUT", "/v1/session/password", {"old": "no", "new": PASSWORD + "!"}, headers=cookie)
    short = api.ask(None, "PUT", "/v1/session/password", {"old": PASSWORD, "new": "short"}, headers=cookie)
    done = api.ask(None, "PUT", "/v1/session/password", {"old": PASSWORD, "new": PASSWORD + "!"}, headers=cookie)

    assert (wrong.status_code, short.status_code, done.status_code) == (403, 422, 204)
    assert "at least 15" in short.json()["detail"]
    assert api.ask(None, "GET", "/v1/session", headers=cookie).status_code == 401
    assert sign_in(api, password=PASSWORD + "!")


def test_changed_roles_count_at_once_and_are_on_record(api: Api) -> None:
    open_account(api)
    cookie = sign_in(api)

    answer = api.ask("chief", "PATCH", "/v1/accounts/mia", {"roles": [{"role": "viewer"}]})
    who = api.ask(None, "GET", "/v1/session", headers=cookie)

    assert answer.json()["roles"][0]["role"] == "viewer"
    assert who.json()["roles"][0] | {"may": []} == {"role": "viewer", "premises": None, "may": []}
    (row,) = api.rows("SELECT actor, before, after FROM waybill.audit_event WHERE action = 'account.roles_changed'")
    assert row[0] == "chief"
    assert (row[1]["roles"][0]["role"], row[2]["roles"][0]["role"]) == ("dispatcher", "viewer")


def test_a_disabled_person_is_out_at_once(api: Api) -> None:
    open_account(api)
    cookie = sign_in(api)

    api.ask("chief", "PATCH", "/v1/accounts/mia", {"disabled": True})

    assert api.ask(None, "GET", "/v1/session", headers=cookie).status_code == 401
    answer = api.ask(None, "POST", "/v1/session", {"name": "mia", "password": PASSWORD})
    assert answer.status_code == 401


def test_the_last_administrator_stays_one(api: Api) -> None:
    demoted = api.ask("chief", "PATCH", "/v1/accounts/chief", {"roles": [{"role": "viewer"}]})
    disabled = api.ask("chief", "PATCH", "/v1/accounts/chief", {"disabled": True})

    assert (demoted.status_code, disabled.status_code) == (409, 409)
    assert "only account that administers" in demoted.json()["detail"]


def test_an_administrator_of_one_premises_gives_no_rights_beyond_it(api: Api) -> None:
    open_account(api, "local", roles=[{"role": "administrator", "premises": "store"}])
    cookie = sign_in(api, "local")

    own = api.ask(None, "POST", "/v1/accounts", {"name": "a", "roles": [DISPATCHER]}, headers=cookie)
    all_of_them = api.ask(None, "POST", "/v1/accounts", {"name": "b", "roles": [{"role": "viewer"}]}, headers=cookie)
    chief = api.ask(None, "PATCH", "/v1/accounts/chief", {"password": PASSWORD}, headers=cookie)
    key = api.ask(None, "POST", "/v1/keys", {"name": "pos2", "scopes": ["orders:read"]}, headers=cookie)

    assert (own.status_code, all_of_them.status_code, chief.status_code, key.status_code) == (201, 409, 404, 404)


def test_accounts_are_searched_and_paged(api: Api) -> None:
    for number in range(5):
        open_account(api, f"person-{number}", full_name=f"Person {number}", password=None)

    first = api.ask("chief", "GET", "/v1/accounts?q=person&limit=3").json()
    second = api.ask("chief", "GET", f"/v1/accounts?q=person&limit=3&after={first['next']}").json()
    nonsense = api.ask("chief", "GET", "/v1/accounts?after=nonsense")

    names = [one["name"] for one in first["accounts"] + second["accounts"]]
    assert names == [f"person-{number}" for number in range(5)]
    assert second["next"] is None
    assert nonsense.status_code == 422
    assert nonsense.json()["errors"][0]["at"] == "query.after"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"name": "Mia!", "roles": []}, "must be 1 to 64"),
        ({"name": "mia", "password": "short", "roles": []}, "at least 15"),
        ({"name": "mia", "roles": [{"role": "viewer", "premises": "nowhere"}]}, "nowhere"),
    ],
)
def test_what_is_wrong_with_an_account_is_said(api: Api, wanted: dict[str, object], says: str) -> None:
    answer = api.ask("chief", "POST", "/v1/accounts", wanted)

    assert answer.status_code in (404, 422)
    assert says in answer.json()["detail"]


def test_a_key_is_shown_once_rotated_and_revoked(api: Api) -> None:
    wanted = {"name": "webshop", "scopes": ["orders:read", "people:write"]}
    refused = api.ask("chief", "POST", "/v1/keys", wanted)
    made = api.ask("chief", "POST", "/v1/keys", {"name": "webshop", "scopes": ["orders:read"]}).json()
    rotated = api.ask("chief", "POST", f"/v1/keys/{made['prefix']}/rotate", {"overlap_hours": 1}).json()
    listed = api.ask("chief", "GET", "/v1/keys").json()
    revoked = api.ask("chief", "DELETE", f"/v1/keys/{rotated['prefix']}")

    assert refused.status_code == 422
    assert made["secret"].startswith(made["prefix"])
    assert made["secret"] not in str(listed)
    assert rotated["secret"] not in str(listed)
    assert revoked.status_code == 204
    assert status_with(api, made["secret"]) == 403  # still good, but not for accounts
    assert status_with(api, rotated["secret"]) == 401


def status_with(api: Api, secret: str) -> int:
    return api.ask(None, "GET", "/v1/accounts", headers={"authorization": f"Bearer {secret}"}).status_code
