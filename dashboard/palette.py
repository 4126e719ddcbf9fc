"""Every colour, light and dark, and the theme made of them: blue against orange. Knows no page."""

from __future__ import annotations

import msgspec

from dashboard.lateness import Risk

Colour = tuple[int, int, int]


class Tones(msgspec.Struct, frozen=True, kw_only=True):
    """One set of colours as #rrggbb."""

    name: str
    # Page
    primary: str
    background: str
    panel: str
    text: str
    faint: str
    border: str
    # Signs. Late and at risk differ in lightness too, so that they stay apart in greys.
    on_time: str
    at_risk: str
    late: str
    idle: str
    silent: str
    rim: str  # around and inside a sign
    # Map
    land: str
    water: str
    park: str
    building: str
    minor: str
    major: str
    path: str
    label: str

    def pill(self, sign: str) -> str:
        """The colour of a sign, pale enough to be read on."""
        share = 0.22 if self.name == "light" else 0.35
        mixed = (
            round(colour * share + under * (1 - share))
            for colour, under in zip(rgb(getattr(self, sign)), rgb(self.background), strict=True)
        )
        return "#" + "".join(f"{part:02x}" for part in mixed)


LIGHT = Tones(
    name="light",
    primary="#1f5fa8", background="#ffffff", panel="#f4f6f9", text="#1a2433", faint="#5b6879", border="#dce2ea",
    on_time="#2166c4", at_risk="#f0a30a", late="#c8400a", idle="#55637a", silent="#7d8896", rim="#ffffff",
    land="#eae8e3", water="#c9dcec", park="#d9e8d0", building="#dedad2", minor="#ffffff",
    major="#ffffff", path="#f3f1ec", label="#5f6671",
)  # fmt: skip
DARK = Tones(
    name="dark",
    primary="#6ea8f0", background="#0f151c", panel="#17202a", text="#e3e9f0", faint="#93a1b2", border="#2a3644",
    on_time="#5b9bf0", at_risk="#ffd666", late="#ff6f30", idle="#8c9bb0", silent="#7a8696", rim="#0b1016",
    land="#151c24", water="#12293d", park="#182821", building="#1d2731", minor="#2a3642",
    major="#374655", path="#222d37", label="#8f9dad",
)  # fmt: skip
SIGN_NAMES = ("on_time", "at_risk", "late", "idle", "silent")
RISK_SIGN: dict[Risk, str] = {
    Risk.LATE: "late",
    Risk.AT_RISK: "at_risk",
    Risk.ON_TIME: "on_time",
    Risk.NONE: "idle",
}


def tones(theme: str | None) -> Tones:
    """The colours for what the browser shows; before it has said so, the light ones."""
    return DARK if theme == "dark" else LIGHT


def rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def rgba(colour: str, opacity: int = 255) -> list[int]:
    return [*rgb(colour), opacity]


def theme_options() -> dict[str, object]:
    """Streamlit's theme options for both sets; the browser's preference chooses."""
    options: dict[str, object] = {"theme.baseRadius": "6px", "theme.showWidgetBorder": True, "theme.baseFontSize": 15}
    for shade in (LIGHT, DARK):
        options |= {
            f"theme.{shade.name}.primaryColor": shade.primary,
            f"theme.{shade.name}.backgroundColor": shade.background,
            f"theme.{shade.name}.secondaryBackgroundColor": shade.panel,
            f"theme.{shade.name}.textColor": shade.text,
            f"theme.{shade.name}.borderColor": shade.border,
            f"theme.{shade.name}.linkColor": shade.primary,
            # Charts keep their own blue whatever primaryColor says, so they get the signs' colours.
            f"theme.{shade.name}.chartCategoricalColors": [
                shade.on_time, shade.late, shade.idle, shade.at_risk, shade.silent, shade.primary
            ],
        }  # fmt: skip
    return options
