"""The router for what people were told: lists, one, again; and whether a customer wants to be told. Words nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.callers import Caller, OrderReader, OrderWriter
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.idempotency import IdempotentRoute, Once
from gateway.api.paging import Cursor, Limit, read_place, write_place
from gateway.api.problems import refusals
from gateway.notify.contacts import contact_of, turn
from gateway.notify.saying import again
from gateway.people.permissions import Permission
from gateway.refusals import ConflictError, NotThereError
from storage.messages import MessageFilter, MessageRow, message_list

router = APIRouter(prefix="/v1/messages", tags=["messages"], route_class=IdempotentRoute)
contacts = APIRouter(prefix="/v1/contacts", tags=["messages"], route_class=IdempotentRoute)

_WHO = {"_401": "No session and no API key", "_403": "No right to orders"}
_ONE = refusals(**_WHO, _404="There is no such message")
Channel = Annotated[Literal["email", "sms"], Path(description="email or sms")]
Address = Annotated[str, Path(max_length=254, description="the customer's e-mail address or phone number")]


class MessageOut(BaseModel):
    """What somebody was told, and whether it arrived."""

    id: UUID
    premises: str | None
    audience: str = Field(description="customer or staff")
    kind: str
    order_no: str | None
    channel: str = Field(description="email, sms or webhook")
    recipient: str
    language: str
    correction: bool = Field(description="of something that was told before")
    subject: str | None
    body: str = Field(description="word for word")
    at: datetime = Field(description="when what it tells happened")
    created_at: datetime
    next_at: datetime | None = Field(description="when it is tried (again); null: nothing more is tried")
    attempts: int
    outcome: str | None = Field(description="delivered, dropped or given_up; null: on its way")
    because: str | None = Field(description="why it was dropped or given up")
    ended_at: datetime | None
    tries: list[dict[str, Any]] = Field(description="every try with the answer of mail server or receiver")


class MessagePage(BaseModel):
    messages: list[MessageOut]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class ContactChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    wanted: bool = Field(description="whether this contact is told anything from now on")


class ContactOut(BaseModel):
    channel: str
    address: str = Field(description="in the one spelling that counts")
    wanted: bool
    opted_out_at: datetime | None
    opted_out_by: str | None


@router.get("", summary="What people were told, newest first", responses=refusals(**_WHO))
def list_messages(
    caller: OrderReader, connection: Database,
    q: Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$",
                                   description="part of recipient, kind or order number")] = None,
    audience: Annotated[Literal["customer", "staff"] | None, Query()] = None,
    state: Annotated[Literal["waiting", "delivered", "dropped", "given_up"] | None, Query()] = None,
    after: Cursor = None, limit: Limit = 50,
) -> MessagePage:  # fmt: skip
    if caller.test:
        return MessagePage(messages=[], next=None)  # test orders reach nobody
    wanted = MessageFilter(
        premises_ids=caller.scope(Permission.ORDERS_READ).listed, audience=audience, state=state, text=q
    )
    found = message_list(connection, wanted, after=read_place(after), most=limit + 1)
    page = found[:limit]
    following = write_place(page[-1].created_at, page[-1].id) if len(found) > limit else None
    return MessagePage(messages=[message_out(one) for one in page], next=following)


@router.get("/{message_id}", summary="One message with every try", responses=_ONE)
def one_message(message_id: UUID, caller: OrderReader, connection: Database) -> MessageOut:
    return message_out(_found(connection, caller, Permission.ORDERS_READ, message_id))


@router.post(
    "/{message_id}/resend", status_code=202, summary="Sends a message that has ended once more", dependencies=[Once],
    responses={**_ONE, **refusals(**_WHO, _409="It is on its way already")},
)  # fmt: skip
def resend(message_id: UUID, caller: OrderWriter, connection: Database, now: Now) -> MessageOut:
    found = _found(connection, caller, Permission.ORDERS_WRITE, message_id)
    again(connection, found, caller.actor, now)
    return message_out(_found(connection, caller, Permission.ORDERS_WRITE, message_id))


@contacts.get("/{channel}/{address}", summary="Whether a customer wants to be told",
              responses=refusals(**_WHO))  # fmt: skip
def one_contact(channel: Channel, address: Address, caller: OrderReader, connection: Database) -> ContactOut:
    return _contact(connection, caller, channel, address)


@contacts.put("/{channel}/{address}", summary="Ends or begins what a customer is told, at once",
              dependencies=[Once], responses=refusals(**_WHO))  # fmt: skip
def turn_contact(
    channel: Channel, address: Address, wanted: ContactChange, caller: OrderWriter, connection: Database, now: Now
) -> ContactOut:
    if caller.test:
        raise ConflictError("a test key speaks for no customer")
    turn(connection, contact_of(connection, channel, address), wanted=wanted.wanted, actor=caller.actor, at=now)
    return _contact(connection, caller, channel, address)


def _contact(connection: psycopg.Connection, caller: Caller, channel: str, address: str) -> ContactOut:
    if caller.test:
        raise NotThereError("a test key has no customers")
    found = contact_of(connection, channel, address)
    return ContactOut(
        channel=found.channel, address=found.address, wanted=found.opted_out_at is None,
        opted_out_at=found.opted_out_at, opted_out_by=found.opted_out_by,
    )  # fmt: skip


def message_out(row: MessageRow) -> MessageOut:
    return MessageOut.model_validate(row, from_attributes=True)


def _found(connection: psycopg.Connection, caller: Caller, permission: Permission, message_id: UUID) -> MessageRow:
    wanted = MessageFilter(premises_ids=caller.scope(permission).listed, message_id=message_id)
    found = [] if caller.test else message_list(connection, wanted, most=1)
    if not found:
        raise NotThereError(f"there is no message {message_id}")
    return found[0]
