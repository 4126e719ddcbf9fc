"""What each kind of setting allows, in words and as a check, and how a secret is shown. Knows no setting by name."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from msgspec.inspect import BoolType, IntType, LiteralType, Type

from contract.clock import ClockError, parse_clock

HIDDEN = "(hidden)"


class NotAllowedError(ValueError):
    """The value is not allowed; the text says what is."""


def allowed(kind: str | None, of: Type) -> str:
    """What a setting of this kind and type may be, as the end of a sentence."""
    if kind is not None:
        return _KINDS[kind][0]
    if isinstance(of, BoolType):
        return "true or false"
    if isinstance(of, IntType):
        return f"a whole number from {of.ge}" + ("" if of.le is None else f" to {of.le}")
    if isinstance(of, LiteralType):
        return "one of " + ", ".join(str(value) for value in of.values)
    return "a path"


def check(kind: str | None, value: str) -> None:
    """Raises NotAllowedError when `value` is not what its kind allows."""
    if kind is not None:
        _KINDS[kind][1](value)


def shown(kind: str | None, value: object) -> str:
    """A value as it may appear on a screen: passwords are hidden, the rest of a database's address is not."""
    if value is None:
        return "(not set)"
    if kind in ("secret", "signing"):
        return HIDDEN
    if kind == "database":
        return _without_password(str(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at_sign, place = parts.netloc.rpartition("@")
    # Where the address is torn (an unquoted / in the password, no scheme) any part of it may be the password.
    if not at_sign:
        return HIDDEN
    return parts._replace(netloc=f"{user.partition(':')[0]}:***@{place}", query="", fragment="").geturl()


def _check_clock(value: str) -> None:
    try:
        parse_clock(value)
    except ClockError as error:
        raise NotAllowedError(str(error)) from error


def _check_database(value: str) -> None:
    parts = _split(value)
    if parts.scheme not in ("postgresql", "postgres") or not parts.username or len(parts.path) < 2:
        raise NotAllowedError("user, host and database are needed")
    if parts.password is None:
        raise NotAllowedError("it has no password")


def _check_origin(value: str) -> None:
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise NotAllowedError("it must be an origin: scheme and host, perhaps a port, no path")


def _check_origins(value: str) -> None:
    for origin in value.split() or [""]:
        parts = _split(origin)
        # What may stand in a header beside other words: no path, no user, no ; or ,
        if parts.username is not None or parts.path or parts.fragment or any(letter in ";,*'\"" for letter in origin):
            raise NotAllowedError("each must be an origin: scheme and host, perhaps a port, nothing else")
        _check_origin(origin)


def _check_url(value: str) -> None:
    parts = _split(value)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or parts.query or parts.fragment or not (parts.scheme == "https" or local):
        raise NotAllowedError("it must be https:// with a host, perhaps a path")


def _check_token(value: str) -> None:
    if not value or not value.isprintable() or " " in value:
        raise NotAllowedError("it must be one word")


def _check_service(value: str) -> None:
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise NotAllowedError("it must be http or https, a host, perhaps a port and a path, nothing else")


def _check_host(value: str) -> None:
    if not value or "/" in value or any(letter.isspace() for letter in value):
        raise NotAllowedError("it must be a bare host")


def _check_word(value: str) -> None:
    if not value or any(letter.isspace() or letter in "/+#" for letter in value):
        raise NotAllowedError("it must be one word")


def _check_secret(value: str) -> None:
    if len(value) < 8:
        raise NotAllowedError("it is shorter than 8 characters")


def _check_mail(value: str) -> None:
    from gateway.outbox.mail import is_mail_address

    if not is_mail_address(value) or not value.isascii():
        raise NotAllowedError("it must be one bare address")


def _check_signing(value: str) -> None:
    from gateway.outbox.signing import is_secret

    if not is_secret(value):
        raise NotAllowedError("it must be whsec_ and at least 24 random bytes in Base64")


def _check_kinds(value: str) -> None:
    from gateway.outbox.kinds import Kind

    unknown = [word for word in value.split(",") if word.strip() not in list(Kind)] if value != "none" else []
    if unknown:
        raise NotAllowedError(f"{unknown[0].strip()!r} is none; there are: {', '.join(Kind)}")


def _check_quiet_hours(value: str) -> None:
    from gateway.outbox.quiet import check_quiet_hours
    from gateway.refusals import RefusedError

    try:
        check_quiet_hours("" if value == "none" else value)
    except RefusedError as error:
        raise NotAllowedError(str(error)) from error


def _check_time(value: str) -> None:
    from gateway.outbox.quiet import check_time_of_day
    from gateway.refusals import RefusedError

    try:
        check_time_of_day("" if value == "none" else value)
    except RefusedError as error:
        raise NotAllowedError(str(error)) from error


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # read: a wrong port raises here
    except ValueError:
        # urlsplit's own message repeats what it took for the port, which may be half a password.
        raise NotAllowedError("host and port cannot be told apart") from None
    return parts


_KINDS: dict[str, tuple[str, Callable[[str], None]]] = {
    "clock": ("'system' or T0@WALL*RATE", _check_clock),
    "database": ("postgresql://USER:PASSWORD@HOST:PORT/DATABASE", _check_database),
    "origin": ("an origin such as https://waybill.example.org", _check_origin),
    "origins": ("origins such as https://shop.example.org, with blanks between", _check_origins),
    "host": ("a host name or an address, without scheme or port", _check_host),
    "url": ("a URL such as https://login.example.org/realms/staff", _check_url),
    "sms": ("an address such as https://sms.internal/messages", _check_service),
    "service": ("an address such as http://nominatim.internal:8080", _check_service),
    "token": ("printable characters without blanks", _check_token),
    "mail": ("an address such as orders@shop.example", _check_mail),
    "signing": ("whsec_ and random bytes in Base64; openssl rand -base64 32 makes some", _check_signing),
    "kinds": ("names of messages with commas between, or none", _check_kinds),
    "quiet_hours": ("such as 22:00-07:00, or none", _check_quiet_hours),
    "time": ("a time of day such as 21:30, or none", _check_time),
    "word": ("one word without blanks, /, + or #", _check_word),
    "secret": ("at least 8 characters", _check_secret),
}
