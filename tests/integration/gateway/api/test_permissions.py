"""Every endpoint refuses whoever may not call it; all that the API has are asked, so that none is forgotten."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute

from gateway.api.app import ROUTERS
from tests.fixtures.api import Api

# These ask for no sign-in; each says in its own tests why it tells nothing to strangers.
PUBLIC = {
    ("GET", "/v1/health"),
    ("GET", "/v1/ready"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/v1/osmand/{token}"),
    ("POST", "/v1/osmand/{token}"),
    ("POST", "/v1/enrolments/redeem"),
    ("POST", "/v1/session"),
    ("GET", "/v1/session/oidc/start"),
    ("GET", "/v1/session/oidc/callback"),
    ("GET", "/o/{token}"),
    ("POST", "/o/{token}"),
    ("GET", "/t/-/{name}"),
    ("GET", "/t/{token}"),
    ("GET", "/t/{token}/state"),
    ("GET", "/t/{token}/ground/{level}"),
    ("GET", "/t/{token}/note"),
    ("POST", "/t/{token}/note"),
    ("GET", "/t/{rest:path}"),
    ("GET", "/driver/in/{token}"),
    ("POST", "/driver/in/{token}"),
}
# A person's own session: whoever is signed in may ask.
OWN = {("GET", "/v1/session"), ("DELETE", "/v1/session"), ("PUT", "/v1/session/password")}


def endpoints() -> set[tuple[str, str]]:
    """(method, path) of all endpoints."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in routes for method in route.methods}


PROTECTED = sorted(endpoints() - PUBLIC)


def test_the_lists_name_nothing_that_is_gone() -> None:
    assert endpoints() >= PUBLIC | OWN
    assert len(PROTECTED) > 10


def test_nobody_gets_anything(api: Api) -> None:
    answers = {(method, path): api.ask(None, method, filled(path)).status_code for method, path in PROTECTED}

    assert set(answers.values()) == {401}, [one for one, status in answers.items() if status != 401]


def test_a_driver_has_no_right_to_what_staff_do(api: Api) -> None:
    # A driver's pages ask for the phone's link, whatever account the browser has: they answer as to nobody.
    asked = [one for one in PROTECTED if one not in OWN and not one[1].startswith("/driver")]
    answers = {(method, path): api.ask("driver", method, filled(path)).status_code for method, path in asked}

    assert set(answers.values()) == {403}, [one for one, status in answers.items() if status != 403]


@pytest.mark.parametrize("header", ["Bearer wb_live_00000000_guess", "Basic chief:secret", "Bearer "])
def test_a_wrong_key_is_nobody(api: Api, header: str) -> None:
    answer = api.ask(None, "GET", "/v1/accounts", headers={"authorization": header})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def filled(path: str) -> str:
    """The path with something in the place of each variable."""
    return re.sub(r"\{[^}]+\}", "x", path)
