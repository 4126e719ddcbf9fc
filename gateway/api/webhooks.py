"""The router for order systems: where they want to be told what happens. Sends nothing itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.callers import Caller, WebhookWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.outbox import endpoints
from gateway.people.permissions import Permission
from gateway.refusals import NotThereError, RefusedError
from storage.webhooks import Webhook, webhook_deliveries, webhooks

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=IdempotentRoute)

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[!-~]+$")]
Type = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_]+(\.[a-z_]+)*$")]
_WHO = {"_401": "No session and no API key", "_403": "No right to webhooks"}
_ONE = refusals(**_WHO, _404="There is no such webhook")


class WebhookIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Url
    types: list[Type] | None = Field(
        None, max_length=50, description="such as order.delivered; left out: whatever happens"
    )
    premises: str | None = Field(None, max_length=32, description="left out: the caller's only ones, or all")


class WebhookChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: list[Type] | None = Field(None, max_length=50)
    disabled: bool | None = None


class WebhookOut(BaseModel):
    id: UUID
    premises: str | None
    url: str
    types: list[str] | None
    test: bool
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_because: str | None
    old_secret_until: datetime | None
    waiting: int = Field(description="deliveries that are still to be tried")


class SecretOut(BaseModel):
    secret: str = Field(description="signs every delivery; shown this once")


class MadeWebhook(WebhookOut, SecretOut):
    pass


class Sent(BaseModel):
    deliveries: int
    delivery_id: UUID | None = None


class DeliveryOut(BaseModel):
    id: UUID
    event_id: UUID = Field(description="the webhook-id header")
    type: str
    body: str
    created_at: datetime
    next_at: datetime | None = Field(description="null: nothing more is tried")
    attempts: int
    delivered_at: datetime | None
    tries: list[dict[str, Any]]


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryOut]
    next: str | None


@router.get("", summary="Webhooks, newest first", responses=refusals(**_WHO))
def list_webhooks(caller: WebhookWriter, connection: Database) -> list[WebhookOut]:
    return [_out(one) for one in webhooks(connection) if _is_own(caller, one)]


@router.post(
    "", status_code=201, summary="Tells an address of what happens from now on", dependencies=[Once],
    responses=refusals(**_WHO, _404="There are no such premises", _422="The address cannot be told"),
)  # fmt: skip
def add_webhook(
    request: Request, wanted: WebhookIn, caller: WebhookWriter, connection: Database, now: Now
) -> MadeWebhook:
    premises_id = None
    if wanted.premises is not None or caller.scope(Permission.WEBHOOKS_WRITE).premises_ids is not None:
        premises_id = premises_of(connection, caller, Permission.WEBHOOKS_WRITE, wanted.premises).id
    webhook, secret = endpoints.add_webhook(
        connection, wanted.url, wanted.types, premises_id=premises_id, test=caller.test,
        allow_private=request.app.state.webhook_allow_private, actor=caller.actor, at=now,
    )  # fmt: skip
    return MadeWebhook(**_out(_found(connection, caller, webhook.id)).model_dump(), secret=secret)


@router.get("/{webhook_id}", summary="One webhook", responses=_ONE)
def one_webhook(webhook_id: UUID, caller: WebhookWriter, connection: Database) -> WebhookOut:
    return _out(_found(connection, caller, webhook_id))


@router.patch("/{webhook_id}", summary="Changes address and types; disables or enables", responses=_ONE)
def change_webhook(
    request: Request, webhook_id: UUID, change: WebhookChange, caller: WebhookWriter, connection: Database, now: Now
) -> WebhookOut:
    webhook = _found(connection, caller, webhook_id)
    if change.model_fields_set & {"url", "types"}:
        types = change.types if "types" in change.model_fields_set else webhook.types
        endpoints.change_webhook(
            connection, webhook, change.url or webhook.url, types,
            allow_private=request.app.state.webhook_allow_private, actor=caller.actor, at=now,
        )  # fmt: skip
    if change.disabled is not None and change.disabled != (webhook.disabled_at is not None):
        endpoints.turn_webhook(connection, webhook, on=not change.disabled, actor=caller.actor, at=now)
    return _out(_found(connection, caller, webhook_id))


@router.delete("/{webhook_id}", status_code=204, summary="Deletes a webhook with its log", responses=_ONE)
def delete_webhook(webhook_id: UUID, caller: WebhookWriter, connection: Database, now: Now) -> None:
    endpoints.delete_webhook(connection, _found(connection, caller, webhook_id), actor=caller.actor, at=now)


@router.post("/{webhook_id}/rotate", status_code=201, summary="A new secret; the old one signs too for a day",
             responses=_ONE)  # fmt: skip
def rotate_secret(webhook_id: UUID, caller: WebhookWriter, connection: Database, now: Now) -> SecretOut:
    webhook = _found(connection, caller, webhook_id)
    return SecretOut(secret=endpoints.rotate_secret(connection, webhook, actor=caller.actor, at=now))


@router.post("/{webhook_id}/test", status_code=202, summary="Sends a test event", responses=_ONE)
def send_test(webhook_id: UUID, caller: WebhookWriter, connection: Database, now: Now) -> Sent:
    webhook = _found(connection, caller, webhook_id)
    delivery_id = endpoints.send_test(connection, webhook, actor=caller.actor, at=now)
    return Sent(deliveries=1, delivery_id=delivery_id)


@router.get("/{webhook_id}/deliveries", summary="What was sent, newest first, with every try", responses=_ONE)
def list_deliveries(
    webhook_id: UUID, caller: WebhookWriter, connection: Database,
    failed: Annotated[bool, Query(description="only what was tried and did not arrive")] = False,  # noqa: FBT002
    after: Cursor = None, limit: Limit = 50,
) -> DeliveryPage:  # fmt: skip
    webhook = _found(connection, caller, webhook_id)
    found = webhook_deliveries(connection, webhook.id, failed=failed, after=read_place(after), most=limit + 1)
    page = found[:limit]
    following = write_place(page[-1].created_at, page[-1].id) if len(found) > limit else None
    deliveries = [DeliveryOut.model_validate(one, from_attributes=True) for one in page]
    return DeliveryPage(deliveries=deliveries, next=following)


@router.post(
    "/{webhook_id}/replay", status_code=202, summary="Sends again: one delivery, or all that never arrived since then",
    responses=_ONE,
)  # fmt: skip
def replay(
    webhook_id: UUID, caller: WebhookWriter, connection: Database, now: Now,
    delivery_id: Annotated[UUID | None, Query()] = None, since: Annotated[AwareDatetime | None, Query()] = None,
) -> Sent:  # fmt: skip
    if (delivery_id is None) == (since is None):
        raise RefusedError("say which: delivery_id or since", field="query.since")
    webhook = _found(connection, caller, webhook_id)
    count = endpoints.replay(connection, webhook, delivery_id=delivery_id, since=since, actor=caller.actor, at=now)
    return Sent(deliveries=count, delivery_id=delivery_id)


def _found(connection: psycopg.Connection, caller: Caller, webhook_id: UUID) -> Webhook:
    webhook = endpoints.find_webhook(connection, webhook_id)
    if not _is_own(caller, webhook):
        raise NotThereError(f"there is no webhook {webhook_id}")
    return webhook


def _is_own(caller: Caller, webhook: Webhook) -> bool:
    scope = caller.scope(Permission.WEBHOOKS_WRITE)
    within = scope.premises_ids is None or (webhook.premises_id is not None and webhook.premises_id in scope)
    return within and caller.test == webhook.test


def _out(webhook: Webhook) -> WebhookOut:
    return WebhookOut.model_validate(webhook, from_attributes=True)
