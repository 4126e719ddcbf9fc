"""The vans' signs as one SVG sheet per theme, cut out by the map. Chooses no sign."""

from __future__ import annotations

from dashboard.palette import SIGN_NAMES, Tones

CELL = 96  # twice the size on the screen, so that dense screens stay crisp
SHAPES = ("moving", "standing", "hollow")
BADGES = ("late", "at_risk", "silent")
DROPS = ("done", "failed", "next", "todo")


def sheet(tones: Tones) -> str:
    """All shapes in all signs' colours, then badges, premises and ring, then the drops."""
    drawings: list[str] = []
    for row, shape in enumerate(SHAPES):
        for column, name in enumerate(SIGN_NAMES):
            drawings.append(_placed(column, row, _shape(shape, getattr(tones, name), tones)))
    for column, name in enumerate(BADGES):
        drawings.append(_placed(column, len(SHAPES), _badge(name, getattr(tones, name), tones)))
    drawings.append(_placed(len(BADGES), len(SHAPES), _home(tones)))
    drawings.append(_placed(len(BADGES) + 1, len(SHAPES), _ring(tones)))
    drawings.append(_placed(len(DROPS), len(SHAPES) + 1, _door(tones)))
    for column, kind in enumerate(DROPS):
        drawings.append(_placed(column, len(SHAPES) + 1, _drop(kind, tones)))
    width, height = len(SIGN_NAMES) * CELL, (len(SHAPES) + 2) * CELL
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{''.join(drawings)}</svg>"
    )


def mapping() -> dict[str, dict[str, int | bool]]:
    """Where each sign lies on the sheet, by name: moving-late, badge-silent, drop-next, home, ring."""
    places = {f"{shape}-{name}": (x, y) for y, shape in enumerate(SHAPES) for x, name in enumerate(SIGN_NAMES)}
    places |= {f"badge-{name}": (x, len(SHAPES)) for x, name in enumerate(BADGES)}
    places |= {"home": (len(BADGES), len(SHAPES)), "ring": (len(BADGES) + 1, len(SHAPES))}
    places["door"] = (len(DROPS), len(SHAPES) + 1)
    places |= {f"drop-{kind}": (x, len(SHAPES) + 1) for x, kind in enumerate(DROPS)}
    return {
        name: {"x": x * CELL, "y": y * CELL, "width": CELL, "height": CELL, "anchorX": CELL // 2, "anchorY": CELL // 2}
        for name, (x, y) in places.items()
    }


def _placed(column: int, row: int, drawing: str) -> str:
    return f'<g transform="translate({column * CELL},{row * CELL})">{drawing}</g>'


def _shape(shape: str, colour: str, tones: Tones) -> str:
    rim = tones.rim
    if shape == "moving":
        # The nose points north; the map turns it to the course.
        return (
            f'<path d="M48 6 L70 35 A27 27 0 1 1 26 35 Z" fill="{colour}" stroke="{rim}" stroke-width="6"'
            ' stroke-linejoin="round"/>'
            f'<path d="M48 24 L61 62 L48 54 L35 62 Z" fill="{rim}"/>'
        )
    if shape == "standing":
        return (
            f'<circle cx="48" cy="48" r="25" fill="{colour}" stroke="{rim}" stroke-width="6"/>'
            f'<circle cx="48" cy="48" r="8" fill="{rim}"/>'
        )
    return (
        f'<circle cx="48" cy="48" r="25" fill="{rim}" fill-opacity="0.85" stroke="{rim}" stroke-width="12"/>'
        f'<circle cx="48" cy="48" r="24" fill="none" stroke="{colour}" stroke-width="7" stroke-dasharray="11 8"/>'
    )


def _badge(name: str, colour: str, tones: Tones) -> str:
    rim = tones.rim
    ink = rim if name != "at_risk" or tones.name == "dark" else "#1a2433"
    inner = {
        "late": f'<path d="M48 28 V52" stroke="{ink}" stroke-width="9" stroke-linecap="round"/>'
        f'<circle cx="48" cy="66" r="5.5" fill="{ink}"/>',
        "at_risk": f'<path d="M48 32 V49 L60 57" stroke="{ink}" stroke-width="8" fill="none" stroke-linecap="round"'
        ' stroke-linejoin="round"/>',
        "silent": f'<path d="M34 34 L62 62 M62 34 L34 62" stroke="{ink}" stroke-width="8" stroke-linecap="round"/>',
    }[name]
    paint = f'fill="{colour}" stroke="{rim}" stroke-width="7"'
    outline = {
        # Each badge has an outline of its own: triangle, disc, square.
        "late": f'<path d="M48 8 L88 80 H8 Z" {paint} stroke-linejoin="round"/>',
        "at_risk": f'<circle cx="48" cy="48" r="34" {paint}/>',
        "silent": f'<rect x="16" y="16" width="64" height="64" rx="14" {paint}/>',
    }[name]
    return outline + inner


def _home(tones: Tones) -> str:
    rim = tones.rim
    return (
        f'<rect x="10" y="10" width="76" height="76" rx="18" fill="{tones.text}" stroke="{rim}" stroke-width="6"/>'
        f'<path d="M26 48 L48 28 L70 48 M32 46 V68 H64 V46" fill="none" stroke="{rim}" stroke-width="7"'
        ' stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _ring(tones: Tones) -> str:
    return (
        f'<circle cx="48" cy="48" r="44" fill="none" stroke="{tones.rim}" stroke-width="7"/>'
        f'<circle cx="48" cy="48" r="44" fill="none" stroke="{tones.primary}" stroke-width="4"/>'
    )


def _drop(kind: str, tones: Tones) -> str:
    fill = {"done": tones.idle, "failed": tones.late, "next": tones.primary, "todo": tones.background}[kind]
    line = tones.primary if kind == "todo" else tones.rim
    return f'<circle cx="48" cy="48" r="33" fill="{fill}" stroke="{line}" stroke-width="6"/>'


def _door(tones: Tones) -> str:
    # A pin whose point stands in the middle of its cell, where the door is.
    return (
        f'<path d="M48 50 C34 32 30 27 30 20 A18 18 0 1 1 66 20 C66 27 62 32 48 50 Z" fill="{tones.primary}"'
        f' stroke="{tones.rim}" stroke-width="5" stroke-linejoin="round"/>'
        f'<circle cx="48" cy="20" r="7" fill="{tones.rim}"/>'
    )
