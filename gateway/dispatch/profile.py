"""A jurisdiction profile: its settings, each with evidence, and what of them is in force. Stores nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from contract.reasons import StopReason
from gateway.dispatch.errors import DispatchError

PLAIN = "plain"
Mark = Literal["V", "P", "NV", "own"]
Amount = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
CrewSize = Annotated[int, Meta(ge=1, le=4)]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Proof = Literal["id_check", "signature", "photo", "affirmation"]


class Rule(StrEnum):
    """What may hold a trip back from leaving."""

    ORDERS = "orders"
    NO_PLACE = "no_place"
    VEHICLE_OUT = "vehicle_out"
    CREW_OUT = "crew_out"
    CREW = "crew"
    DOCUMENTS = "documents"
    HOURS = "hours"
    LEDGER_NUMBER = "ledger_number"
    CHECKLIST = "checklist"
    LOAD_VALUE = "load_value"
    UNORDERED_VALUE = "unordered_value"
    LOAD_MASS = "load_mass"
    PREPAID = "prepaid"
    NOT_LOADED = "not_loaded"
    WRONG_BAG = "wrong_bag"
    LEFT_ABOARD = "left_aboard"
    CANCELLED_ABOARD = "cancelled_aboard"


def _about(text: str) -> Meta:
    return Meta(description=text)


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is in force; None: the profile asks for nothing there."""

    currency: Annotated[str | None, _about("of the amounts below, ISO 4217")] = None
    delivery_from: Annotated[TimeOfDay | None, _about("handing over begins, by the premises' clock")] = None
    delivery_to: Annotated[TimeOfDay | None, _about("handing over ends, by the premises' clock")] = None
    max_load_value_minor: Annotated[Amount | None, _about("goods aboard, at retail price")] = None
    max_unordered_value_minor: Annotated[Amount | None, _about("goods aboard that nobody ordered")] = None
    max_load_mass_g: Annotated[Amount | None, _about("goods aboard whose unit is a mass")] = None
    min_prepaid_share: Annotated[Share | None, _about("of the load's value, paid before leaving")] = None
    min_crew: Annotated[CrewSize, _about("people in the vehicle")] = 1
    second_above_minor: Annotated[Amount | None, _about("a load above it needs two people")] = None
    check_in_interval_s: Annotated[Amount | None, _about("the crew says so often that all is well")] = None
    ledger_number_before_departure: Annotated[bool, _about("the track-and-trace ledger is made before leaving")] = False
    min_orders: Annotated[Amount, _about("orders on the trip when it leaves")] = 1
    load_check: Annotated[bool, _about("every order is scanned or ticked into the vehicle")] = False
    checklist: Annotated[tuple[str, ...], _about("what is ticked before leaving")] = ()
    allowed_stop_reasons: Annotated[tuple[StopReason, ...] | None, _about("any other stop is to be explained")] = None
    age_threshold: Annotated[int | None, _about("years, of whoever takes the goods")] = None
    proofs: Annotated[tuple[Proof, ...], _about("what a handoff needs")] = ()
    location_min_days: Annotated[int | None, _about("positions on trips are kept at least so long")] = None
    records_years: Annotated[int | None, _about("trips, ledgers and handoffs are kept so long")] = None
    may_be_overridden: Annotated[tuple[Rule, ...], _about("blocks that a reason lifts")] = ()


class Setting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value with its evidence."""

    value: Any
    on: bool
    mark: Mark
    source: str
    note: str | None = None


Settings = dict[str, Setting]


class ShippedProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A profile as it comes with Waybill."""

    title: str
    settings: Settings


@cache
def shipped() -> dict[str, ShippedProfile]:
    """The profiles in the package by name."""
    folder = files("gateway.dispatch").joinpath("profiles")
    found = {
        path.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(path.read_text("utf-8")), ShippedProfile)
        for path in sorted(folder.iterdir(), key=lambda one: one.name)
        if path.name.endswith(".toml")
    }
    for one in found.values():
        in_force(one.settings)
    return found


def in_force(settings: Mapping[str, Setting]) -> Profile:
    """What is on; raises for a value that does not fit its setting."""
    values = {name: setting.value for name, setting in settings.items() if setting.on}
    try:
        return msgspec.convert(values, Profile)
    except msgspec.ValidationError as error:
        raise DispatchError(f"this is no profile: {error}") from None


def meanings() -> dict[str, str]:
    """What each setting is about."""
    hints = get_type_hints(Profile, include_extras=True)
    found = {}
    for name, hint in hints.items():
        metas = [one for one in get_args(hint) if isinstance(one, Meta) and one.description]
        found[name] = str(metas[0].description)
    return found


def with_values(settings: Mapping[str, Setting], values: Mapping[str, Any], reason: str) -> Settings:
    """The settings with these values on, as chosen here; None switches one off."""
    changed = dict(settings)
    for name, value in values.items():
        if name not in Profile.__struct_fields__:
            known = ", ".join(Profile.__struct_fields__)
            raise DispatchError(f"there is no setting {name!r}; there are: {known}", field=f"body.values.{name}")
        if value is None and name in changed:
            changed[name] = msgspec.structs.replace(changed[name], on=False, note=f"off: {reason}")
        elif value is not None:
            changed[name] = Setting(value=value, on=True, mark="own", source=reason)
    in_force(changed)
    return changed
