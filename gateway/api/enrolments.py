"""The router for devices: a code for a broker credential. Asks for no sign-in, and tells nothing without a code."""

from __future__ import annotations

import logging
import math
import time
from http import HTTPStatus

import msgspec
import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from contract.clock import Clock
from gateway.api.database import Connect
from gateway.api.problems import problem, refusals
from gateway.api.tries import Tries, sender
from gateway.broker_admin import BrokerAdminError
from gateway.master.devices import CredentialStore
from gateway.master.enrolment import DeviceCredential, hash_code, redeem_enrolment

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/enrolments", tags=["devices"])


class EnrolmentDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What a code is exchanged with: the broker's administration, and where devices find the broker."""

    clock: Clock
    broker: CredentialStore
    broker_host: str
    broker_port: int
    tls_ca_pem: str | None = None


class Redemption(BaseModel):
    code: str = Field(description="the code, such as ABCD-EFGH; case and hyphen do not matter", max_length=64)


class Enrolled(BaseModel):
    device: str = Field(description="the device's name: its broker user and client id")
    broker_host: str
    broker_port: int
    password: str = Field(description="the device's new broker password; every older one has ended")
    tls_ca_pem: str | None = Field(
        description="certificate authorities to check the broker with, when it needs own ones"
    )


@router.post(
    "/redeem",
    summary="Exchanges an enrolment code, once, for the device's broker credential",
    response_model=Enrolled,
    responses=refusals(
        _404="The code is wrong, has expired or was used",
        _429="Too many wrong codes; `Retry-After` says how long to wait",
        _503="Codes cannot be exchanged now; the code stays good",
    ),
)
def redeem(request: Request, redemption: Redemption) -> JSONResponse:
    desk: EnrolmentDesk | None = request.app.state.enrolment_desk
    if desk is None:
        return _unavailable("no codes are exchanged here: WAYBILL_BROKER_ADMIN_PASSWORD is not set for waybill api")
    tries: Tries = request.app.state.enrolment_tries
    address = sender(request)
    if wait_s := tries.take(address, time.monotonic()):
        detail = "too many wrong codes; wait before the next try"
        return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(math.ceil(wait_s))})
    try:
        credential = _exchange(request.app.state.connect, desk, redemption.code)
    except (BrokerAdminError, psycopg.OperationalError) as error:
        tries.give_back(address)
        said = " ".join(str(error).split())
        log.warning("no code exchanged", extra={"action": "enrolment_failed", "error": said})
        return _unavailable("broker or database does not answer; try again, the code stays good until it expires")
    if credential is None:
        log.warning("code refused", extra={"action": "enrolment_refused", "address": address})
        return problem(HTTPStatus.NOT_FOUND, "this code is wrong, has expired or was used; ask for a new one")
    tries.give_back(address)
    log.info("enrolled", extra={"action": "enrolled", "device": credential.device, "address": address})
    return JSONResponse(
        Enrolled(
            device=credential.device, broker_host=desk.broker_host, broker_port=desk.broker_port,
            password=credential.password, tls_ca_pem=desk.tls_ca_pem,
        ).model_dump()
    )  # fmt: skip


def _exchange(connect: Connect, desk: EnrolmentDesk, code: str) -> DeviceCredential | None:
    code_hash = hash_code(code)
    if code_hash is None:
        return None
    with connect() as connection, connection.transaction():
        return redeem_enrolment(connection, desk.broker, code_hash, at=desk.clock.now())


def _unavailable(detail: str) -> JSONResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
