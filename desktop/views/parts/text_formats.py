"""Formats of rich text in the colours of a theme. The only place that builds them.

Frames that want a rounded box carry its kind in a property; `DocumentView` paints it, because a
QTextDocument can only draw square ones.
"""

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
)

from desktop.views.parts.tips import tip
from desktop.views.parts.visible_text import SpanKind, make_visible
from desktop.views.theme import BODY_PIXELS, MONO_PIXELS, mono_font, ui_font
from desktop.views.theme_tokens import Tokens

BOX_PROPERTY: Final = int(QTextFormat.Property.UserProperty) + 1
_CONTINUED: Final = BOX_PROPERTY + 1
#: How links of ours begin. An agent's link can only be http, https or mailto, so never like this.
OWN_LINK: Final = "signoff-"
_LINE_GAP: Final = 5.0
_HEADING_PIXELS: Final = {1: 18, 2: 16, 3: 15}
_DISTANCE: Final = int(QTextBlockFormat.LineHeightTypes.LineDistanceHeight.value)
_FIXED: Final = int(QTextBlockFormat.LineHeightTypes.FixedHeight.value)


class Box(StrEnum):
    """What a painted box behind a frame of text is for."""

    HUMAN = "human"
    TOOL = "tool"
    WAITING = "waiting"
    ERROR = "error"
    UNREADABLE = "unreadable"
    CODE = "code"
    QUOTE = "quote"


class Formats:
    """Character formats of one theme, made once per rendering and copied before any change."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.body = _characters(ui_font(BODY_PIXELS), tokens.text)
        self.strong = _characters(ui_font(BODY_PIXELS, QFont.Weight.DemiBold), tokens.text)
        self.muted = _characters(ui_font(13), tokens.muted)
        self.faint = _characters(ui_font(12), tokens.faint)
        self.mono = _characters(mono_font(MONO_PIXELS), tokens.text)
        self.code = _characters(mono_font(MONO_PIXELS), tokens.code_text)
        self.chip = _characters(mono_font(12), tokens.warn)
        self.chip.setBackground(QColor(tokens.warn_soft))
        self.odd = self.coloured(self.mono, tokens.warn)
        self.odd.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        self.odd.setUnderlineColor(QColor(tokens.warn))

    def coloured(self, base: QTextCharFormat, colour: str) -> QTextCharFormat:
        """A copy of a format in another colour."""
        made = QTextCharFormat(base)
        made.setForeground(QBrush(QColor(colour)))
        return made

    def heading(self, level: int) -> QTextCharFormat:
        """Format of a heading; levels below three look like strong text."""
        pixels = _HEADING_PIXELS.get(level, BODY_PIXELS)
        return _characters(ui_font(pixels, QFont.Weight.DemiBold), self.tokens.text)

    def link(self, base: QTextCharFormat, address: str) -> QTextCharFormat:
        """A copy of a format that is a link to an address."""
        made = self.coloured(base, self.tokens.accent)
        made.setAnchor(True)
        made.setAnchorHref(address)
        made.setFontUnderline(True)
        made.setToolTip(tip(address))
        return made


def insert_visible(
    cursor: QTextCursor, text: str, form: QTextCharFormat, formats: Formats, *, exact: bool = False
) -> None:
    """Insert plain text with hidden characters as chips. Newlines begin new blocks."""
    for span in make_visible(text, exact=exact):
        hidden = span.kind is SpanKind.HIDDEN
        cursor.insertText(span.text, formats.chip if hidden else form)


def paragraph(*, above: float = 0, below: float = 0) -> QTextBlockFormat:
    """A block of running text."""
    made = QTextBlockFormat()
    # ProportionalHeight would leave gaps in boxes; a fixed distance between lines does not.
    made.setLineHeight(_LINE_GAP, _DISTANCE)
    made.setTopMargin(above)
    made.setBottomMargin(below)
    return made


def continued_paragraph() -> QTextBlockFormat:
    """A block that goes on with the text of the one above, which was cut for length only."""
    made = paragraph()
    made.setProperty(_CONTINUED, True)
    return made


def is_continued(form: QTextBlockFormat) -> bool:
    """Whether a block goes on with the line above."""
    return form.boolProperty(_CONTINUED)


def make_spacer(cursor: QTextCursor, height: float) -> None:
    """Turn the empty block at the cursor into a gap. Qt needs such a block around each frame."""
    block = QTextBlockFormat()
    block.setLineHeight(max(1.0, height), _FIXED)
    cursor.setBlockFormat(block)
    characters = QTextCharFormat()
    font = ui_font(1)
    characters.setFont(font)
    cursor.setBlockCharFormat(characters)


def is_spacer(form: QTextBlockFormat) -> bool:
    """Whether a block is a gap, and holds no words."""
    return form.lineHeightType() == _FIXED


def is_own_link(address: str) -> bool:
    """Whether a link is one of ours: words that nobody said."""
    return address.startswith(OWN_LINK)


def box_frame(
    box: Box | None, *, padding: float = 0, left: float = 0, below: float = 0
) -> QTextFrameFormat:
    """A frame of text; with a box it is painted behind.

    Args:
        below: gap after the frame. A block that follows a frame has no top margin in Qt.
    """
    made = QTextFrameFormat()
    made.setPadding(padding)
    made.setLeftMargin(left)
    made.setBottomMargin(below)
    if box is not None:
        made.setProperty(BOX_PROPERTY, box.value)
    return made


def box_of(form: QTextFormat) -> Box | None:
    """The kind of box a frame carries."""
    kind = form.property(BOX_PROPERTY)
    return Box(kind) if kind else None


def box_area(outer: QRectF, form: QTextFrameFormat) -> QRectF:
    """Where to paint the box of a frame: without its margins and the gap under its last line."""
    below = form.bottomMargin() + (_LINE_GAP if form.padding() else 0)
    return outer.adjusted(form.leftMargin(), 0, 0, -below)


def table_format(tokens: Tokens) -> QTextTableFormat:
    """A table with hairlines."""
    made = QTextTableFormat()
    made.setBorder(1)
    made.setBorderCollapse(True)
    made.setBorderBrush(QColor(tokens.border))
    made.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    made.setCellPadding(7)
    made.setBottomMargin(_LINE_GAP * 2)
    made.setWidth(QTextLength())
    return made


def _characters(font: QFont, colour: str) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setFont(font)
    made.setForeground(QBrush(QColor(colour)))
    return made
