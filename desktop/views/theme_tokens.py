"""The two colour tables. The only place where a colour of the console is written down.

Each text colour reaches 4.5:1 on each surface, and each outline that marks a control or the
keyboard focus reaches 3:1 (WCAG 2.2 AA, 1.4.3 and 1.4.11); `tests/unit/desktop/test_theme.py`
computes all of them. No Qt here.
"""

from dataclasses import dataclass
from typing import Final

from desktop.qtmodels.tone import Tone

# The names below are fields of `Tokens`: any of the first may stand on any of the second.
TEXT_TOKENS: Final = ("text", "muted", "faint", "accent", "danger", "ok", "warn")
SURFACE_TOKENS: Final = (
    "bg",
    "panel",
    "raised",
    "selected",
    "hover",
    "accent_soft",
    "danger_soft",
    "ok_soft",
    "warn_soft",
    "neutral_soft",
    "code",
)
CODE_TOKENS: Final = (
    "code_text",
    "code_keyword",
    "code_string",
    "code_number",
    "code_comment",
    "code_call",
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme. Every colour is `#rrggbb`.

    Attributes:
        bg: behind everything; `panel` lies on it, `raised` is a field or table inside a panel.
        border: hairlines that only divide. `outline` bounds a control and is stronger.
        focus: the ring around the control that has the keyboard.
        fill: background of the one primary button; `on_fill` stands on it.
        mark: behind words that were searched for; `text` stands on it.
        name: also part of file names that belong to the theme, e.g. `down-light.svg`.
    """

    name: str
    dark: bool
    bg: str
    panel: str
    raised: str
    border: str
    outline: str
    scroll: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_soft: str
    danger: str
    danger_soft: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    neutral_soft: str
    fill: str
    fill_hover: str
    on_fill: str
    selected: str
    hover: str
    mark: str
    focus: str
    code: str
    code_text: str
    code_keyword: str
    code_string: str
    code_number: str
    code_comment: str
    code_call: str

    def ink(self, tone: Tone) -> str:
        """Colour of text and icons in a tone."""
        return self.muted if tone is Tone.NEUTRAL else str(getattr(self, tone.value))

    def wash(self, tone: Tone) -> str:
        """Soft background that belongs to a tone."""
        return str(getattr(self, f"{tone.value}_soft"))


LIGHT: Final = Tokens(
    name="light",
    dark=False,
    bg="#f6f7f9",
    panel="#ffffff",
    raised="#fbfbfc",
    border="#e4e6eb",
    outline="#858d9c",
    scroll="#c3c8d2",
    text="#16181d",
    muted="#525a69",
    faint="#616a7a",
    accent="#3b5bdb",
    accent_soft="#edf0fd",
    danger="#c9271b",
    danger_soft="#fef0ef",
    ok="#0f7350",
    ok_soft="#e7f6f0",
    warn="#9a4a06",
    warn_soft="#fdf3e3",
    neutral_soft="#eef0f4",
    fill="#3b5bdb",
    fill_hover="#314fc6",
    on_fill="#ffffff",
    selected="#eaeefc",
    hover="#f2f4f8",
    mark="#ffe08a",
    focus="#3b5bdb",
    code="#f3f4f7",
    code_text="#1f2430",
    code_keyword="#8430ce",
    code_string="#0a6e43",
    code_number="#9a4a06",
    code_comment="#626a78",
    code_call="#1f5fbf",
)

DARK: Final = Tokens(
    name="dark",
    dark=True,
    bg="#0f1115",
    panel="#161920",
    raised="#1a1e26",
    border="#272c36",
    outline="#697383",
    scroll="#3a4150",
    text="#e8eaee",
    muted="#a6aebc",
    faint="#929bab",
    accent="#8aa2ff",
    accent_soft="#1f2745",
    danger="#ff8a80",
    danger_soft="#3a1d1c",
    ok="#3ecf96",
    ok_soft="#12322a",
    warn="#f5b455",
    warn_soft="#37290f",
    neutral_soft="#232833",
    fill="#4a66e8",
    fill_hover="#405cdc",
    on_fill="#ffffff",
    selected="#20294a",
    hover="#1c2029",
    mark="#5f4700",
    focus="#8aa2ff",
    code="#11141a",
    code_text="#d7dbe3",
    code_keyword="#c792ea",
    code_string="#8bd49c",
    code_number="#f5b455",
    code_comment="#8b94a3",
    code_call="#82aaff",
)
