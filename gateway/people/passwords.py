"""How passwords are kept and compared. Knows no account."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.people.errors import PeopleError

# NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where a password is the only factor, and at least 64 allowed.
LEAST_PASSWORD = 15
MOST_PASSWORD = 256  # hashing takes as long for a megabyte as an attacker likes
# OWASP's second recommendation for Argon2id; the library's own default takes 64 MiB for each log-in.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What a try is compared with when there is no such account: it must take as long as a real one.
_NOBODY = _HASHER.hash("nobody has this password, and nobody will")


def hash_password(password: str) -> str:
    """An Argon2id hash in PHC form; refuses a password that is too short to be the only factor."""
    if len(password) < LEAST_PASSWORD:
        raise PeopleError(f"the password has {len(password)} characters; at least {LEAST_PASSWORD} are needed")
    if len(password) > MOST_PASSWORD:
        raise PeopleError(f"the password has {len(password)} characters; at most {MOST_PASSWORD} are taken")
    return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; takes as long when there is no hash to compare with."""
    try:
        _HASHER.verify(password_hash or _NOBODY, password[:MOST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
