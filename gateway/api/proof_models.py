"""Proofs of a handoff as they come over HTTP. They hold verdicts and digests, and have no field for anything else."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.texts import Text
from gateway.custody import proofs

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IdCheckIn(_Strict):
    """What whoever looked at the document found; never its number, nor the date of birth."""

    id_class: proofs.IdClass
    unexpired: bool
    photo_matches: bool
    name_matches: bool
    over_age: bool
    age_threshold: int | None = Field(None, ge=0, le=120, description="years that `over_age` was judged against")
    read_mode: proofs.ReadMode = "visual"
    issuer: Annotated[str, Field(pattern=r"^[A-Z][A-Z -]{0,19}$")] | None = Field(None, description="state or country")


class SignatureIn(_Strict):
    printed_name: Text
    document_sha256: Sha256 = Field(description="of the very document that was shown")


class PhotoIn(_Strict):
    sha256: Sha256


class AffirmationIn(_Strict):
    not_intoxicated: bool
    id_valid: bool
    age_ok: bool
    text_version: Text = Field(description="of the text that was affirmed")


class ProofsIn(_Strict):
    """What the handoff brought of what the trip's profile asks for."""

    id_check: IdCheckIn | None = None
    signature: SignatureIn | None = None
    photo: PhotoIn | None = None
    affirmation: AffirmationIn | None = None

    def proofs(self) -> proofs.Proofs:
        return proofs.Proofs(
            id_check=None if self.id_check is None else proofs.IdCheck(**self.id_check.model_dump()),
            signature=None if self.signature is None else proofs.Signature(**self.signature.model_dump()),
            photo=None if self.photo is None else proofs.Photo(**self.photo.model_dump()),
            affirmation=None if self.affirmation is None else proofs.Affirmation(**self.affirmation.model_dump()),
        )
