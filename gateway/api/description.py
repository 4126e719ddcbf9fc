"""What the API's description says of errors that every endpoint may answer with. Describes no endpoint itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from gateway.api.problems import MEDIA_TYPE, PROBLEM_SCHEMA

_PROBLEM = {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}
_EVERYWHERE = {
    "422": "The request does not say what it must; `errors` says what is wrong where",
    "503": "The database does not answer now",
}
_METHODS = ("get", "put", "post", "patch", "delete")


def describe_errors(app: FastAPI) -> None:
    """Makes the description name problem documents where FastAPI would name its own errors."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        description = describe()
        for path in description["paths"].values():
            for method in _METHODS:
                if method in path:
                    _name_problems(path[method]["responses"])
        for unused in ("HTTPValidationError", "ValidationError"):
            description.get("components", {}).get("schemas", {}).pop(unused, None)
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _name_problems(responses: dict[str, Any]) -> None:
    for status, text in _EVERYWHERE.items():
        own = responses.get(status, {})
        if MEDIA_TYPE not in own.get("content", {}):
            said = own.get("description", text)
            responses[status] = {"description": text if said == "Validation Error" else said, "content": _PROBLEM}
