"""Both themes can be read: every contrast is computed, not looked at."""

from __future__ import annotations

import re
from itertools import product

import pytest
from PySide6.QtGui import QColor, QPalette

from desktop import assets
from desktop.qtmodels.tone import Tone
from desktop.views.parts.avatar import avatar_colours
from desktop.views.theme import palette_of, style_sheet_of
from desktop.views.theme_tokens import (
    CODE_TOKENS,
    DARK,
    LIGHT,
    SURFACE_TOKENS,
    TEXT_TOKENS,
    Tokens,
)

BOTH = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
TEXT_RATIO = 4.5  # WCAG 2.2, 1.4.3
OUTLINE_RATIO = 3.0  # WCAG 2.2, 1.4.11


def test_contrast_is_computed_as_wcag_says() -> None:
    """Black on white is 21:1; the well-known grey 767676 is the first that passes on white."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@BOTH
@pytest.mark.parametrize(("text", "surface"), list(product(TEXT_TOKENS, SURFACE_TOKENS)))
def test_every_text_can_be_read_on_every_surface(theme: Tokens, text: str, surface: str) -> None:
    """Any of the text colours may stand on any surface, so all pairs must pass."""
    assert contrast(getattr(theme, text), getattr(theme, surface)) >= TEXT_RATIO


@BOTH
@pytest.mark.parametrize("colour", CODE_TOKENS)
def test_every_colour_of_code_can_be_read(theme: Tokens, colour: str) -> None:
    """Comments too."""
    assert contrast(getattr(theme, colour), theme.code) >= TEXT_RATIO


@BOTH
def test_words_that_were_searched_for_can_be_read(theme: Tokens) -> None:
    """On the colour that marks them."""
    assert contrast(theme.text, theme.mark) >= TEXT_RATIO


@BOTH
def test_the_words_on_the_primary_button_can_be_read(theme: Tokens) -> None:
    """At rest and under the mouse; badges and selected text wear the same pair."""
    assert contrast(theme.on_fill, theme.fill) >= TEXT_RATIO
    assert contrast(theme.on_fill, theme.fill_hover) >= TEXT_RATIO


@BOTH
@pytest.mark.parametrize("tone", list(Tone))
def test_every_pill_can_be_read(theme: Tokens, tone: Tone) -> None:
    """A pill is ink on its own wash."""
    assert contrast(theme.ink(tone), theme.wash(tone)) >= TEXT_RATIO


@BOTH
@pytest.mark.parametrize("surface", ["bg", "panel", "raised"])
def test_fields_and_the_focus_ring_can_be_seen(theme: Tokens, surface: str) -> None:
    """The outline of a control and the ring around the one that has the keyboard."""
    assert contrast(theme.outline, getattr(theme, surface)) >= OUTLINE_RATIO
    assert contrast(theme.focus, getattr(theme, surface)) >= OUTLINE_RATIO
    # The ring around a filled button is drawn in the colour of text.
    assert contrast(theme.text, theme.fill) >= OUTLINE_RATIO


@BOTH
def test_the_ring_can_be_seen_on_a_selected_row(theme: Tokens) -> None:
    """The row the keyboard is on is nearly always the selected one."""
    assert contrast(theme.focus, theme.selected) >= OUTLINE_RATIO


@BOTH
def test_every_avatar_can_be_read(theme: Tokens) -> None:
    """The hue comes from an agent's name, so all 360 must do."""
    for hue in range(360):
        disc, letter = avatar_colours(hue, theme)
        assert contrast(letter.name(), disc.name()) >= TEXT_RATIO, hue


@BOTH
def test_the_style_sheet_has_no_hole_and_no_colour_of_its_own(theme: Tokens) -> None:
    """Every colour comes from the table, or a theme could not be checked."""
    source = assets.resource("themes", "signoff.qss").read_text(encoding="utf-8")
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", source)
    assert "${" not in style_sheet_of(theme)


@BOTH
def test_the_palette_serves_what_the_style_sheet_does_not_reach(theme: Tokens) -> None:
    """Native dialogs and Fusion's own marks wear the same colours."""
    palette = palette_of(theme)
    role = QPalette.ColorRole
    for text, ground in ((role.WindowText, role.Window), (role.Text, role.Base)):
        assert contrast(palette.color(text).name(), palette.color(ground).name()) >= TEXT_RATIO
    placeholder = palette.color(role.PlaceholderText).name()
    assert contrast(placeholder, theme.raised) >= TEXT_RATIO


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`."""
    parsed = QColor(colour)
    channels = (parsed.redF(), parsed.greenF(), parsed.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
