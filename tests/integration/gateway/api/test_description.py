"""The API against its own description: whatever is sent, no 500 and no answer that it does not announce."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api.app import ROUTERS
from tests.fixtures.api import Api

# A 500 is announced nowhere, so the first of them finds it.
_CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
# These speak a protocol of others, or end the session that the rest is asked with.
_LEFT_OUT = {"/v1/osmand/{token}", "/v1/session", "/v1/session/password", "/metrics"}


@pytest.mark.parametrize("requests", [6, pytest.param(150, marks=pytest.mark.long)])
def test_every_answer_is_announced(api: Api, requests: int) -> None:
    """One database for all endpoints: what one of them makes is what the next one stumbles over."""
    api.app.state.webhook_allow_private = True
    description = schemathesis.openapi.from_asgi("/v1/openapi.json", api.app)
    wrong: list[str] = []
    for result in description.get_all_operations():
        operation = result.ok()
        if operation.path not in _LEFT_OUT:
            try:
                _ask_at_random(operation, api, requests)
            except (FailureGroup, Failure) as failure:
                wrong.append(f"{operation.label}: {failure}")

    assert wrong == [], "\n\n".join(wrong)


def _ask_at_random(operation: schemathesis.APIOperation, api: Api, requests: int) -> None:  # type: ignore[type-arg]
    @settings(max_examples=requests, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=api.headers["chief"], checks=_CHECKS)

    ask()


def test_no_endpoint_was_forgotten(api: Api) -> None:
    described = set(api.ask(None, "GET", "/v1/openapi.json").json()["paths"])
    there = {route.path for router in ROUTERS for route in router.routes}  # type: ignore[attr-defined]

    # Pages and what monitors ask are described elsewhere.
    pages = {path for path in there if path.startswith(("/t/", "/o/", "/driver"))}
    assert there - described - pages <= {"/metrics", "/healthz", "/readyz"}
    assert described >= _LEFT_OUT - {"/metrics"}
