"""An order as it goes over HTTP, in and out, and its way to and from the records. Asks no database."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contract.currencies import CURRENCIES
from contract.geo import from_e7, to_e7
from gateway.api.eta_models import EtaOut
from gateway.api.texts import LongText, Text
from gateway.orders.service import CLOCKS_APART
from gateway.refusals import RefusedError
from storage.orders import NewLine, NewOrder

Minor = Annotated[int, Field(ge=0, le=10**12)]


def _in_circulation(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code} is no currency in circulation (ISO 4217)")
    return code


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_in_circulation)]


class LineIn(BaseModel):
    """One kind of goods."""

    model_config = ConfigDict(extra="forbid")

    item: Text
    quantity: Decimal = Field(gt=0, le=1_000_000, max_digits=12, decimal_places=4)
    unit: Text = Field(default="each", examples=["each", "g"])
    category: Text | None = None
    tag: Text | None = Field(None, description="track-and-trace identifier of the goods")
    unit_price_minor: Minor | None = Field(None, description="price of one unit in minor units of `currency`")


class OrderIn(BaseModel):
    """An order as its system hands it over."""

    model_config = ConfigDict(extra="forbid")

    customer_name: Text
    address: Text | None = Field(None, description="may be left out with lat and lon: it reads like them then")
    window_from: AwareDatetime = Field(description="the promised window begins; RFC 3339 with an offset")
    window_to: AwareDatetime
    premises: Text | None = Field(None, description="the premises' code; left out: the caller's only one")
    placed_at: AwareDatetime | None = Field(None, description="when the customer ordered; left out: now")
    lines: list[LineIn] = Field(default=[], max_length=500)
    lat: float | None = Field(None, ge=-90, le=90, description="degrees; together with lon")
    lon: float | None = Field(None, ge=-180, le=180)
    customer_no: Text | None = None
    customer_phone: Text | None = None
    customer_email: Text | None = None
    customer_language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    customer_type: Literal["adult", "patient", "caregiver"] | None = None
    channel: Text | None = Field(None, description="how it was ordered: web, phone, shop")
    prepared_by: Text | None = Field(None, description="employee number of whoever packed it")
    note: LongText | None = None
    currency: Currency | None = Field(None, description="ISO 4217, of money in circulation")
    taxes_minor: Minor | None = None
    fees_minor: Minor | None = None
    discount_minor: Minor | None = None
    due_minor: Minor | None = Field(None, description="to be collected at the door")
    payment: Text | None = Field(None, description="how it was or is to be paid")


class LineOut(BaseModel):
    line_no: int
    item: str
    category: str | None
    tag: str | None
    quantity: Decimal
    unit: str
    unit_price_minor: int | None
    accepted_quantity: Decimal | None = Field(description="what of it the customer took; null: not said yet")


class CorrectionOut(BaseModel):
    """What a later version says of a milestone that fixes showed; the newest one counts."""

    at: datetime = Field(description="when it really was")
    withdrawn: bool = Field(description="it did not happen")
    note: str
    recorded_at: datetime


class MilestoneOut(BaseModel):
    milestone: str
    at: datetime = Field(description="as it was told first")
    known: str = Field(description="declared: somebody said so; detected: fixes showed it")
    declared_by: str | None
    reason_code: str | None
    note: str | None
    partial: bool
    trip_no: str | None
    recorded_at: datetime
    corrections: list[CorrectionOut] = Field(description="oldest first; empty: it counts as it was told")


class OrderOut(BaseModel):
    """An order with its lines and milestones."""

    id: UUID
    premises: str
    order_no: str = Field(description="its number for people")
    source: str
    source_ref: str
    test: bool
    customer_no: str | None
    customer_name: str
    customer_phone: str | None
    customer_email: str | None
    customer_language: str | None
    customer_type: str | None
    address: str
    lat: float | None = Field(description="where it is handed over; null: not known yet, and no trip takes it")
    lon: float | None
    given_lat: float | None = Field(description="the point that its system gave")
    given_lon: float | None
    place_source: str | None = Field(description="how the place is known: order, handoffs, pin, index or service")
    place_quality: str | None = Field(description="door, given, house or near (nearly this number)")
    place_problem: str | None = Field(description="why there is no place, or what speaks against it")
    place_note: str | None
    window_from: datetime
    window_to: datetime
    placed_at: datetime
    channel: str | None
    note: str | None
    prepared_by: str | None
    currency: str | None
    taxes_minor: int | None
    fees_minor: int | None
    discount_minor: int | None
    total_minor: int | None
    due_minor: int | None
    payment: str | None
    milestone: str
    milestone_at: datetime
    customer_note: str | None = Field(description="what the customer wrote for the driver on that page")
    customer_note_at: datetime | None
    tracking_url: str | None = Field(description="the customer's page; null: no public address is set, or a test order")
    lines: list[LineOut]
    milestones: list[MilestoneOut]
    eta: EtaOut | None = Field(description="null: it is on no trip, or the van is there; no part of the ETag")


def to_new_order(wanted: OrderIn, source: str, source_ref: str, now: datetime, *, test: bool) -> NewOrder:
    """What the records take. A time of day is kept to the millisecond."""
    _must_make_sense(wanted, now)
    values: dict[str, Any] = wanted.model_dump(exclude={"premises", "address", "lat", "lon", "lines", "placed_at"})
    lines = tuple(NewLine(**line.model_dump()) for line in wanted.lines)
    return NewOrder(
        **values, address=_address(wanted), source=source, source_ref=source_ref, lines=lines,
        placed_at=wanted.placed_at or now, test=test,
        lat_e7=None if wanted.lat is None else to_e7(wanted.lat),
        lon_e7=None if wanted.lon is None else to_e7(wanted.lon),
    )  # fmt: skip


def _must_make_sense(wanted: OrderIn, now: datetime) -> None:
    amounts = {name: getattr(wanted, name) for name in ("taxes_minor", "fees_minor", "discount_minor", "due_minor")}
    amounts |= {f"lines.{place}.unit_price_minor": line.unit_price_minor for place, line in enumerate(wanted.lines)}
    priced = [name for name, amount in amounts.items() if amount is not None]
    if wanted.currency is None and priced:
        says = f"say the currency of {priced[0]}, as EUR (ISO 4217): an amount without one is worth nothing"
        raise RefusedError(says, field="body.currency")
    if wanted.placed_at is None:
        return
    placed = wanted.placed_at.isoformat()
    if wanted.placed_at > now + CLOCKS_APART:
        raise RefusedError(f"placed_at lies in the future: {placed} is after {now.isoformat()}", field="body.placed_at")
    if wanted.window_to <= wanted.placed_at:
        says = f"the window ends at {wanted.window_to.isoformat()}, and the order was placed only at {placed}"
        raise RefusedError(says, field="body.window_to")


def _address(wanted: OrderIn) -> str:
    if (wanted.lat is None) != (wanted.lon is None):
        raise RefusedError("lat and lon belong together: give both or neither", field="body.lat")
    if wanted.address is None and wanted.lat is None:
        raise RefusedError("an order needs an address, or a point as lat and lon, or both", field="body.address")
    return wanted.address or f"{wanted.lat:.5f}, {wanted.lon:.5f}"


def as_new_order(row: dict[str, Any]) -> NewOrder:
    """An order on record as the order that was put last: for comparing it with the next one."""
    names = [name for name in NewOrder.__struct_fields__ if name not in ("lines", "test")]
    fields = NewLine.__struct_fields__
    lines = tuple(
        NewLine(**{name: line[name] for name in fields if name != "quantity"}, quantity=Decimal(line["quantity"]))
        for line in row["lines"]
    )
    values = {**row, "lat_e7": row["given_lat_e7"], "lon_e7": row["given_lon_e7"]}
    return NewOrder(**{name: values[name] for name in names}, lines=lines, test=row["test"])


def to_order_out(row: dict[str, Any], public_url: str | None) -> OrderOut:
    """What a caller gets of an order on record."""
    return OrderOut.model_validate(
        {
            **row,
            **{name: None if row[f"{name}_e7"] is None else from_e7(row[f"{name}_e7"]) for name in _COORDINATES},
            "tracking_url": tracking_url(None if row["test"] else public_url, row["tracking_token"]),
        }
    )


_COORDINATES = ("lat", "lon", "given_lat", "given_lon")


def tracking_url(public_url: str | None, token: str) -> str | None:
    return None if public_url is None else f"{public_url.rstrip('/')}/t/{token}"
