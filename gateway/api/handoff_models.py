"""A handoff as it comes from a door over HTTP, and what it needs. No field is for what is never kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field

from contract.milestones import Milestone
from contract.reasons import Disposition, FailureReason
from gateway.api.proof_models import AffirmationIn, IdCheckIn, Sha256
from gateway.api.texts import LongText, Text
from gateway.custody import ink
from gateway.custody.door import Signed, Told
from gateway.custody.handoffs import CodeRead, PaidBy
from gateway.custody.needs import Needs
from gateway.custody.pictures import MOST_BYTES
from gateway.custody.proofs import Affirmation, IdCheck
from gateway.dispatch.profile import Proof
from gateway.pages.words import LANGUAGES

Language = Literal["en", "es"]
_Point = tuple[Annotated[int, Field(ge=0, lt=ink.WIDTH)], Annotated[int, Field(ge=0, lt=ink.HEIGHT)]]
_Stroke = Annotated[list[_Point], Field(min_length=1, max_length=ink.MOST_POINTS)]
_MOST_DOCUMENT = 60_000  # characters: 500 lines of goods


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignatureIn(_Strict):
    """Signed on a screen."""

    printed_name: Text
    document: str = Field(max_length=_MOST_DOCUMENT, description="the text that was shown, as it was given")
    document_sha256: Sha256 = Field(description="of its UTF-8 bytes")
    document_version: Text
    language: Language
    strokes: list[_Stroke] = Field(
        min_length=1, max_length=ink.MOST_STROKES, description=f"points on a paper of {ink.WIDTH} by {ink.HEIGHT}"
    )
    signed_at: AwareDatetime = Field(description="by the phone's clock")


class PaidIn(_Strict):
    amount_minor: int = Field(ge=0, le=10**12)
    by: PaidBy


class TakenLine(_Strict):
    line_no: int = Field(ge=1)
    accepted_quantity: Decimal = Field(ge=0, le=1_000_000, max_digits=12, decimal_places=4)


class HandoffIn(_Strict):
    """The whole of it; sent again with the same id it is kept once."""

    id: UUID = Field(description="made by the phone, new for each attempt")
    outcome: Literal["delivered", "failed"]
    phone_at: AwareDatetime = Field(description="when it happened, by the phone's clock")
    sent_at: AwareDatetime = Field(
        description="when it is sent, by the same clock: how far that clock is wrong does not matter"
    )
    contact_at: AwareDatetime | None = Field(None, description="when the phone had heard of the server last")
    offline: bool = Field(
        default=False, description="it happened out of reach: kept even when the order was cancelled, moved or changed "
        "meanwhile, and opened as an exception then"
    )  # fmt: skip
    code: Text | None = Field(None, description="delivered: of the bag's label or its goods")
    code_read: CodeRead = Field("typed", description="scan: the whole code; typed: its last four characters")
    id_check: IdCheckIn | None = None
    affirmation: AffirmationIn | None = None
    signature: SignatureIn | None = None
    photo: Base64Bytes | None = Field(
        None, max_length=MOST_BYTES * 2, description="JPEG, where the profile asks for one; its metadata is not kept"
    )
    lines: list[TakenLine] = Field(default=[], max_length=500, description="what was taken, where that is not all")
    paid: PaidIn | None = Field(None, description="at the door")
    reason_code: FailureReason | None = Field(None, description="why it failed")
    note: LongText | None = None
    disposition: Disposition | None = Field(None, description="failed or taken in part: where the goods go")

    def told(self, trip_id: UUID | None) -> Told:
        signed = None
        if self.signature is not None:
            signed = Signed(
                **self.signature.model_dump(exclude={"strokes"}),
                strokes=tuple(tuple(stroke) for stroke in self.signature.strokes),
            )
        return Told(
            id=self.id, outcome=Milestone(self.outcome), phone_at=self.phone_at, contact_at=self.contact_at,
            offline=self.offline, trip_id=trip_id, code=self.code, code_read=self.code_read, photo=self.photo,
            id_check=None if self.id_check is None else IdCheck(**self.id_check.model_dump()),
            affirmation=None if self.affirmation is None else Affirmation(**self.affirmation.model_dump()),
            signed=signed, lines={one.line_no: one.accepted_quantity for one in self.lines},
            paid_minor=None if self.paid is None else self.paid.amount_minor,
            paid_by=None if self.paid is None else self.paid.by, reason_code=self.reason_code, note=self.note or None,
            disposition=self.disposition,
        )  # fmt: skip


class HandoffOut(BaseModel):
    """What is on record of it now."""

    id: UUID = Field(description="the phone's")
    order_no: str
    attempt: int
    outcome: str = Field(description="delivered, partial or failed")
    at: datetime = Field(description="by the server's clock")
    conflict: str | None = Field(description="what it contradicts; staff look at it")


class LimitOut(BaseModel):
    day: date
    born_by: date | None = Field(
        description="whoever was born later is too young on that day; null: no age is asked for"
    )


class LineOut(BaseModel):
    line_no: int
    item: str
    quantity: str
    unit: str
    returned: str = Field(
        description="what the text says at its end, before its last line, when {quantity} is not taken"
    )


class DocumentOut(BaseModel):
    """The text to be read and signed when all is taken."""

    text: str
    sha256: str
    version: str
    lines: list[LineOut]


class NeedsOut(BaseModel):
    """What a handoff of the order needs now."""

    order_no: str
    milestone: str
    may_end: bool = Field(description="whether it can be handed over, or fail, as it stands")
    attempts: int
    proofs: list[Proof]
    age_threshold: int | None
    tz: str = Field(description="of the premises")
    limits: list[LimitOut] = Field(description="by day at the premises: today's and those of the next days")
    photo: bool = Field(description="whether a photo is kept")
    currency: str | None
    due_minor: int | None
    codes: list[str] = Field(description="what may stand on its bag")
    documents: dict[str, DocumentOut]


def needs_out(needs: Needs) -> NeedsOut:
    documents = {
        language: DocumentOut(
            text=one.text, sha256=one.sha256, version=one.version,
            lines=[LineOut.model_validate(line, from_attributes=True) for line in needs.lines[language]],
        )
        for language, one in needs.documents.items()
    }  # fmt: skip
    limits = [LimitOut.model_validate(one, from_attributes=True) for one in needs.limits]
    own: dict[str, Any] = {
        name: getattr(needs, name)
        for name in ("may_end", "attempts", "age_threshold", "photo", "currency", "due_minor", "tz")
    }
    return NeedsOut(
        order_no=needs.head.order_no, milestone=needs.head.milestone, proofs=list(needs.proofs), limits=limits,
        codes=list(needs.codes), documents=documents, **own,
    )  # fmt: skip


def languages(wanted: str | None) -> Sequence[str]:
    return LANGUAGES if wanted is None else (wanted,)
