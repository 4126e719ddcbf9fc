"""What stands in messages beside their texts: times, the ID to have ready, links. English and Spanish."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from contract.reasons import FailureReason


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    window: str
    about: str
    id_from: str
    id_any: str
    track: str
    receipt: str
    opt_out: str
    stop: str
    correction: str
    reasons: dict[str, str]


_F = FailureReason
_ID = (_F.NO_VALID_ID, _F.UNDERAGE, _F.ID_NAME_MISMATCH, _F.NOT_NAMED_RECIPIENT, _F.ID_SUSPECTED_FALSE,
       _F.PREVERIFICATION_MISMATCH)  # fmt: skip
_PLACE = (_F.BAD_ADDRESS, _F.UNABLE_TO_LOCATE)
_OURS = (_F.DAMAGED, _F.MISSING_ITEM, _F.WRONG_ITEM, _F.VEHICLE_BREAKDOWN, _F.ACCIDENT, _F.WEATHER, _F.ROAD_CLOSED)


def _reasons(absent: str, id_check: str, place: str, ours: str, payment: str) -> dict[str, str]:
    """Reasons that may be said to whoever reads over the customer's shoulder; any other is left to the shop."""
    return {
        _F.RECIPIENT_ABSENT: absent, **dict.fromkeys(_ID, id_check), **dict.fromkeys(_PLACE, place),
        **dict.fromkeys(_OURS, ours), _F.PAYMENT_FAILED: payment,
    }  # fmt: skip


WORDS = {
    "en": Words(
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
        window="on {day}, {date} {month}, between {begins} and {ends}",
        about=" at about {time}",
        id_from="Please have your photo ID ready: it must be valid and show that you are {age} or older.",
        id_any="Please have a valid photo ID in your name ready.",
        track="Follow it here: {url}",
        receipt="Your receipt: {url}",
        opt_out="You do not want these messages? {url}",
        stop="No more messages: {url}",
        correction="Correction",
        reasons=_reasons(
            "Nobody was there to take it.", "The ID check could not be completed.", "We could not find the door.",
            "The reason lay with us.", "The payment did not go through.",
        ),
    ),
    "es": Words(
        days=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
                "noviembre", "diciembre"),
        window="el {day} {date} de {month} entre las {begins} y las {ends}",
        about=" hacia las {time}",
        id_from="Tenga a mano su documento de identidad vigente con foto; debe mostrar que tiene {age} años o más.",
        id_any="Tenga a mano un documento de identidad vigente con foto y a su nombre.",
        track="Sígalo aquí: {url}",
        receipt="Su recibo: {url}",
        opt_out="¿No quiere recibir estos mensajes? {url}",
        stop="No más mensajes: {url}",
        correction="Corrección",
        reasons=_reasons(
            "No había nadie para recibirlo.", "No se pudo completar la verificación de identidad.",
            "No encontramos la puerta.", "El motivo fue nuestro.", "El pago no se pudo realizar.",
        ),
    ),
}  # fmt: skip


def words_of(language: str) -> Words:
    """English where a text is the operator's own in a language that we have no words of."""
    return WORDS.get(language, WORDS["en"])


def window_said(words: Words, begins_at: datetime, ends_at: datetime, tz: str) -> str:
    begins, ends = (at.astimezone(ZoneInfo(tz)) for at in (begins_at, ends_at))
    return words.window.format(
        day=words.days[begins.weekday()], date=begins.day, month=words.months[begins.month - 1],
        begins=f"{begins:%H:%M}", ends=f"{ends:%H:%M}",
    )  # fmt: skip


def time_said(at: datetime, tz: str) -> str:
    return f"{at.astimezone(ZoneInfo(tz)):%H:%M}"
