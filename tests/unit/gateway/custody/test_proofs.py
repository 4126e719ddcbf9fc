"""What a handoff has to prove by a profile, and what of it is missing or speaks against it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.custody.proofs import Affirmation, IdCheck, Photo, Proofs, Signature, asked, missing
from gateway.dispatch.profile import Profile, in_force, shipped

CHECK = IdCheck(
    id_class="passport", unexpired=True, photo_matches=True, name_matches=True, over_age=True, age_threshold=21
)
SIGNED = Signature(printed_name="Elina Salo", document_sha256="ab" * 32)
AFFIRMED = Affirmation(not_intoxicated=True, id_valid=True, age_ok=True, text_version="1")
EVERYTHING = Proofs(id_check=CHECK, signature=SIGNED, photo=Photo(sha256="cd" * 32), affirmation=AFFIRMED)
CALIFORNIA, TEXAS, PLAIN = (
    in_force(shipped()[name].settings) for name in ("california-adult-use", "texas-alcohol", "plain")
)


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [(CALIFORNIA, ["id_check", "signature"]), (TEXAS, ["id_check", "affirmation"]), (PLAIN, []),
     (Profile(proofs=("photo",)), ["photo"]), (Profile(age_threshold=18), ["id_check"]),
     (Profile(age_threshold=18, proofs=("affirmation",)), ["affirmation"])],
)  # fmt: skip
def test_what_the_profile_asks_for_is_missing_until_it_is_there(profile: Profile, wanted: list[str]) -> None:
    assert list(asked(profile)) == wanted
    assert [one.proof for one in missing(profile, Proofs())] == wanted
    assert missing(profile, EVERYTHING) == []


@pytest.mark.parametrize(
    ("verdict", "code"),
    [({"unexpired": False}, "NO_VALID_ID"), ({"photo_matches": False}, "ID_SUSPECTED_FALSE"),
     ({"name_matches": False}, "ID_NAME_MISMATCH"), ({"over_age": False}, "UNDERAGE")],
)  # fmt: skip
def test_a_check_that_failed_is_no_proof_under_any_profile(verdict: dict[str, Any], code: str) -> None:
    proofs = msgspec.structs.replace(EVERYTHING, id_check=msgspec.structs.replace(CHECK, **verdict))

    for profile in (CALIFORNIA, PLAIN):
        (found,) = missing(profile, proofs)
        assert (found.proof, code in found.says) == ("id_check", True)


@pytest.mark.parametrize(("threshold", "says"), [(18, "18 years"), (None, "no age")])
def test_an_age_that_was_checked_against_less_than_the_profiles_is_no_proof(threshold: int | None, says: str) -> None:
    proofs = msgspec.structs.replace(EVERYTHING, id_check=msgspec.structs.replace(CHECK, age_threshold=threshold))

    assert [one.says for one in missing(CALIFORNIA, proofs)] == [
        f"the age was checked against {says}; the trip's profile asks for 21"
    ]
    assert missing(PLAIN, proofs) == []


@pytest.mark.parametrize(
    ("affirmed", "code"),
    [({"not_intoxicated": False}, "RECIPIENT_INTOXICATED"), ({"id_valid": False}, "NO_VALID_ID"),
     ({"age_ok": False}, "UNDERAGE")],
)  # fmt: skip
def test_what_the_driver_denies_is_no_proof(affirmed: dict[str, Any], code: str) -> None:
    proofs = msgspec.structs.replace(EVERYTHING, affirmation=msgspec.structs.replace(AFFIRMED, **affirmed))

    assert [(one.proof, code in one.says) for one in missing(TEXAS, proofs)] == [("affirmation", True)]
