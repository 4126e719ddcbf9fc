"""Who and what the demo's day needs: its own registered on this machine, the rest over HTTP. Places no order."""

from __future__ import annotations

import secrets
from contextlib import closing
from datetime import datetime
from typing import Any

import psycopg

from gateway.master.devices import CredentialStore, add_device, issue_credentials
from gateway.people.accounts import Wanted, change_password, open_account
from gateway.people.permissions import Permission, Role
from storage import master
from storage.audit import Actor
from storage.people import Grant, account_by_name
from waybill.demo import catalogue
from waybill.demo.caller import Caller
from waybill.demo.desk import Callers
from waybill.demo.records import SOURCE, DemoDay
from waybill.demo.state import Secrets

SETUP = Actor("system", "demo")
# A van that nobody drives, for the reader's own first fix.
SPARE_VEHICLE, SPARE_DEVICE = "van-99", "gps-99"
ADMINISTRATOR, DISPATCHER, PHONES = "demo-administrator", "demo-dispatcher", "crew-phones"
_SHOP_SCOPES = (
    Permission.ORDERS_READ, Permission.ORDERS_WRITE, Permission.TRIPS_READ, Permission.TRIPS_WRITE,
    Permission.RECORDS_IMPORT,
)  # fmt: skip
_PHONE_SCOPES = (Permission.ORDERS_READ, Permission.ORDERS_WRITE, Permission.TRIPS_READ, Permission.TRIPS_WRITE)
_MOST = 200


class NotADemoError(RuntimeError):
    """The database holds somebody's real premises: the demo does not mix with them."""


def register_units(
    connection: psycopg.Connection, day: DemoDay, broker: CredentialStore, kept: dict[str, str], at: datetime
) -> dict[str, str]:
    """The passwords of all units, those registered that are not known yet: as `waybill device add` does.

    In the caller's transaction. `kept` are passwords that the broker knows already.
    """
    _refuse_real_premises(connection)
    known = {one.name for one in master.devices(connection)}
    wanted = [*(van.device for van in day.vans), SPARE_DEVICE]
    for device in wanted:
        if device not in known:
            add_device(connection, device, actor=SETUP, at=at)
    missing = [device for device in wanted if device not in kept]
    fresh = issue_credentials(connection, broker, missing, actor=SETUP, at=at) if missing else {}
    return {**kept, **fresh}


def first_account(connection: psycopg.Connection, kept: Secrets | None, at: datetime) -> Secrets:
    """The administrator's account, opened as `waybill user add` does; everybody else joins over HTTP."""
    account = account_by_name(connection, ADMINISTRATOR)
    if account is not None and kept is not None:
        return kept
    made = Secrets(administrator=_password(), dispatcher=_password())
    if account is None:
        wanted = Wanted(name=ADMINISTRATOR, grants=(Grant(Role.ADMINISTRATOR, None),), full_name="Demo administrator")
        open_account(connection, wanted, made.administrator, actor=SETUP, at=at)
    else:
        change_password(connection, account, made.administrator, actor=SETUP, at=at)
    return made


def join(origin: str, day: DemoDay, kept: Secrets, since: datetime) -> tuple[Callers, Secrets]:
    """Over HTTP: premises, vans, crews, who is fitted where `since`, the dispatcher's account, the keys."""
    with closing(Caller(origin, {})) as chief:
        chief.sign_in(ADMINISTRATOR, kept.administrator)
        _register(chief, day, since)
        if not chief.ask("GET", f"/v1/accounts?q={DISPATCHER}")["accounts"]:
            roles = [{"role": Role.DISPATCHER, "premises": catalogue.PREMISES_CODE}]
            body = {"name": DISPATCHER, "full_name": "Demo dispatcher", "password": kept.dispatcher, "roles": roles}
            chief.ask("POST", "/v1/accounts", body)
        elif kept.shop is None:
            chief.ask("PATCH", f"/v1/accounts/{DISPATCHER}", {"password": kept.dispatcher})
        shop = kept.shop or _key(chief, SOURCE, _SHOP_SCOPES)
        phones = kept.phones or _key(chief, PHONES, _PHONE_SCOPES)
    dispatcher = Caller(origin, {})
    dispatcher.sign_in(DISPATCHER, kept.dispatcher)
    callers = Callers(_with_key(origin, shop), dispatcher, _with_key(origin, phones))
    return callers, Secrets(administrator=kept.administrator, dispatcher=kept.dispatcher, shop=shop, phones=phones)


def _register(chief: Caller, day: DemoDay, since: datetime) -> None:
    """Brings the registers up to what `day` needs."""
    if not chief.ask("GET", "/v1/premises")["premises"]:
        chief.ask("POST", "/v1/premises", _premises(day))
    vehicles = {one["name"] for one in chief.ask("GET", f"/v1/vehicles?limit={_MOST}")["vehicles"]}
    drivers = {one["employee_no"] for one in chief.ask("GET", f"/v1/drivers?limit={_MOST}")["drivers"]}
    fitted = {one["device_name"] for one in chief.ask("GET", f"/v1/installs?limit={_MOST}")["installs"]}
    wanted = [*((van.vehicle, van.device) for van in day.vans), (SPARE_VEHICLE, SPARE_DEVICE)]
    for number, (vehicle, device) in enumerate(wanted):
        if vehicle not in vehicles:
            chief.ask("POST", "/v1/vehicles", _vehicle(vehicle, number))
        if device not in fitted:
            chief.ask("POST", "/v1/installs", {"device": device, "vehicle": vehicle, "from_at": since})
    for person in {person.employee_no: person for van in day.vans for person in van.crew}.values():
        if person.employee_no not in drivers:
            body = {"employee_no": person.employee_no, "name": person.name, "premises": catalogue.PREMISES_CODE}
            chief.ask("POST", "/v1/drivers", body)


def _premises(day: DemoDay) -> dict[str, Any]:
    place = day.premises.place
    return {
        "code": catalogue.PREMISES_CODE, "name": catalogue.PREMISES_NAME, "tz": catalogue.TIME_ZONE,
        "hours": f"mon-sun {catalogue.OPENS_LOCAL}-{catalogue.CLOSES_LOCAL}",
        "address": f"{day.premises.text}, Helsinki", "licence_no": catalogue.LICENCE_NO,
        "lat": place.lat_deg, "lon": place.lon_deg,
    }  # fmt: skip


def _vehicle(name: str, number: int) -> dict[str, Any]:
    make, model = catalogue.MAKES[number % len(catalogue.MAKES)]
    return {
        "name": name, "premises": catalogue.PREMISES_CODE, "make": make, "model": model, "kind": "van",
        "plate": f"DEM-{int(name.removeprefix('van-')):03d}",
        "colour": catalogue.COLOURS[number % len(catalogue.COLOURS)],
    }  # fmt: skip


def _key(chief: Caller, name: str, scopes: tuple[Permission, ...]) -> str:
    body = {"name": name, "scopes": scopes, "premises": catalogue.PREMISES_CODE}
    return str(chief.ask("POST", "/v1/keys", body)["secret"])


def _with_key(origin: str, key: str) -> Caller:
    return Caller(origin, {"Authorization": f"Bearer {key}"})


def _password() -> str:
    return secrets.token_urlsafe(24)


def _refuse_real_premises(connection: psycopg.Connection) -> None:
    others = [one.code for one in master.all_premises(connection) if one.code != catalogue.PREMISES_CODE]
    if others:
        raise NotADemoError(
            f"the database holds the premises {', '.join(others)}; the demo needs one of its own: "
            "leave WAYBILL_DATABASE_… unset, or name an empty database"
        )
