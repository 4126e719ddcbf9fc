"""Strokes become a picture that says what was drawn."""

from __future__ import annotations

import io

from PIL import Image

from gateway.custody.ink import HEIGHT, WIDTH, length, picture


def test_what_was_drawn_is_black_and_nothing_else_is() -> None:
    made = picture([[(10, 10), (110, 60)], [(300, 100)]])

    with Image.open(io.BytesIO(made)) as shown:
        assert shown.size == (WIDTH, HEIGHT)
        black = {(x, y) for x in range(WIDTH) for y in range(HEIGHT) if shown.getpixel((x, y)) == 0}
    assert {(10, 10), (60, 35), (110, 60), (300, 100)} <= black
    assert all(abs(y - 10 - (x - 10) / 2) <= 2 or (abs(x - 300) <= 1 and abs(y - 100) <= 1) for x, y in black)


def test_the_same_strokes_make_the_same_bytes_and_a_pen_at_the_edge_stays_on_the_paper() -> None:
    strokes = [[(0, 0), (WIDTH - 1, HEIGHT - 1)]]

    assert picture(strokes) == picture(strokes)


def test_how_far_the_pen_went() -> None:
    assert length([[(0, 0), (3, 4)], [(10, 10)], [(0, 0), (0, 7), (0, 0)]]) == 19.0
