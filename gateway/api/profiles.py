"""The router for jurisdiction profiles: what is in force and why, new versions, and which premises chose which."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field

from gateway.api.callers import ProfileWriter, TripReader
from gateway.api.clock import Now
from gateway.api.database import Database
from gateway.api.premises import premises_of
from gateway.api.problems import refusals
from gateway.api.texts import Text
from gateway.api.trip_models import StrictModel
from gateway.dispatch.errors import NoSuchTripError
from gateway.dispatch.profile import shipped
from gateway.dispatch.profiles_of import choose, newest, set_values
from gateway.people.permissions import Permission
from storage.profiles import ProfileVersion, profile_version, profile_versions

router = APIRouter(prefix="/v1", tags=["profiles"])

_WHO = {"_401": "No session and no API key", "_403": "No right to profiles"}
_ONE = refusals(**_WHO, _404="There is no such profile")
Name = Annotated[str, Path(max_length=32, pattern=r"^[a-z0-9][a-z0-9-]*$")]


class SettingOut(BaseModel):
    value: Any
    on: bool = Field(description="false: it is shown and asks for nothing")
    mark: str = Field(description="V the rule itself was read, P a predecessor or secondary source, NV not verified, "
                      "own chosen by Waybill or here")  # fmt: skip
    source: str
    note: str | None


class ProfileOut(BaseModel):
    name: str
    version: int
    at: datetime
    actor_kind: str
    actor: str
    reason: str
    settings: dict[str, SettingOut]


class ProfileList(BaseModel):
    profiles: list[ProfileOut] = Field(description="of each the newest version")


class ProfileIn(StrictModel):
    """Values that differ from the version before; null switches a setting off."""

    values: dict[Annotated[str, Field(max_length=64)], Any] = Field(min_length=1, max_length=40)
    based_on: Annotated[str, Field(max_length=32)] | None = Field(None, description="for a new profile")
    reason: Text


class ChoiceIn(StrictModel):
    profile: Annotated[str, Field(max_length=32)]
    reason: Text


@router.get("/profiles", summary="Jurisdiction profiles, each in its newest version", responses=refusals(**_WHO))
def list_profiles(caller: TripReader, connection: Database, now: Now) -> ProfileList:  # noqa: ARG001 - who may ask
    names = sorted({*shipped(), *(one.name for one in profile_versions(connection))})
    return ProfileList(profiles=[_out(newest(connection, name, now)) for name in names])


@router.get("/profiles/{name}", summary="Every version of a profile, the newest first", responses=_ONE)
def versions(name: Name, caller: TripReader, connection: Database, now: Now) -> list[ProfileOut]:  # noqa: ARG001
    newest(connection, name, now)
    return [_out(one) for one in profile_versions(connection, name)]


@router.get("/profiles/{name}/versions/{version}", summary="One version of a profile", responses=_ONE)
def one_version(
    name: Name, version: Annotated[int, Path(ge=1, le=1_000_000)], caller: TripReader,  # noqa: ARG001
    connection: Database,
) -> ProfileOut:  # fmt: skip
    found = profile_version(connection, name, version)
    if found is None:
        raise NoSuchTripError(f"there is no version {version} of a profile {name}")
    return _out(found)


@router.post("/profiles/{name}/versions", status_code=201, summary="Makes the next version of a profile",
             responses=_ONE)  # fmt: skip
def set_profile(name: Name, wanted: ProfileIn, caller: ProfileWriter, connection: Database, now: Now) -> ProfileOut:
    if caller.scope(Permission.PROFILES_WRITE).premises_ids is not None:
        # A profile is used by any premises that chose it.
        says = "only an administrator of all premises makes versions; yours may choose one: PUT /v1/premises/…/profile"
        raise HTTPException(HTTPStatus.FORBIDDEN, says)
    made = set_values(
        connection, name, wanted.values, reason=wanted.reason, actor=caller.actor, at=now, based_on=wanted.based_on
    )
    return _out(made)


@router.put("/premises/{code}/profile", summary="The profile of trips that are planned there from now on",
            responses=refusals(**_WHO, _404="There are no such premises, or no such profile"))  # fmt: skip
def choose_for_premises(
    code: Annotated[str, Path(max_length=32)], wanted: ChoiceIn, caller: ProfileWriter, connection: Database, now: Now
) -> ProfileOut:
    premises = premises_of(connection, caller, Permission.PROFILES_WRITE, code)
    choose(connection, premises.id, wanted.profile, reason=wanted.reason, actor=caller.actor, at=now)
    return _out(newest(connection, wanted.profile, now))


def _out(version: ProfileVersion) -> ProfileOut:
    return ProfileOut.model_validate(
        {**{name: getattr(version, name) for name in ProfileOut.model_fields if name != "settings"},
         "settings": {name: {"note": None, **one} for name, one in version.settings.items()}}
    )  # fmt: skip
