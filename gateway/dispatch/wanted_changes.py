"""The changes of a trip's plan that somebody may ask for. Works none out."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.dispatch.drafting import WantedMember


class Assign(msgspec.Struct, frozen=True, tag="assign"):
    """Another order, at a place among the open ones (1 = next) or where it fits its door, else last."""

    order: str
    position: int | None = None


class Resequence(msgspec.Struct, frozen=True, tag="resequence"):
    orders: tuple[str, ...]  # every open one


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """Off the trip before it leaves: the order is ready again; `unloaded`: its goods are out of the van."""

    order: str
    unloaded: bool = False


class SendBack(msgspec.Struct, frozen=True, tag="send_back"):
    """Not to be delivered on this trip, which is under way: it fails with a reason and comes back with the van."""

    order: str
    reason_code: str
    note: str | None = None


class Move(msgspec.Struct, frozen=True, tag="move"):
    """Orders to another trip, in this sequence; under way their goods change hands by a transfer."""

    orders: tuple[str, ...]
    to_trip: str
    position: int | None = None
    with_goods_to_bring_back: bool = False  # failed, cancelled and partly delivered ones may be among them
    unloaded: bool = False  # in the yard: their goods are out of the van


class ChangeCrew(msgspec.Struct, frozen=True, tag="crew"):
    crew: tuple[WantedMember, ...]


class ChangeVehicle(msgspec.Struct, frozen=True, tag="vehicle"):
    vehicle: str


class ChangeDeparture(msgspec.Struct, frozen=True, tag="departure"):
    planned_departure_at: datetime


class ChangeRoute(msgspec.Struct, frozen=True, tag="route"):
    planned_route: tuple[tuple[int, int], ...]


class JoinDoors(msgspec.Struct, frozen=True, tag="join_doors"):
    """Orders for one door one after the other."""


Change = (
    Assign | Resequence | Remove | SendBack | Move | ChangeCrew | ChangeVehicle | ChangeDeparture | ChangeRoute
    | JoinDoors
)  # fmt: skip
