"""What a browser test can see of the map: how its picture differs between two looks. Knows no page."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Locator, Page

MAP = "#deckgl-overlay, canvas.deckgl-overlay"


def map_box(page: Page) -> dict[str, float]:
    """Where the map is, once it has drawn something: a canvas alone says nothing."""
    page.wait_for_selector(MAP, state="attached")
    canvas = page.locator(MAP).first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    return {**box}


def look(page: Page) -> Image.Image:
    """The map's part of the page as people see it."""
    box = map_box(page)
    shot = page.screenshot(clip={"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]})
    return Image.open(io.BytesIO(shot)).convert("RGB")


def colours(picture: Image.Image) -> int:
    """How many colours there are; an empty map has one."""
    found: Any = picture.getcolors(maxcolors=1 << 24)
    return len(found)


def changed_share(one: Image.Image, other: Image.Image) -> float:
    """Share of the picture that differs clearly."""
    difference = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 8 else 0)
    return difference.histogram()[255] / (difference.width * difference.height)


def middle_of(picture: Image.Image, colour: str) -> tuple[float, float] | None:
    """The middle of all that has nearly this colour; None when hardly anything has it."""
    wanted = Image.new("RGB", picture.size, colour)
    parts = ImageChops.difference(picture, wanted).split()
    far = ImageChops.lighter(ImageChops.lighter(parts[0], parts[1]), parts[2])
    mask = far.point(lambda value: 255 if value < 14 else 0)
    box_pixels = [(i % mask.width, i // mask.width) for i, value in enumerate(mask.tobytes()) if value]
    if len(box_pixels) < 40:
        return None
    xs, ys = zip(*box_pixels, strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)


def drag(page: Page, locator: Locator, dx: float, dy: float) -> None:
    """Moves the map with the mouse."""
    box = locator.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2, steps=4)
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()
