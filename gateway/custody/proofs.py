"""What a handoff has to prove by the profile of its trip, and what of it is missing. Pure: stores nothing.

Verdicts and digests only: no number of a document, no date of birth and no picture ever comes this far.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import msgspec

from contract.reasons import FailureReason
from gateway.dispatch.profile import Profile, Proof

IdClass = Literal["driving_licence", "identity_card", "passport", "military", "tribal", "other_government"]
ReadMode = Literal["scan", "manual", "visual"]


class IdCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever looked at the document found (16 TAC 50.33(c); 4 CCR 15404)."""

    id_class: IdClass
    unexpired: bool
    photo_matches: bool
    name_matches: bool
    over_age: bool
    age_threshold: int | None = None  # years that `over_age` was judged against
    read_mode: ReadMode = "visual"
    issuer: str | None = None  # state or country


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody signed for the very document whose digest this is; None: whoever told it did not say."""

    printed_name: str
    document_sha256: str
    document_version: str | None = None
    language: str | None = None
    picture_sha256: str | None = None  # of the signature drawn from its strokes
    signed_at: datetime | None = None  # by the phone's clock


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str


class Affirmation(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver affirmed, and under which text."""

    not_intoxicated: bool
    id_valid: bool
    age_ok: bool
    text_version: str


class Proofs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a handoff brought; None: nothing of the kind."""

    id_check: IdCheck | None = None
    signature: Signature | None = None
    photo: Photo | None = None
    affirmation: Affirmation | None = None


class Missing(msgspec.Struct, frozen=True):
    """A proof that is not there, or that speaks against the handoff."""

    proof: Proof
    says: str


_ABOUT: dict[Proof, str] = {
    "id_check": "what the check of the recipient's ID showed",
    "signature": "the recipient's signature",
    "photo": "a photo",
    "affirmation": "the driver's affirmation",
}


def missing(profile: Profile, proofs: Proofs) -> list[Missing]:
    """Everything for which goods may not be called handed over; empty: they may."""
    return [*_absent(profile, proofs), *_against(profile, proofs)]


def asked(profile: Profile) -> tuple[Proof, ...]:
    """The proofs that the profile asks for; an age is proved by a check or an affirmation, whichever is in its list."""
    if profile.age_threshold is not None and not {"id_check", "affirmation"} & set(profile.proofs):
        return ("id_check", *profile.proofs)
    return profile.proofs


def _absent(profile: Profile, proofs: Proofs) -> Iterator[Missing]:
    for proof in asked(profile):
        if getattr(proofs, proof) is None:
            yield Missing(proof, f"{_ABOUT[proof]} is missing: the trip's profile asks for it")


def _against(profile: Profile, proofs: Proofs) -> Iterator[Missing]:
    if (check := proofs.id_check) is not None:
        for holds, says, code in (
            (check.unexpired, "the ID has expired", FailureReason.NO_VALID_ID),
            (check.photo_matches, "its photo is somebody else's", FailureReason.ID_SUSPECTED_FALSE),
            (check.name_matches, "its name is not that of the order", FailureReason.ID_NAME_MISMATCH),
            (check.over_age, "the recipient is too young", FailureReason.UNDERAGE),
        ):
            if not holds:
                yield Missing("id_check", f"{says}: another ID, or failed with {code}")
        wanted = profile.age_threshold
        if wanted is not None and (check.age_threshold is None or check.age_threshold < wanted):
            was = "no age" if check.age_threshold is None else f"{check.age_threshold} years"
            yield Missing("id_check", f"the age was checked against {was}; the trip's profile asks for {wanted}")
    if (affirmed := proofs.affirmation) is not None:
        for holds, says, code in (
            (affirmed.not_intoxicated, "the recipient is intoxicated", FailureReason.RECIPIENT_INTOXICATED),
            (affirmed.id_valid, "there is no valid ID", FailureReason.NO_VALID_ID),
            (affirmed.age_ok, "the recipient is too young", FailureReason.UNDERAGE),
        ):
            if not holds:
                yield Missing("affirmation", f"{says}: failed with {code}")
