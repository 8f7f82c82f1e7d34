"""A read-only document that is safe to fill with an agent's words. Base of everything rendered.

The only place that decides what a rendered document may do: it loads nothing, opens nothing,
copies plain text only, and says `link_requested` when a person chooses a link. It also paints
the rounded boxes that `text_formats` asks for.
"""

from collections.abc import Iterable

from PySide6.QtCore import QMimeData, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
    QTextFrame,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from desktop.views.parts.copied_text import copied_text
from desktop.views.parts.markdown import INDENT_PIXELS
from desktop.views.parts.text_formats import Box, box_area, box_of
from desktop.views.theme import appearance, tokens, ui_font
from desktop.views.theme_icons import paint_icon
from desktop.views.theme_tokens import Tokens

_RADIUS = 10
_ICONS = {Box.TOOL: "bolt", Box.WAITING: "bolt", Box.ERROR: "warning", Box.UNREADABLE: "warning"}
ICON_INSET = 28  # what the text of a box with an icon must leave free on its left


class DocumentView(QTextBrowser):
    """A rendered document: selectable, searchable by screen readers, inert.

    Signals:
        link_requested: a person chose a link to this address. Nothing was opened.
    """

    link_requested = Signal(str)

    def __init__(self, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.setProperty("surface", "flat")
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        document = self.document()
        document.setDefaultFont(ui_font())
        document.setDocumentMargin(0)
        document.setIndentWidth(INDENT_PIXELS)
        self.anchorClicked.connect(self._on_anchor_clicked)
        appearance().changed.connect(self.render_again)
        # Shown for the first time, Qt scrolls to the text cursor, which is at the beginning of what
        # a reader wants to see the end of. It does that once: now, when there is nothing yet.
        super().showEvent(QShowEvent())

    def render_again(self) -> None:
        """The theme changed: colours are baked into the document. Whoever fills it writes anew."""

    def follow(self, address: str) -> None:
        """A link was chosen. The base only tells; a view with links of its own looks first."""
        self.link_requested.emit(address)

    def boxed_frames(self) -> Iterable[QTextFrame]:
        """Frames to paint, in order from the top. A long document hands out only what shows."""
        return self.document().rootFrame().childFrames()

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing is ever loaded: no picture, no style sheet, no other document."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copying gives the words as they are seen, without formats and frame marks."""
        data = QMimeData()
        data.setText(copied_text(self.textCursor()))
        return data

    def paintEvent(self, event: QPaintEvent) -> None:
        """Boxes first, words over them."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-self.horizontalScrollBar().value(), -self.verticalScrollBar().value())
        shown = QRectF(event.rect()).translated(0, self.verticalScrollBar().value())
        for frame in self.boxed_frames():
            self._paint_boxes(painter, frame, shown, tokens())
        painter.end()
        super().paintEvent(event)

    def _paint_boxes(
        self, painter: QPainter, frame: QTextFrame, shown: QRectF, colours: Tokens
    ) -> None:
        area = self.document().documentLayout().frameBoundingRect(frame)
        if not area.intersects(shown):
            return
        form = frame.frameFormat()
        box = box_of(form)
        if box is not None:
            paint_box(painter, box_area(area, form), box, colours)
        for inner in frame.childFrames():
            self._paint_boxes(painter, inner, shown, colours)

    def _on_anchor_clicked(self, url: QUrl) -> None:
        self.follow(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))


def paint_box(painter: QPainter, area: QRectF, box: Box, colours: Tokens) -> None:
    """Paint the box behind a frame of text."""
    fill, line = {
        Box.HUMAN: (colours.accent_soft, None),
        Box.TOOL: (colours.panel, colours.border),
        Box.WAITING: (colours.panel, colours.outline),
        Box.ERROR: (colours.danger_soft, None),
        Box.UNREADABLE: (colours.warn_soft, None),
        Box.CODE: (colours.code, colours.border),
        Box.QUOTE: (None, None),
    }[box]
    if box is Box.QUOTE:
        painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), QColor(colours.border))
        return
    painter.setPen(QPen(QColor(line), 1) if line else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    if box in _ICONS:
        ink = {Box.ERROR: colours.danger, Box.UNREADABLE: colours.warn, Box.WAITING: colours.warn}
        spot = QRectF(area.left() + 14, area.top() + 12, 18, 18)
        paint_icon(painter, spot, _ICONS[box], ink.get(box, colours.faint))
