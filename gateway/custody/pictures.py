"""A photo without anything but the picture: no place, no time, no camera, no thumbnail. Pure; looks at no pixel."""

from __future__ import annotations

from gateway.refusals import RefusedError

MOST_BYTES = 1_500_000
_SOI, _EOI, _SOS, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_APPLICATIONS = range(0xE0, 0xF0)
# Says how colours are stored, and nothing else (12 bytes): without it some pictures change their colours.
_ADOBE, _ADOBE_MARKER, _ADOBE_BYTES = b"Adobe", 0xEE, 12


class NoPictureError(RefusedError):
    """The bytes are no JPEG picture that could be cleaned."""


def bare(picture: bytes) -> bytes:
    """The JPEG picture without metadata: of its segments those that draw it (ITU T.81, annex B)."""
    if len(picture) > MOST_BYTES:
        raise NoPictureError(f"the photo has {len(picture)} bytes, the most is {MOST_BYTES}: take a smaller one")
    if picture[:2] != bytes((0xFF, _SOI)):
        raise NoPictureError("the photo is no JPEG picture")
    kept, at = [picture[:2]], 2
    while True:
        marker, at = _marker(picture, at)
        if marker == _EOI:
            # What comes after the end is no part of the picture: phones hang films and depth maps there.
            return b"".join([*kept, bytes((0xFF, _EOI))])
        size = int.from_bytes(picture[at : at + 2])
        if size < 2 or at + size > len(picture):
            raise NoPictureError(f"the photo is cut off or broken at byte {at}")
        body = picture[at + 2 : at + size]
        end = _end_of_scan(picture, at + size) if marker == _SOS else at + size
        if _draws(marker, body):
            kept.append(bytes((0xFF, marker)) + picture[at:end])
        at = end


def _marker(picture: bytes, at: int) -> tuple[int, int]:
    """The marker at `at` and where its segment begins; fill bytes may stand before it."""
    if at >= len(picture) or picture[at] != 0xFF:
        raise NoPictureError(f"the photo is cut off or broken at byte {at}")
    while at < len(picture) and picture[at] == 0xFF:
        at += 1
    if at >= len(picture):
        raise NoPictureError("the photo is cut off")
    return picture[at], at + 1


def _draws(marker: int, body: bytes) -> bool:
    if marker == _ADOBE_MARKER:
        return body.startswith(_ADOBE) and len(body) == _ADOBE_BYTES
    return marker not in _APPLICATIONS and marker != _COMMENT


def _end_of_scan(picture: bytes, at: int) -> int:
    """Where the next marker stands: in a scan 0xFF is followed by 0 or a restart."""
    while (at := picture.find(b"\xff", at)) != -1 and at + 1 < len(picture):
        after = picture[at + 1]
        if after != 0 and not 0xD0 <= after <= 0xD7:
            return at
        at += 2
    raise NoPictureError("the photo is cut off")
