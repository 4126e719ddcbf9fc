"""Photos lose everything but the picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gateway.custody.pictures import MOST_BYTES, NoPictureError, bare

SECRET = b"60.1709N 24.9432E"


def photo(*, progressive: bool = False) -> bytes:
    """A photo that says where and with what it was taken, in every place where a JPEG can."""
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()  # maker
    gps = exif.get_ifd(0x8825)
    gps[1] = SECRET.decode()
    made = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((64, 48)).save(
        made, "JPEG", exif=exif, comment=SECRET, progressive=progressive, xmp=SECRET, restart_marker_blocks=2
    )
    taken = made.getvalue()
    assert taken.count(SECRET) >= 3
    return taken + SECRET


@pytest.mark.parametrize("progressive", [False, True])
def test_the_picture_stays_pixel_for_pixel_and_nothing_else_does(progressive: bool) -> None:
    taken = photo(progressive=progressive)

    cleaned = bare(taken)

    assert SECRET not in cleaned
    with Image.open(io.BytesIO(taken)) as before, Image.open(io.BytesIO(cleaned)) as after:
        assert after.tobytes() == before.tobytes()
        assert not after.getexif()
    assert bare(cleaned) == cleaned


@pytest.mark.parametrize("broken", [b"", b"\xff\xd8", b"GIF89a", photo()[:200], photo()[:-40], b"\xff\xd8\xff\xe0\x00"])
def test_what_is_no_whole_picture_is_refused(broken: bytes) -> None:
    with pytest.raises(NoPictureError, match="photo"):
        bare(broken)


def test_a_photo_that_is_too_large_says_how_large_it_may_be() -> None:
    with pytest.raises(NoPictureError, match=str(MOST_BYTES)):
        bare(b"\xff\xd8" + bytes(MOST_BYTES))
