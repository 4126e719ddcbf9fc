"""The router for devices: a code for a broker credential. Asks for no sign-in, and tells nothing without a code."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from http import HTTPStatus

import msgspec
import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from contract.clock import Clock, true_now
from gateway.api.database import Connect
from gateway.api.problems import problem, refusals
from gateway.api.tries import Tries, sender
from gateway.broker_admin import BrokerAdminError
from gateway.device_ca import BadRequestError, DeviceCa, DeviceCaError, DeviceCertificate, read_request
from gateway.master.devices import CredentialStore
from gateway.master.enrolment import CertificateWantedError, DeviceCredential, hash_code, redeem_enrolment

_NOT_NOW = (BrokerAdminError, psycopg.OperationalError, CertificateWantedError, BadRequestError, DeviceCaError)

log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1/enrolments", tags=["devices"])


class EnrolmentDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What a code is exchanged with: the broker's administration, and where devices find the broker."""

    clock: Clock
    broker: CredentialStore
    broker_host: str
    broker_port: int
    tls_ca_pem: str | None = None
    # For devices that identify themselves by a certificate: the port that asks for one, and who signs them.
    certificate_port: int = 8884
    load_device_ca: Callable[[], DeviceCa] | None = None


class Redemption(BaseModel):
    code: str = Field(description="the code, such as ABCD-EFGH; case and hyphen do not matter", max_length=64)
    csr_pem: str | None = Field(
        None,
        description="for a device with a certificate: a request (PKCS #10, PEM) for its own key of the curve P-256",
        max_length=8192,
    )


class Enrolled(BaseModel):
    device: str = Field(description="the device's name: its broker user and client id")
    broker_host: str
    broker_port: int
    password: str | None = Field(description="the device's new broker password; every older one has ended")
    certificate_pem: str | None = Field(
        description="in place of a password: the certificate of the key that asked; every older one has ended"
    )
    tls_ca_pem: str | None = Field(
        description="certificate authorities to check the broker with, when it needs own ones"
    )


@router.post(
    "/redeem",
    summary="Exchanges an enrolment code, once, for the device's broker credential",
    response_model=Enrolled,
    responses=refusals(
        _404="The code is wrong, has expired or was used",
        _409="The device identifies itself by a certificate: ask again with `csr_pem`; the code stays good",
        _422="`csr_pem` is no request that can be signed; the code stays good",
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
        credential = _exchange(request.app.state.connect, desk, redemption)
    except _NOT_NOW as error:
        tries.give_back(address)
        return _not_exchanged(error)
    if credential is None:
        log.warning("code refused", extra={"action": "enrolment_refused", "address": address})
        return problem(HTTPStatus.NOT_FOUND, "this code is wrong, has expired or was used; ask for a new one")
    tries.give_back(address)
    log.info("enrolled", extra={"action": "enrolled", "device": credential.device, "address": address})
    port = desk.broker_port if credential.certificate_pem is None else desk.certificate_port
    return JSONResponse(
        Enrolled(
            device=credential.device, broker_host=desk.broker_host, broker_port=port, password=credential.password,
            certificate_pem=credential.certificate_pem, tls_ca_pem=desk.tls_ca_pem,
        ).model_dump()
    )  # fmt: skip


def _exchange(connect: Connect, desk: EnrolmentDesk, redemption: Redemption) -> DeviceCredential | None:
    code_hash = hash_code(redemption.code)
    if code_hash is None:
        return None
    sign = None if redemption.csr_pem is None else _signer(desk, redemption.csr_pem)
    with connect() as connection, connection.transaction():
        return redeem_enrolment(connection, desk.broker, code_hash, at=desk.clock.now(), sign=sign)


def _signer(desk: EnrolmentDesk, csr_pem: str) -> Callable[[str], DeviceCertificate]:
    """What signs the request for the name that it is told. The request is read only when a code was right."""

    def sign(user: str) -> DeviceCertificate:
        wanted = read_request(csr_pem)
        if desk.load_device_ca is None:
            raise DeviceCaError("WAYBILL_DEVICE_CA_DIR is not set for waybill api")
        return desk.load_device_ca().sign(wanted, user, true_now())

    return sign


def _not_exchanged(error: Exception) -> JSONResponse:
    """Nothing was recorded, so the code stays good."""
    if isinstance(error, CertificateWantedError):
        return problem(HTTPStatus.CONFLICT, "this device identifies itself by a certificate: ask again with csr_pem")
    if isinstance(error, BadRequestError):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"csr_pem cannot be signed: {error}")
    said = " ".join(str(error).split())
    log.warning("no code exchanged", extra={"action": "enrolment_failed", "error": said})
    if isinstance(error, DeviceCaError):
        return _unavailable("no certificates are made here; the log of waybill api says why. The code stays good")
    return _unavailable("broker or database does not answer; try again, the code stays good until it expires")


def _unavailable(detail: str) -> JSONResponse:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
